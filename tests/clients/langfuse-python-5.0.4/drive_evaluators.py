"""Drives evaluators and evaluation rules of langfuse 5.0.4."""

import evaluators_scenario as scenarios
import langfuse_otel

if __name__ == "__main__":
    scenarios.everything(langfuse_otel.client().api)
