"""Drives score configs, queues, comments and connections of langfuse 5.0.4."""

import annotation_scenario as scenarios
import langfuse_otel

if __name__ == "__main__":
    langfuse = langfuse_otel.client()
    scenarios.everything(langfuse, langfuse.api, scenarios.as_fields)
