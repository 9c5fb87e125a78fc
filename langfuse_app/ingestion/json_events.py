"""POST /ingestion: the batch as the route answers it, and as the worker stores it (spec/api.md §5).

Acceptance decodes types only; payloads stay JSON. Both sides read an event through the same structs and the same
checks, so the worker finds exactly the events that were acknowledged, under the same ids.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Union

import msgspec

from langfuse_app.core.ids import derived_id
from langfuse_app.core.time import to_us
from langfuse_app.ingestion import json_bodies as bodies
from langfuse_app.ingestion.changes import Change, Kind, Rejected, Request
from langfuse_app.ingestion.json_changes import Source, observation_changes, score_change, trace_changes
from langfuse_app.ingestion.normalise import clean
from langfuse_app.ingestion.repair import repair
from langfuse_app.ingestion.scores import ScoreBody


class EnvelopeError(Exception):
    """400 for the whole request: it is no JSON object with a list `batch`."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


class BatchAcceptance(msgspec.Struct):
    """The answer of §5 and where the events go.

    routes: (event index, shard text) of events to process. dropped: acknowledged, but without an entity to store.
    newest: the latest time that a body states (microseconds), 0 where none does.
    named: observation id → trace id, of observations that name their trace. open: those of them without an end.
    nameless: event index → observation id, of events that name no trace (`with_traces` gives them one).
    """

    successes: list[dict[str, Any]] = msgspec.field(default_factory=list)
    errors: list[dict[str, Any]] = msgspec.field(default_factory=list)
    routes: list[tuple[int, str]] = msgspec.field(default_factory=list)
    dropped: list[Rejected] = msgspec.field(default_factory=list)
    newest: int = 0
    named: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    open: set[str] = msgspec.field(default_factory=set[str])
    nameless: dict[int, str] = msgspec.field(default_factory=dict[int, str])


class EventType(NamedTuple):
    """What an event type stands for."""

    body: type[msgspec.Struct]
    kind: Kind | None = "observation"  # None: nothing is stored
    observation_type: str = ""  # '': the body names it
    update: int = 0
    needs_id: bool = True


_GENERATIONS = ("generation", "agent", "tool", "chain", "retriever", "evaluator", "embedding", "guardrail")
EVENT_TYPES: dict[str, EventType] = {
    "trace-create": EventType(bodies.TraceBody, "trace", needs_id=False),
    "score-create": EventType(ScoreBody, "score", needs_id=False),
    "event-create": EventType(bodies.EventBody, observation_type="EVENT"),
    "span-create": EventType(bodies.SpanBody, observation_type="SPAN"),
    "span-update": EventType(bodies.SpanBody, observation_type="SPAN", update=1),
    **{f"{name}-create": EventType(bodies.GenerationBody, observation_type=name.upper()) for name in _GENERATIONS},
    "generation-update": EventType(bodies.GenerationBody, observation_type="GENERATION", update=1),
    "observation-create": EventType(bodies.LegacyObservationBody, needs_id=False),
    "observation-update": EventType(bodies.LegacyObservationBody, update=1, needs_id=False),
    "sdk-log": EventType(bodies.LogBody, None, needs_id=False),
    "dataset-run-item-create": EventType(msgspec.Struct, None, needs_id=False),
}


class Event(msgspec.Struct):
    """What the structs of all event types share; the type itself is the struct's tag."""

    id: bodies.Id
    timestamp: bodies.Time


def _event_struct(name: str, kind: EventType) -> type[Event]:
    return msgspec.defstruct(name, [("body", kind.body)], bases=(Event,), tag=name, tag_field="type")  # pyright: ignore[reportReturnType]


_TYPES: dict[type, EventType] = {_event_struct(name, kind): kind for name, kind in EVENT_TYPES.items()}
_ANY_EVENT: Any = Union[tuple(_TYPES)]  # noqa: UP007 - made from the table
_decode_batch = msgspec.json.Decoder(msgspec.defstruct("Batch", [("batch", list[_ANY_EVENT])])).decode
_decode_parts = msgspec.json.Decoder(msgspec.defstruct("Parts", [("batch", list[msgspec.Raw])])).decode
_decode_event = msgspec.json.Decoder(_ANY_EVENT).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Problem(NamedTuple):
    """Why an event is refused: status and texts of §5."""

    event_id: str
    error: str
    status: int = 400
    message: str = "Invalid request data"

    def answer(self) -> dict[str, Any]:
        """The entry of `errors`."""
        return {"id": self.event_id, "status": self.status, "message": self.message, "error": self.error}


# --- the route ----------------------------------------------------------------------------------


def accept_batch(body: bytes, request_id: str, project_id: str, scores_only: bool) -> BatchAcceptance:
    """Check every event by itself; EnvelopeError when there is no batch to check."""
    result = BatchAcceptance()
    for index, event in enumerate(_events(body)):
        problem = event if isinstance(event, Problem) else _problem(event, scores_only)
        if problem:
            result.errors.append(problem.answer())
        else:
            _accept(result, index, event, request_id, project_id)  # pyright: ignore[reportArgumentType] - no Problem
    return result


def _accept(result: BatchAcceptance, index: int, event: Event, request_id: str, project_id: str) -> None:
    kind = _TYPES[type(event)]
    if kind.kind is None:
        return
    result.successes.append({"id": event.id, "status": 201})
    body: Any = event.body  # pyright: ignore[reportAttributeAccessIssue] - every event type adds its body
    result.newest = max(result.newest, _stated(body))
    if kind.kind == "score":
        result.routes.append((index, clean(body.subject())))
    elif not body.id:
        result.dropped.append(_without_id(index, event, kind.kind))
    elif kind.kind == "trace":
        result.routes.append((index, clean(body.id)))
    else:
        result.routes.append((index, _trace_id(body, project_id)))
        _note_trace(result, index, body)


def _note_trace(result: BatchAcceptance, index: int, body: bodies.EventBody) -> None:
    id: str = body.id or ""
    if not body.trace_id:
        result.nameless[index] = id
        return
    result.named[id] = body.trace_id
    if isinstance(body, bodies.SpanBody) and body.end_time is None:
        result.open.add(id)


def _stated(body: Any) -> int:
    """The latest time that a body states, 0 where it states none."""
    for name in ("end_time", "start_time", "timestamp"):
        if stated := getattr(body, name, None):
            return to_us(stated)
    return 0


def _trace_id(body: bodies.EventBody, project_id: str) -> str:
    """The observation's trace, or the one made for an orphan: the same on every replay."""
    return clean(body.trace_id) if body.trace_id else derived_id(project_id, clean(body.id or ""))


def _without_id(index: int, event: Event, kind: Kind) -> Rejected:
    return Rejected(index, clean(event.id), kind, "", "the event has no body.id")


def with_traces(body: bytes, traces: Mapping[int, str]) -> bytes:
    """The batch with these trace ids in the events at these places; all else stays as it was sent.

    Python's SDK before 2.30 updates and ends observations by their id alone, so acceptance adds the trace that another
    event named: from then on the event is like any other, for the worker, a replay and a deletion.
    """
    document = _repairing(_decode_members, body)
    events = _decode_list(document["batch"])
    for place, trace_id in traces.items():
        event = _decode_members(events[place])
        members = _decode_members(event["body"]) | {"traceId": _raw(trace_id)}
        events[place] = _raw(event | {"body": _raw(members)})
    return msgspec.json.encode(document | {"batch": _raw(events)})


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


# --- the worker ---------------------------------------------------------------------------------


def decode_batch(body: bytes, indexes: set[int] | None, request: Request) -> list[Change | Rejected]:
    """The changes of the accepted events, all or those at `indexes`; an event's first result stands for the event.

    Observations come with a change of rank 0 for their trace. EnvelopeError when acceptance cannot have seen this body.
    """
    results: list[Change | Rejected] = []
    for index, raw in enumerate(_parts(body)):
        if indexes is None or index in indexes:
            results.extend(_changes(index, raw, request))
    return results


def _changes(index: int, raw: msgspec.Raw, request: Request) -> Iterator[Change | Rejected]:
    event = _event(raw)
    if isinstance(event, Problem) or _problem(event, request.scores_only):
        return  # answered as an error, never acknowledged
    kind = _TYPES[type(event)]
    if kind.kind is None:
        return
    body: Any = event.body  # pyright: ignore[reportAttributeAccessIssue] - every event type adds its body
    source = Source(clean(event.id), event.timestamp, kind.update, index, len(bytes(raw)), request, to_us(event.timestamp))
    if kind.kind == "score":
        yield score_change(source, body, clean(body.id or derived_id(request.request_id, str(index))))
    elif not body.id:
        yield _without_id(index, event, kind.kind)
    elif kind.kind == "trace":
        yield from trace_changes(source, body)
    else:
        yield from observation_changes(source, body, kind.observation_type or body.type, _trace_id(body, request.project_id))


# --- reading ------------------------------------------------------------------------------------


def _events(body: bytes) -> list[Event | Problem]:
    """All events in one pass; one by one when that fails, so that a bad event harms only itself."""
    try:
        return _decode_batch(body).batch  # pyright: ignore[reportAttributeAccessIssue] - the field of defstruct
    except _UNREADABLE:
        return [_event(raw) for raw in _parts(body)]


def _parts(body: bytes) -> list[msgspec.Raw]:
    try:
        return _repairing(_decode_parts, body).batch
    except _UNREADABLE as error:
        raise EnvelopeError([_issue(error)]) from error


def _event(raw: msgspec.Raw) -> Event | Problem:
    try:
        return _repairing(_decode_event, bytes(raw))
    except _UNREADABLE as error:
        return Problem(_event_id(raw), _issue(error))


def _repairing(decode: Callable[[bytes], Any], source: bytes) -> Any:
    try:
        return decode(source)
    except msgspec.ValidationError:
        raise  # readable, but not what it has to be
    except _UNREADABLE:
        return decode(repair(source))


class _OnlyId(msgspec.Struct):
    id: Any = None


def _event_id(raw: msgspec.Raw) -> str:
    try:
        id = msgspec.json.decode(repair(bytes(raw)), type=_OnlyId).id
    except _UNREADABLE:
        return "unknown"
    return id if isinstance(id, str) and id else "unknown"


# --- checking -----------------------------------------------------------------------------------


def _problem(event: Event, scores_only: bool) -> Problem | None:
    """What the structs could not check."""
    kind = _TYPES[type(event)]
    body: Any = event.body  # pyright: ignore[reportAttributeAccessIssue] - every event type adds its body
    if "\r" in event.id:
        return Problem(event.id, "id: Must not contain carriage returns")
    if kind.body is msgspec.Struct:
        return Problem(event.id, "type: dataset-run-item-create is not accepted here")
    if kind.needs_id and body.id is None:
        return Problem(event.id, "body.id: Required")
    found = body.problem() if hasattr(body, "problem") else None
    if found:
        return Problem(event.id, f"body.{found[0]}: {found[1]}")
    if scores_only and kind.kind not in ("score", None):
        return Problem(event.id, "Access Scope Denied", 401, "Authentication error")
    return None


_PLACE = re.compile(r"^(.*?)(?: - at `\$\.?(.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(\w+)`$")


def _issue(error: Exception) -> str:
    """`field: what is wrong`, from the decoder's message."""
    if not isinstance(error, msgspec.ValidationError):
        return str(error)
    found = _PLACE.match(str(error))
    message, place = (found.group(1), found.group(2) or "") if found else (str(error), "")
    if missing := _MISSING.match(message):
        return f"{place}.{missing.group(1)}: Required".lstrip(".")
    return f"{place or 'event'}: {message.replace('`', '')}"
