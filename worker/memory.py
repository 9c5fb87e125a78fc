"""What a drain remembers of a shard while its lease lasts: rows written lately, and events seen lately.

A shard's memory is dropped when its lease goes, for another worker may write then.
"""

from collections import OrderedDict
from collections.abc import Iterable

from langfuse_app.ingestion.changes import Change
from langfuse_app.ingestion.rows import ObservationRow, ScoreRow, TraceRow

AnyRow = ObservationRow | TraceRow | ScoreRow
Place = tuple[str, str, str, str]  # kind, project id, trace id, id
CACHE_BYTES = 32 << 20
SEEN_EVENTS = 100_000


class RowCache:
    """Rows written lately: nine updates in ten come within seconds of their create.

    Rows of a batch that is still being written are pinned: until they are stored, no other place has them.
    """

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._rows: OrderedDict[Place, tuple[AnyRow, int, int]] = OrderedDict()
        self._pinned: dict[Place, tuple[AnyRow, int]] = {}
        self._size, self._limit = 0, limit

    def get(self, kind: str, project_id: str, trace_id: str, id: str) -> AnyRow | None:
        """The row as last written by this worker."""
        place = (kind, project_id, trace_id, id)
        found = self._rows.get(place) or self._pinned.get(place)
        return found[0] if found else None

    def pin(self, rows: dict[Place, tuple[AnyRow, int]]) -> None:
        """Hold these rows (with their shards) until the next call."""
        self._pinned = rows

    def put(self, place: Place, row: AnyRow, shard: int) -> None:
        """Remember a row that was written, or will be before anything that is made of it."""
        self._drop(place)
        size = 600 + len(getattr(row, "input", "")) + len(getattr(row, "output", "")) + len(row.merge_clock)
        self._rows[place] = (row, shard, size)
        self._size += size
        while self._size > self._limit:
            self._size -= self._rows.popitem(last=False)[1][2]

    def _drop(self, place: Place) -> None:
        old = self._rows.pop(place, None)
        if old:
            self._size -= old[2]

    def forget_shards(self, shards: Iterable[int]) -> None:
        """Another worker may own these from now on."""
        gone = set(shards)
        if not gone:
            return
        for place in [place for place, (_, shard, _) in self._rows.items() if shard in gone]:
            self._drop(place)
        self._pinned = {place: held for place, held in self._pinned.items() if held[1] not in gone}

    def clear(self) -> None:
        """What was remembered may never have been stored."""
        self._rows.clear()
        self._pinned = {}
        self._size = 0


class SeenEvents:
    """Which request brought an event first: best effort, for the ledger's word `duplicate` and nothing else."""

    def __init__(self, limit: int = SEEN_EVENTS) -> None:
        self._first: OrderedDict[int, str] = OrderedDict()
        self._limit = limit

    def earlier(self, change: Change) -> str:
        """The id of an earlier request with the same event, '' when this is the first; remembers it."""
        print_ = _fingerprint(change)
        first = self._first.setdefault(print_, change.request.request_id)
        if len(self._first) > self._limit:
            self._first.popitem(last=False)
        return "" if first == change.request.request_id else first


def _fingerprint(change: Change) -> int:
    """Two events are the same when id, entity, time and size are: an SDK that sends a batch again changes none of them."""
    entity = (change.request.project_id, change.kind, change.trace_id, change.id)
    return hash((entity, change.event_id, change.clock.ts, change.event_bytes))
