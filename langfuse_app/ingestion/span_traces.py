"""How traces come to be from spans (spec/api.md §6.10; architecture §4).

A span says up to three things about its trace, with different authority:
- stated (rank 1): trace attributes that the span carries, the same on every span of a trace as a rule;
- derived (rank 0): what a root span's own name, payloads and metadata make of the trace when nothing states them;
- hinted (rank -1): what serves while no root has said more: name and payloads of a process's first span, whose parent may
  never be sent (`is_app_root`), and a session that follows from the conversation's id;
- a sighting: that the trace was there at the span's start. Its clock is the start, so the earliest span wins, and the
  trace's timestamp is its first start however the spans are split and ordered.
"""

from collections.abc import Callable
from typing import Any, Final

from langfuse_app.ingestion.attributes import json_value, metadata_text, parse_object, truth
from langfuse_app.ingestion.changes import Change, Clock, Request
from langfuse_app.ingestion.conventions.engine import first_text
from langfuse_app.ingestion.conventions.langfuse import AS_ROOT
from langfuse_app.ingestion.mapping import Mapped
from langfuse_app.ingestion.normalise import metadata_leaves, text

STATED: Final = 1
DERIVED: Final = 0
HINTED: Final = -1
Said = tuple[dict[str, Any], dict[str, str], list[str]]  # columns, metadata leaves, tags


class TraceChanges:
    """The trace changes of one request, without those that could not matter to a merge.

    Spans of a trace repeat what they state, so of equal statements only the latest is kept, and of sightings the earliest.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._changes: list[Change] = []
        self._latest: dict[tuple[str, int], tuple[tuple[Any, ...], Change]] = {}
        self._earliest: dict[str, Mapped] = {}

    def add(self, mapped: Mapped) -> None:
        """Takes in what a span says about its trace."""
        self._see(mapped)
        is_root = not mapped.span.parent_id or truth(mapped.span.attributes.get(AS_ROOT))
        speaks = mapped.plan.speaks_for_trace
        if speaks or is_root:
            self._say(mapped, STATED, _statement(mapped), _stated)
        if is_root:
            self._append(mapped, DERIVED, _derived(mapped), _root_metadata(mapped), [])
        elif mapped.is_app_root:
            self._append(mapped, HINTED, _derived(mapped), {}, [])
        if mapped.session_id and not speaks and not is_root:
            self._say(mapped, HINTED, (mapped.session_id,), _hinted)

    def result(self) -> list[Change]:
        """All changes: in document order of the spans, then one sighting per trace."""
        return self._changes + [sighting(mapped, self._request) for mapped in self._earliest.values()]

    def _see(self, mapped: Mapped) -> None:
        seen = self._earliest.get(mapped.span.trace_id)
        if seen is None or (mapped.start, mapped.span.span_id) < (seen.start, seen.span.span_id):
            self._earliest[mapped.span.trace_id] = mapped

    def _say(self, mapped: Mapped, rank: int, statement: tuple[Any, ...], build: Callable[[Mapped], Said]) -> None:
        """Appends what is built, unless the last of this rank was made from an equal statement: that one is moved then."""
        key = (mapped.span.trace_id, rank)
        known = self._latest.get(key)
        if known is not None and known[0] == statement:
            _move(known[1], mapped, rank)
            return
        said = build(mapped)
        if any(said):
            self._latest[key] = (statement, self._append(mapped, rank, *said))

    def _append(self, mapped: Mapped, rank: int, fields: dict[str, Any], metadata: dict[str, str], tags: list[str]) -> Change:
        change = _change(mapped, self._request, mapped.clock(rank))
        change.fields, change.metadata, change.tags = fields, metadata, tags
        self._changes.append(change)
        return change


def _statement(mapped: Mapped) -> tuple[Any, ...]:
    """All that a stated change is made from."""
    attributes, plan = mapped.span.attributes, mapped.plan
    return (
        mapped.trace_name, mapped.user_id, mapped.session_id, mapped.tags, mapped.public, mapped.version, mapped.release,
        [(key, attributes[key]) for key, _ in plan.trace_metadata],
        first_text(plan.trace_input, mapped.span) if plan.trace_input else "",
        first_text(plan.trace_output, mapped.span) if plan.trace_output else "",
    )  # fmt: skip


def _move(change: Change, mapped: Mapped, rank: int) -> None:
    """Makes a change the later of itself and the same statement by another span."""
    clock = mapped.clock(rank)
    if clock > change.clock:
        change.clock, change.event_id, change.index = clock, mapped.span.span_id, mapped.span.index


def sighting(mapped: Mapped, request: Request) -> Change:
    """That the trace was there when the span began."""
    change = _change(mapped, request, Clock(DERIVED, mapped.start, 0, mapped.span.span_id))
    change.fields = {"source": "otel"}
    change.first = {"timestamp": mapped.start, "environment": mapped.environment}
    return change


def _change(mapped: Mapped, request: Request, clock: Clock) -> Change:
    span = mapped.span
    return Change("trace", span.trace_id, span.trace_id, clock, span.span_id, span.index, request, {}, {}, {}, [])


def _stated(mapped: Mapped) -> Said:
    """Columns, metadata and tags that the span states for its trace."""
    span, plan = mapped.span, mapped.plan
    values: dict[str, Any] = {
        "version": mapped.version,
        "release": mapped.release,
        "user_id": mapped.user_id,
        "session_id": mapped.session_id,
        "name": mapped.trace_name,
        "input": first_text(plan.trace_input, span),
        "output": first_text(plan.trace_output, span),
    }
    fields = {column: value for column, value in values.items() if value}
    if mapped.public is not None:
        fields["public"] = mapped.public
    metadata = _members(mapped, plan.trace_metadata)
    return fields, metadata_leaves(metadata) if metadata else {}, list(mapped.tags)


def _hinted(mapped: Mapped) -> Said:
    return {"session_id": mapped.session_id}, {}, []


def _derived(mapped: Mapped) -> dict[str, Any]:
    values = {"name": mapped.name, "input": mapped.input, "output": mapped.output}
    return {column: value for column, value in values.items() if value}


def _root_metadata(mapped: Mapped) -> dict[str, str]:
    """The root's own metadata with what is known of resource and scope."""
    span, plan = mapped.span, mapped.plan
    values: dict[str, Any] = {"attributes": {key: text(span.attributes[key]) for key in plan.shown}} if plan.shown else {}
    values.update(_members(mapped, plan.metadata))
    values.update(mapped.originals)
    found = metadata_leaves(values)
    for name, origin in (("resourceAttributes", span.resource), ("scope", span.scope)):
        if name not in values:  # the user's own key stands
            origin.leaves = origin.leaves or metadata_leaves({name: json_value(origin.text)})
            found.update(origin.leaves)
    return found


def _members(mapped: Mapped, members: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Metadata values by key, JSON texts as what they mean, so that they merge leaf by leaf."""
    attributes = mapped.span.attributes
    values: dict[str, Any] = {}
    for key, member in members:
        if member:
            value = json_value(attributes[key])
            # a string that SDK 5 quoted must not come back as a number (spec/wire.md §0.5)
            values[member] = metadata_text(attributes[key]) if isinstance(value, str) else value
        else:
            values.update(parse_object(attributes[key]) or {})
    return values
