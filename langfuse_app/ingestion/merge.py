"""Changes → rows, field by field (spec/api.md §7; ARCHITECTURE.md, "Merging").

A row remembers in merge_clock which statement made each column. A column takes the statement with the highest clock,
a column that is fixed by its first value the one with the lowest. So rows are the same for any order, split and
repetition of the changes, and a merge that changes nothing gives None.
"""

from collections.abc import Collection, Iterable
from copy import copy
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from langfuse_app.ingestion import tools
from langfuse_app.ingestion.changes import Change, Clock
from langfuse_app.ingestion.metadata_merge import Clocks, Metadata
from langfuse_app.ingestion.normalise import leaves_to_map
from langfuse_app.ingestion.rows import ObservationRow, ScoreRow, TraceRow

Row = TypeVar("Row", ObservationRow, TraceRow, ScoreRow)
Arrival = tuple[int, str]  # received_at, request id: orders whole rows


class _Shape(NamedTuple):
    """first: columns fixed by their first value. earliest: those of them whose derived values give way to earlier ones."""

    first: frozenset[str]
    earliest: str


_OBSERVATION = _Shape(frozenset({"type", "start_time", "environment", "source"}), "start_time")
_TRACE = _Shape(frozenset({"timestamp", "environment", "source"}), "timestamp")
_SCORE = _Shape(frozenset({"timestamp", "environment", "trace_id"}), "timestamp")


class _Entry(msgspec.Struct, array_like=True):
    """One statement that a row still shows: its clock, when it first arrived (µs), and its columns."""

    rank: int
    ts: int
    update: int
    event: str
    received_at: int
    columns: list[str]


class _MergeClock(msgspec.Struct, omit_defaults=True):
    """The content of merge_clock. base: which whole row lies below. end_time: as stated, where the row shows another."""

    entries: list[_Entry] = msgspec.field(name="c", default_factory=list)
    metadata: Clocks | None = msgspec.field(name="m", default=None)
    base: Arrival | None = msgspec.field(name="w", default=None)
    end_time: int | None = msgspec.field(name="e", default=None)


_read_clock = msgspec.json.Decoder(_MergeClock).decode
_write_clock = msgspec.json.Encoder().encode


def merge_observation(stored: ObservationRow | None, changes: list[Change]) -> ObservationRow | None:
    """The observation after these changes, event_ts 0; None when they change nothing.

    A whole change (an OTLP span) replaces the whole row below, what JSON events state stays on top of it.
    """
    if stored is None and len(changes) == 1 and changes[0].whole:
        return _whole_row(changes[0])
    wholes = [change for change in changes if change.whole]
    base = max(wholes, key=lambda change: (_arrival(change), change.index)) if wholes else None
    if base and len(wholes) == len(changes) and (stored is None or not stored.merge_clock):
        return _whole_row(base) if stored is None or _arrival(base) > (stored.received_at, stored.request_id) else None
    merge = _Merge(_OBSERVATION, ObservationRow, stored)
    if base:
        merge.rebase(_arrival(base), _whole_row(base))
    return merge.run(change for change in changes if not change.whole)


def merge_trace(stored: TraceRow | None, changes: list[Change]) -> TraceRow | None:
    """The trace after these changes, event_ts 0; None when they change nothing. `bookmarked` is never touched."""
    return _Merge(_TRACE, TraceRow, stored).run(changes)


def merge_score(stored: ScoreRow | None, changes: list[Change]) -> ScoreRow | None:
    """The score after these changes, event_ts 0; None when they change nothing."""
    return _Merge(_SCORE, ScoreRow, stored).run(changes)


def _arrival(change: Change) -> Arrival:
    return change.request.received_at, change.request.request_id


def _whole_row(change: Change) -> ObservationRow:
    request = change.request
    values = change.first | change.fields if change.first else change.fields.copy()
    values["project_id"], values["trace_id"], values["id"] = request.project_id, change.trace_id, change.id
    row = ObservationRow(**values)
    if change.metadata and not row.metadata:
        row.metadata = leaves_to_map(change.metadata)
    row.request_id, row.received_at, row.updated_at = request.request_id, request.received_at, request.received_at
    row.created_at = row.created_at or request.received_at
    return row


class _Merge(Generic[Row]):
    """One row while changes are merged into it."""

    def __init__(self, shape: _Shape, kind: type[Row], stored: Row | None) -> None:
        self._shape, self._kind, self._stored = shape, kind, stored
        self._values: dict[str, Any] = {}
        self._clocks: dict[str, Clock] = {}
        self._received: dict[Clock, int] = {}
        self._base: Row | None = None
        self._base_arrival: Arrival | None = None
        self._tags: set[str] = set()
        self._bytes = 0
        self._made = (1 << 62, "")  # created_at and request id of what arrived first
        self._maker: Change | None = None  # which gives the row its origin
        self._load(_read_clock(stored.merge_clock) if stored and stored.merge_clock else _MergeClock())

    def _load(self, clock: _MergeClock) -> None:
        stored = self._stored
        order: list[Clock] = []
        for entry in clock.entries:
            order.append(Clock(entry.rank, entry.ts, entry.update, entry.event))
            self._received[order[-1]] = entry.received_at
            for column in entry.columns:
                self._clocks[column], self._values[column] = order[-1], getattr(stored, column)
        on_base = stored is not None and (clock.base is not None or not clock.entries)
        self._metadata = Metadata(stored.metadata if stored else {}, clock.metadata, order, on_base)
        if stored is None:
            return
        self._made = (stored.created_at, stored.request_id)
        self._tags, self._bytes = set(_tags(stored)), getattr(stored, "event_bytes", 0)
        if clock.end_time is not None:
            self._values["end_time"] = clock.end_time
        if on_base:
            self._base, self._base_arrival = stored, clock.base or (stored.received_at, stored.request_id)

    def rebase(self, arrival: Arrival, row: Row) -> None:
        """Put a whole row below the statements, unless a later one is there; its fixed columns are the first ones."""
        if self._base_arrival and self._base_arrival >= arrival:
            return
        self._base, self._base_arrival = row, arrival
        self._metadata.rebase(row.metadata)
        self._tags = set(_tags(row))

    def run(self, changes: Iterable[Change]) -> Row | None:
        """Take in the changes; the row, or None when it is as stored."""
        for change in changes:
            self._take(change)
        row = self._row()
        if self._stored is not None:
            row.event_ts = self._stored.event_ts
            if row == self._stored:
                return None
        row.event_ts = 0
        return row

    def _take(self, change: Change) -> None:
        clock, received_at = change.clock, change.request.received_at
        if self._received.setdefault(clock, received_at) > received_at:
            self._received[clock] = received_at
        clocks, values = self._clocks, self._values
        for statements in (change.fields, change.first):
            for column, value in statements.items():
                known = clocks.get(column)
                if known is None or self._wins(column, clock, value, known, values[column]):
                    clocks[column], values[column] = clock, value
        if change.metadata:
            self._metadata.add(clock, change.metadata)
        if change.tags:
            self._tags.update(change.tags)
        self._bytes = max(self._bytes, change.event_bytes)
        arrival = (received_at, change.request.request_id)
        if arrival < self._made:
            self._made, self._maker = arrival, change

    def _wins(self, column: str, clock: Clock, value: Any, known: Clock, held: Any) -> bool:
        """Values are compared only where clocks are equal: an event id that was used for two different events."""
        if column in self._shape.first:
            return self._place(column, clock, value) < self._place(column, known, held)
        return clock > known if clock != known else str(value) > str(held)

    def _place(self, column: str, clock: Clock, value: Any) -> tuple[Any, ...]:
        """The lowest place is the first value: stated before derived; of derived times, and of times that were stated in
        the same instant (a client may send update and create so), the earliest.
        """
        if column != self._shape.earliest:
            return -clock.rank, clock, str(value)
        said = (clock.ts, clock.update) if clock.rank > 0 else ()
        return -clock.rank, said, value, clock

    # --- the result ---------------------------------------------------------------------------

    def _row(self) -> Row:
        on_top = self._values
        if self._base is not None:
            on_top = {column: value for column, value in on_top.items() if column not in self._shape.first}
        below = self._base or self._stored
        if below is None:
            row = self._new(on_top)
        else:
            row = copy(below)
            for column, value in on_top.items():
                setattr(row, column, value)
        clock = self._clock(row, on_top)
        self._arrivals(row, clock)
        row.merge_clock = _write_clock(clock).decode()
        return row

    def _new(self, values: dict[str, Any]) -> Row:
        maker = self._maker
        if maker is None:
            raise ValueError("a row needs a change")
        values = values | {"project_id": maker.request.project_id, "id": maker.id}
        if self._kind is ObservationRow:
            values["trace_id"] = maker.trace_id
        return self._kind(**values)

    def _clock(self, row: Row, columns: Collection[str]) -> _MergeClock:
        """merge_clock of the row; also sets what follows from several statements: metadata, tags, bytes, end time, tools."""
        by_clock: dict[Clock, list[str]] = {clock: [] for clock in self._metadata.clocks()}
        clocks = self._clocks
        for column in columns:
            clock = clocks[column]
            if clock in by_clock:
                by_clock[clock].append(column)
            else:
                by_clock[clock] = [column]
        order = sorted(by_clock)
        told = _MergeClock([_Entry(*each, self._received[each], sorted(by_clock[each])) for each in order], base=self._base_arrival)
        row.metadata, told.metadata = self._metadata.result({each: index for index, each in enumerate(order)})
        if not isinstance(row, ScoreRow):
            row.tags, row.event_bytes = sorted(self._tags), self._bytes
        if isinstance(row, ObservationRow):
            told.end_time = _bound_end(row)
            _find_tools(row, columns)
        return told

    def _arrivals(self, row: Row, clock: _MergeClock) -> None:
        """When and with whom it came: the first request made the row, the last one still visible updated it."""
        received = [entry.received_at for entry in clock.entries] + ([clock.base[0]] if clock.base else [])
        row.received_at = row.updated_at = max(received)
        row.created_at = min(received) if clock.base else self._made[0]
        if self._maker and not clock.base:
            request = self._maker.request
            row.request_id, row.ingestion_api_key = request.request_id, request.public_key
            row.ingestion_sdk_name, row.ingestion_sdk_version = request.sdk_name or "unknown", request.sdk_version or "unknown"


def _tags(row: ObservationRow | TraceRow | ScoreRow) -> list[str]:
    return [] if isinstance(row, ScoreRow) else row.tags


def _find_tools(row: ObservationRow, columns: Collection[str]) -> None:
    """The tool columns, where events state the payload that they follow from; a span below has found its own."""
    if "input" in columns:
        row.tool_definitions = tools.definitions(row.input)
    if "output" in columns:
        row.tool_calls, row.tool_call_names = tools.calls(row.output)


def _bound_end(row: ObservationRow) -> int | None:
    """No observation ends before it starts; the end as stated, when that moved it."""
    if row.end_time is None or row.end_time >= row.start_time:
        return None
    stated, row.end_time = row.end_time, row.start_time
    return stated
