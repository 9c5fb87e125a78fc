"""ClickHouse statements of deletions: tombstones that hide at once, and deletes that free the bytes.

Both are bounded by the arrival of what they delete, so that an object sent again afterwards stays.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import Conditions, portions
from langfuse_app.stores import clickhouse
from langfuse_app.stores.cluster import stored_table


class Span(NamedTuple):
    """The time that rows to hide lie in, both ends included: it spares reading all other rows."""

    first: datetime
    last: datetime


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
    "scores of traces": (Place("scores", "trace_id", _BY_TIME),),
    "score": (Place("scores", "id", _BY_TIME),),
    "dataset_run": (Place("scores", "dataset_run_id", _BY_TIME),),
    "project": (
        Place("observations", "project_id", _OBSERVATION),
        Place("traces", "project_id", _BY_TIME),
        Place("scores", "project_id", _BY_TIME),
        Place("ingestion_log", "project_id", ()),
    ),
}


class Doomed(NamedTuple):
    """Objects, and the moment until which what arrived of them goes."""

    ids: Sequence[str]
    until: datetime


def hide(scope: ProjectScope, kind: str, doomed: Doomed, span: Span | None = None) -> None:
    """Write a tombstone above every version of the objects' rows; `span` holds of observations and traces."""
    for place in PLACES[kind]:
        for ids in portions(doomed.ids) if place.keys else ():
            _hide(scope, place, Doomed(ids, doomed.until), span if place.table != "scores" else None)


def _hide(scope: ProjectScope, place: Place, doomed: Doomed, span: Span | None) -> None:
    where = Conditions(scope)
    where.add("is_deleted = 0")
    where.add(_condition(where, place, doomed))
    if span:
        where.compare(place.keys[1], ">=", span.first)
        where.compare(place.keys[1], "<=", span.last)
    # With the object's own column, so that erasing takes the tombstones too.
    kept = ", ".join(dict.fromkeys((*place.keys, place.column, "received_at", "created_at")))
    until = where.moment(doomed.until)
    clickhouse.command(
        # Tombstones are few and soon gone: indexes on them cost more than they could save.
        f"INSERT INTO {place.table} ({kept}, updated_at, event_ts, is_deleted) SETTINGS materialize_skip_indexes_on_insert = 0"
        f" SELECT {kept}, {until}, greatest(event_ts + toIntervalMicrosecond(1), {until}), 1 FROM {place.table} WHERE {where.sql}",
        where.params,
    )


def _condition(where: Conditions, place: Place, doomed: Doomed) -> str:
    ids = where.bind(list(doomed.ids), "Array(String)")
    return f"({place.column} IN {ids} AND received_at <= {where.moment(doomed.until)})"


def erase(scope: ProjectScope, kind: str, all_doomed: Sequence[Doomed]) -> list[int]:
    """Delete every version of the objects' rows, one statement per table; how many, for each of the doomed.

    The bytes go with `free`.
    """
    counts = [0] * len(all_doomed)
    for place in PLACES[kind]:
        found = [sum(_count(scope, place, part) for part in _parts(doomed)) for doomed in all_doomed]
        if any(found):
            _erase(scope, place, [part for doomed, rows in zip(all_doomed, found, strict=True) if rows for part in _parts(doomed)])
        counts = [sum(pair) for pair in zip(counts, found, strict=True)]
    return counts


def _count(scope: ProjectScope, place: Place, doomed: Doomed) -> int:
    where = Conditions(scope)
    where.add(_condition(where, place, doomed))
    return clickhouse.query(f"SELECT count() AS n FROM {place.table} WHERE {where.sql}", where.params)[0]["n"]


def _erase(scope: ProjectScope, place: Place, all_doomed: Sequence[Doomed]) -> None:
    where = Conditions(scope)
    where.add("(" + " OR ".join(_condition(where, place, doomed) for doomed in all_doomed) + ")")
    clickhouse.command(f"DELETE FROM {stored_table(place.table)} WHERE {where.sql}", where.params)


def free(tables: Sequence[str]) -> None:
    """Rewrite the parts that hold deleted rows, text indexes included; waits until it is done."""
    for table in tables:
        clickhouse.command(f"ALTER TABLE {stored_table(table)} APPLY DELETED MASK SETTINGS mutations_sync = 2")


def sessions_of(scope: ProjectScope, trace_ids: Sequence[str]) -> list[str]:
    """Sessions of those traces."""
    found: set[str] = set()
    for part in portions(trace_ids):
        where = Conditions(scope)
        where.any_of("id", part)
        where.add("session_id != ''")
        rows = clickhouse.query(f"SELECT DISTINCT session_id FROM traces WHERE {where.sql}", where.params)
        found |= {row["session_id"] for row in rows}
    return sorted(found)


def inhabited(scope: ProjectScope, session_ids: Sequence[str]) -> set[str]:
    """Those of the sessions that a living trace is in."""
    found: set[str] = set()
    for part in portions(session_ids):
        where = Conditions(scope)
        where.any_of("session_id", part)
        rows = clickhouse.query(f"SELECT DISTINCT session_id FROM traces FINAL WHERE {where.sql}", where.params)
        found |= {row["session_id"] for row in rows}
    return found


def _parts(doomed: Doomed) -> list[Doomed]:
    return [Doomed(ids, doomed.until) for ids in portions(doomed.ids)]
