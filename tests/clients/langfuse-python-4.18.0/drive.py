"""Drives langfuse 4.18.0: trace attributes propagated onto every span over OTLP, scores over the ingestion route."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import langfuse_otel as scenarios
from langfuse import propagate_attributes
from langfuse.api import NotFoundError
from scenario import SESSION, USER, VALUES, tell, when_readable


def traced() -> AbstractContextManager[Any]:
    trace = VALUES["trace"]
    return propagate_attributes(
        trace_name=trace["name"],
        user_id=USER,
        session_id=SESSION,
        tags=trace["tags"],
        version=VALUES["version"],
        metadata=trace["metadata"],
    )


def main() -> None:
    langfuse = scenarios.client()
    trace_id = scenarios.agent(langfuse, traced, lambda root: root.set_trace_as_public(), public=True)
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
