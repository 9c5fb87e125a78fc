"""Drives evaluators and evaluation rules of langfuse 4.18.0."""

import evaluators_scenario as scenarios
import langfuse_otel

if __name__ == "__main__":
    scenarios.everything(langfuse_otel.client().api)
