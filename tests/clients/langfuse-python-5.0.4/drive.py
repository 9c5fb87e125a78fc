"""Drives langfuse 5.0.4: gzipped OTLP with propagated trace attributes, scores as an array to the scores route."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import langfuse_otel as scenarios
from langfuse import Langfuse, propagate_attributes
from scenario import SESSION, USER, VALUES, tell, when_readable

# This generation sends every metadata value as JSON: the kinds of the values must come back.
METADATA = {**VALUES["trace"]["metadata"], "attempt": 3, "nested": {"region": "eu"}, "digits": "123"}
FIELDS = "core,basic,io,metadata,model,usage,metrics,trace_context"


def traced() -> AbstractContextManager[Any]:
    trace = VALUES["trace"]
    return propagate_attributes(
        trace_name=trace["name"],
        user_id=USER,
        session_id=SESSION,
        tags=trace["tags"],
        version=VALUES["version"],
        metadata=METADATA,
    )


def observations_of(langfuse: Langfuse, trace_id: str) -> list[Any]:
    """What the SDK's reading client says; this generation has no way to read a trace itself."""
    page = langfuse.api.observations.get_many(trace_id=trace_id, fields=FIELDS)
    if not page.data:
        raise LookupError(trace_id)
    return page.data


def main() -> None:
    langfuse = scenarios.client()
    trace_id = scenarios.agent(langfuse, traced, lambda root: root.set_trace_as_public(), public=True, metadata=METADATA)
    scenarios.decorated(langfuse)
    scenarios.turns(langfuse)
    scenarios.late(langfuse)
    scenarios.texts(langfuse)
    scenarios.batch(langfuse)
    scenarios.access(langfuse, trace_id)
    items = when_readable(lambda: observations_of(langfuse, trace_id), LookupError)
    tell(scenario="fetched", name=items[0].trace_name, observations=[item.name for item in items])


if __name__ == "__main__":
    main()
