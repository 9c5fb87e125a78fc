"""Drives the prompts of langfuse 2.60.10."""

import prompts_scenario
from langfuse import Langfuse

if __name__ == "__main__":
    prompts_scenario.run(Langfuse(), placeholders=False)  # chat prompts of this SDK know only messages
