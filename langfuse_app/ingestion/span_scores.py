"""`gen_ai.evaluation.result` events of a span → scores on its observation.

A value makes the score NUMERIC; a label alone makes it CATEGORICAL; beside a value the label is kept in metadata. The id is
derived from project, trace, span and the event's place, so that a replay makes the same score.
"""

from typing import Any, Final

from langfuse_app.core.ids import derived_id
from langfuse_app.ingestion.attributes import number
from langfuse_app.ingestion.changes import Change, Request
from langfuse_app.ingestion.mapping import Mapped
from langfuse_app.ingestion.normalise import clamp, metadata_leaves, text
from langfuse_app.ingestion.spans import SpanEvent

RESULT: Final = "gen_ai.evaluation.result"
_BASE: Final = "gen_ai.evaluation."


def score_changes(mapped: Mapped, request: Request) -> list[Change]:
    """One score for each evaluation result that has a name and a value or label."""
    results = [(place, event) for place, event in enumerate(mapped.span.events) if event.name == RESULT]
    changes = (_score(mapped, request, place, event) for place, event in results)
    return [change for change in changes if change is not None]


def _score(mapped: Mapped, request: Request, place: int, event: SpanEvent) -> Change | None:
    span, attributes = mapped.span, event.attributes
    name = text(attributes.get(f"{_BASE}name"))
    fields = _valued(number(attributes.get(f"{_BASE}score.value")), text(attributes.get(f"{_BASE}score.label")))
    if not name or fields is None:
        return None
    fields |= {"name": name, "comment": text(attributes.get(f"{_BASE}explanation")), "source": "API"}
    fields["observation_id"] = span.span_id
    time = clamp(event.time // 1000, request.received_at)[0] if event.time else mapped.end
    identity = derived_id(request.project_id, span.trace_id, span.span_id, str(place), name)
    first = {"timestamp": time, "environment": mapped.environment, "trace_id": span.trace_id}
    return Change(
        "score", identity, span.trace_id, mapped.clock(1), span.span_id, span.index, request,
        fields, first, metadata_leaves(_others(attributes, fields)), [],
    )  # fmt: skip


def _valued(value: int | float | None, label: str) -> dict[str, Any] | None:
    if value is not None:
        return {"value": float(value), "data_type": "NUMERIC"}
    return {"value": 0.0, "data_type": "CATEGORICAL", "string_value": label} if label else None


def _others(attributes: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """The event's attributes that became no column."""
    used = {"name", "explanation", "score.value", *(("score.label",) if "string_value" in fields else ())}
    return {key: value for key, value in attributes.items() if key.removeprefix(_BASE) not in used}
