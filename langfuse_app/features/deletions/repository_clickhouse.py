"""ClickHouse statements of deletions: tombstones that hide at once, and deletes that free the bytes.

Both are bounded by the arrival of what they delete, so that an object sent again afterwards stays.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import Conditions
from langfuse_app.stores import clickhouse
from langfuse_app.stores.cluster import stored_table


class Place(NamedTuple):
    """Where a kind of object has rows: the table, the column of the object's id, the columns of the table's sorting key."""

    table: str
    column: str
    keys: tuple[str, ...]


_OBSERVATION = ("project_id", "start_time", "trace_id", "id")
_BY_TIME = ("project_id", "timestamp", "id")
PLACES: dict[str, tuple[Place, ...]] = {
    "trace": (
        Place("observations", "trace_id", _OBSERVATION),
        Place("traces", "id", _BY_TIME),
        Place("scores", "trace_id", _BY_TIME),
    ),
    "score": (Place("scores", "id", _BY_TIME),),
    "dataset_run": (Place("scores", "dataset_run_id", _BY_TIME),),
    "project": (
        Place("observations", "project_id", _OBSERVATION),
        Place("traces", "project_id", _BY_TIME),
        Place("scores", "project_id", _BY_TIME),
        Place("ingestion_log", "project_id", ()),
    ),
}
IDS_PER_STATEMENT = 2_000


def _conditions(scope: ProjectScope, place: Place, ids: Sequence[str], until: datetime) -> Conditions:
    where = Conditions(scope)
    where.any_of(place.column, ids)
    where.compare("received_at", "<=", until)
    return where


def hide(scope: ProjectScope, kind: str, ids: Sequence[str], until: datetime) -> None:
    """Write a tombstone above every row of the objects that arrived until then."""
    for place in PLACES[kind]:
        if place.keys:
            for part in _parts(ids):
                _hide(scope, place, part, until)


def _hide(scope: ProjectScope, place: Place, ids: Sequence[str], until: datetime) -> None:
    where = _conditions(scope, place, ids, until)
    # With the object's own column, so that erasing takes the tombstones too.
    kept = ", ".join(dict.fromkeys((*place.keys, place.column, "received_at", "created_at")))
    version = f"greatest(event_ts + toIntervalMicrosecond(1), {where.moment(until)})"
    clickhouse.command(
        f"INSERT INTO {place.table} ({kept}, updated_at, event_ts, is_deleted)"
        f" SELECT {kept}, {where.moment(until)}, {version}, 1 FROM {place.table} FINAL WHERE {where.sql}",
        where.params,
    )


def erase(scope: ProjectScope, kind: str, ids: Sequence[str], until: datetime) -> int:
    """Delete every version of the objects' rows that arrived until then; how many. The bytes go with `free`."""
    return sum(_erase(scope, place, part, until) for place in PLACES[kind] for part in _parts(ids))


def _erase(scope: ProjectScope, place: Place, ids: Sequence[str], until: datetime) -> int:
    where = _conditions(scope, place, ids, until)
    count = clickhouse.query(f"SELECT count() AS n FROM {place.table} WHERE {where.sql}", where.params)[0]["n"]
    if count:
        clickhouse.command(f"DELETE FROM {stored_table(place.table)} WHERE {where.sql}", where.params)
    return count


def free(tables: Sequence[str]) -> None:
    """Rewrite the parts that hold deleted rows, text indexes included; waits until it is done."""
    for table in tables:
        clickhouse.command(f"ALTER TABLE {stored_table(table)} APPLY DELETED MASK SETTINGS mutations_sync = 2")


def sessions_of(scope: ProjectScope, trace_ids: Sequence[str]) -> list[str]:
    """Sessions of those traces."""
    found: set[str] = set()
    for part in _parts(trace_ids):
        where = Conditions(scope)
        where.any_of("id", part)
        where.add("session_id != ''")
        rows = clickhouse.query(f"SELECT DISTINCT session_id FROM traces WHERE {where.sql}", where.params)
        found |= {row["session_id"] for row in rows}
    return sorted(found)


def inhabited(scope: ProjectScope, session_ids: Sequence[str]) -> set[str]:
    """Those of the sessions that a living trace is in."""
    if not session_ids:
        return set()
    where = Conditions(scope)
    where.any_of("session_id", session_ids)
    return {row["session_id"] for row in clickhouse.query(f"SELECT DISTINCT session_id FROM traces FINAL WHERE {where.sql}", where.params)}


def _parts(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + IDS_PER_STATEMENT] for start in range(0, len(ids), IDS_PER_STATEMENT)]
