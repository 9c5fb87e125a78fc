"""Drives score configs and comments of langfuse 2.60.10, whose generated client cannot make queues."""

import annotation_scenario as scenarios
from langfuse import Langfuse
from scenario import VALUES

if __name__ == "__main__":
    langfuse = Langfuse(environment=VALUES["environment"])
    trace_id = langfuse.trace(name="annotated").id
    langfuse.flush()
    scenarios.score_configs(langfuse.client, scenarios.as_request)
    scenarios.comments(langfuse.client, scenarios.as_request, trace_id)
