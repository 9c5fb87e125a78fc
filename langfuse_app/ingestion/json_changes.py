"""One event of POST /ingestion → the column values it states (spec/api.md §5.2, §7).

Which nulls overwrite is decided here: a null that does becomes the column's empty value, one that does not is left out.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from langfuse_app.core.time import to_us
from langfuse_app.ingestion.changes import Change, Clock, Kind, Request
from langfuse_app.ingestion.json_bodies import EventBody, GenerationBody, SpanBody, TraceBody
from langfuse_app.ingestion.normalise import (
    clamp,
    clean,
    environment,
    json_text,
    metadata_leaves,
    model_parameters,
    raw_text,
    raw_value,
    tags,
)
from langfuse_app.ingestion.scores import ScoreBody, resolve_score
from langfuse_app.ingestion.usage import provided_cost, provided_usage

ORIGIN = "ingestion-api"
# JavaScript calls these falsy: as input or output they never replace anything (§7), but alone they are kept.
_FALSY = ("0", "false", "-0", "0.0", "-0.0")


class Source(msgspec.Struct, frozen=True):
    """The envelope of an event and where it stood."""

    event_id: str
    timestamp: datetime
    update: int
    index: int
    size: int  # bytes
    request: Request
    us: int  # the timestamp in microseconds

    def change(self, kind: Kind, id: str, trace_id: str, rank: int = 1) -> Change:
        """An empty change of this event."""
        clock = Clock(rank, self.us, self.update, self.event_id)
        return Change(kind, id, trace_id, clock, self.event_id, self.index, self.request, {}, {}, {}, [], False, self.size if rank else 0)


def trace_changes(source: Source, body: TraceBody) -> list[Change]:
    """The change of a trace-create, and one of rank 0 when its input or output is falsy."""
    id = clean(body.id or "")
    change, weak = source.change("trace", id, id), source.change("trace", id, id, rank=0)
    change.first["source"] = ORIGIN
    _overwriting(change, name=body.name, user_id=body.user_id, session_id=body.session_id, release=body.release, version=body.version)
    if body.public is not None:
        change.fields["public"] = body.public
    _payloads(change, weak, body)
    _time(change, change.first, "timestamp", body.timestamp or source.timestamp)
    _environment(change, body.environment)
    change.tags = tags(body.tags)
    return [change, weak] if weak.fields else [change]


def observation_changes(source: Source, body: EventBody, type: str, trace_id: str) -> list[Change]:
    """The change of an observation, what it says with rank 0, and that its trace exists since its start."""
    id = clean(body.id or "")
    change, weak = source.change("observation", id, trace_id), source.change("observation", id, trace_id, rank=0)
    weak.notes = change.notes  # the ledger reads the first change of an event
    change.first |= {"type": type, "source": ORIGIN}
    _overwriting(change, name=body.name, level="DEFAULT" if body.level is None else body.level)
    _keeping(change, status_message=body.status_message, parent_observation_id=body.parent_observation_id, version=body.version)
    _payloads(change, weak, body)
    _times(source, change, weak, body)
    _environment(change, body.environment)
    if isinstance(body, GenerationBody):
        _generation(change, body)
    trace = _trace_of(source, change, weak)
    return [change, weak, trace] if weak.fields or weak.first else [change, trace]


def score_change(source: Source, body: ScoreBody, id: str) -> Change:
    """The change of a score; with a configId its fields hold `unsettled` until `scores.settle` was called."""
    change = source.change("score", id, clean(body.trace_id or ""))
    change.clock = _by_arrival(change)
    change.first["trace_id"] = change.trace_id
    _time(change, change.first, "timestamp", body.timestamp or source.timestamp)
    _environment(change, body.environment)
    _overwriting(change, comment=body.comment)
    _keeping(
        change,
        session_id=body.session_id,
        observation_id=body.observation_id,
        dataset_run_id=body.dataset_run_id,
        queue_id=body.queue_id,
        source=body.source,
        execution_trace_id=body.execution_trace_id,
    )
    _metadata(change, body.metadata)
    if body.config_id:
        change.fields["unsettled"] = body
    else:
        resolved = resolve_score(body, None)
        change.fields |= resolved if isinstance(resolved, Mapping) else {}  # without a config nothing can be wrong
    return change


def _by_arrival(change: Change) -> Clock:
    """Python 3 and 4 put a score's own time into the envelope, the same in each version of it: the last to arrive wins."""
    return change.clock._replace(event=f"{change.request.received_at:016d}/{change.index:05d}/{change.event_id}")


def _overwriting(change: Change, **values: Any) -> None:
    """Texts whose null overwrites."""
    for column, value in values.items():
        if value is not UNSET:
            change.fields[column] = clean(value) if value else ""


def _keeping(change: Change, **values: str | None) -> None:
    """Texts whose null says nothing."""
    for column, value in values.items():
        if value is not None:
            change.fields[column] = clean(value)


def _payloads(change: Change, weak: Change, body: TraceBody | EventBody) -> None:
    for column, raw in (("input", body.input), ("output", body.output)):
        json = bytes(raw)
        text = raw_text(json)
        if text:
            (weak if text in _FALSY and json[:1] != b'"' else change).fields[column] = text
    _metadata(change, body.metadata)


def _metadata(change: Change, raw: msgspec.Raw) -> None:
    json = bytes(raw)
    if json and json != b"null":
        change.metadata = metadata_leaves(raw_value(json))


def _environment(change: Change, value: object) -> None:
    if value is not None:
        change.first["environment"] = environment(value)


def _times(source: Source, change: Change, weak: Change, body: EventBody) -> None:
    if body.start_time:
        _time(change, change.first, "start_time", body.start_time)
    else:
        _time(weak, weak.first, "start_time", source.timestamp)
    if isinstance(body, SpanBody) and body.end_time:
        _time(change, change.fields, "end_time", body.end_time)


def _time(change: Change, target: dict[str, Any], column: str, value: datetime) -> None:
    """A time in microseconds; one that no clock can have meant is moved, and its original kept in the metadata."""
    target[column], moved = clamp(to_us(value), change.request.received_at)
    if moved:
        change.notes.append(f"clamped {column} {value.isoformat()}")
        change.metadata[f"original_{column}"] = json_text(value.isoformat())


def _generation(change: Change, body: GenerationBody) -> None:
    _overwriting(change, provided_model_name=body.model)
    if body.completion_start_time:
        _time(change, change.fields, "completion_start_time", body.completion_start_time)
    whole = {
        "model_parameters": model_parameters(body.model_parameters),
        "provided_usage_details": provided_usage(body.usage, body.usage_details),
        "provided_cost_details": provided_cost(body.usage, body.cost_details),
    }
    change.fields |= {column: value for column, value in whole.items() if value}
    if body.prompt_name is not None:
        change.fields |= {"prompt_name": clean(body.prompt_name), "prompt_version": body.prompt_version}


def _trace_of(source: Source, change: Change, weak: Change) -> Change:
    trace = source.change("trace", change.trace_id, change.trace_id, rank=0)
    trace.first = {"timestamp": change.first.get("start_time") or weak.first["start_time"], "source": ORIGIN}
    if "environment" in change.first:
        trace.first["environment"] = change.first["environment"]
    return trace
