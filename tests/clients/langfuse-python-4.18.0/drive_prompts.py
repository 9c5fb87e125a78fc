"""Drives the prompts of langfuse 4.18.0."""

import langfuse_otel
import prompts_scenario

if __name__ == "__main__":
    prompts_scenario.run(langfuse_otel.client())
