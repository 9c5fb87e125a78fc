"""Drives the prompts of langfuse 3.15.0."""

import langfuse_otel
import prompts_scenario

if __name__ == "__main__":
    prompts_scenario.run(langfuse_otel.client())
