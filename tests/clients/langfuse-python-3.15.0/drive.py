"""Drives langfuse 3.15.0: spans over OTLP with trace attributes set on the trace, scores over the ingestion route."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import langfuse_otel as scenarios
from langfuse.api import NotFoundError
from scenario import SESSION, USER, VALUES, tell, when_readable

# This generation can store any JSON as trace metadata and a trace's own input and output.
METADATA = {**VALUES["trace"]["metadata"], "attempt": 3, "nested": {"region": "eu"}}
OWN_IO = {"input": "ticket 1042", "output": {"closed": True}}


def name_the_trace(root: Any) -> None:
    trace = VALUES["trace"]
    root.update_trace(
        name=trace["name"],
        user_id=USER,
        session_id=SESSION,
        tags=trace["tags"],
        version=VALUES["version"],
        metadata=METADATA,
        public=True,
        **OWN_IO,
    )


def main() -> None:
    langfuse = scenarios.client()
    trace_id = scenarios.agent(langfuse, nullcontext, name_the_trace, metadata=METADATA, public=True, **OWN_IO)
    scenarios.decorated(langfuse)
    scenarios.turns(langfuse)
    scenarios.late(langfuse)
    scenarios.texts(langfuse)
    scenarios.batch(langfuse)
    scenarios.access(langfuse, trace_id)
    trace = when_readable(lambda: langfuse.api.trace.get(trace_id), NotFoundError)
    tell(scenario="fetched", name=trace.name, observations=[item.name for item in trace.observations])


if __name__ == "__main__":
    main()
