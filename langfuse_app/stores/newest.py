"""Pages of the newest rows of a replacing table, exact and cheap at once.

Reading with FINAL merges all versions of all rows in range, so the range is narrowed first: the time of the n-th newest
*version* is found without merging. Every row whose newest version is later than that edge is found by FINAL behind it.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from langfuse_app.core.sql import Conditions
from langfuse_app.stores import cache, clickhouse

EXACT_TOTAL = 100_000

# Buffered reading in order reads whole blocks of every part for the last bits of the sort: 150 ms instead of 7.
_IN_ORDER = {"read_in_order_use_buffering": 0}


@dataclass(frozen=True, slots=True)
class Versioned:
    """A replacing table: its time column, the sorting key's expression of it, and what orders rows of equal time."""

    table: str
    time: str
    bucket: str
    ties: tuple[str, ...]


OBSERVATIONS = Versioned("observations", "start_time", "toStartOfMinute(start_time)", ("trace_id", "id"))
TRACES = Versioned("traces", "timestamp", "toDate(timestamp)", ("id",))
SCORES = Versioned("scores", "timestamp", "toDate(timestamp)", ("id",))


def newest(source: Versioned, columns: str, where: Conditions, limit: int, offset: int = 0) -> list[dict[str, Any]]:
    """Rows `offset`…`offset + limit` of those that match, newest first, in a total order."""
    if limit <= 0:
        return []
    rows = clickhouse.query(_page(source, columns, where, limit, offset, edge=True), where.params, _IN_ORDER)
    complete = bool(rows) and rows[0]["_complete"]
    if len(rows) < limit and not complete:
        # versions that match no longer stand for rows: then the edge was too near
        rows = clickhouse.query(_page(source, columns, where, limit, offset, edge=False), where.params)
    return rows


def _page(source: Versioned, columns: str, where: Conditions, limit: int, offset: int, *, edge: bool) -> str:
    order = ", ".join(f"{column} DESC" for column in (source.time, *source.ties))
    versions = (offset + limit) * 3 // 2 + 50
    edge_time = (
        f"coalesce((SELECT {source.time} FROM {source.table} WHERE {where.sql}"
        f" ORDER BY {source.bucket} DESC, {source.time} DESC LIMIT 1 OFFSET {versions}), fromUnixTimestamp64Micro(0, 'UTC'))"
    )
    begin = f"WITH {edge_time} AS _edge " if edge else ""
    complete = ", toUnixTimestamp64Micro(_edge) = 0 AS _complete" if edge else ""
    behind = f" AND {source.time} >= _edge" if edge else ""
    return (
        f"{begin}SELECT {columns}{complete} FROM {source.table} FINAL WHERE {where.sql}{behind}"
        f" ORDER BY {order} LIMIT {int(limit)} OFFSET {int(offset)}"
    )


def total(source: Versioned, where: Conditions) -> int:
    """How many rows match: exact to EXACT_TOTAL, beyond that at most 5 seconds old."""
    capped = f"(SELECT 1 FROM {source.table} FINAL WHERE {where.sql} LIMIT {EXACT_TOTAL + 1})"
    count = _count(capped, where)
    if count <= EXACT_TOTAL:
        return count
    space, name = where.params["project_id"], f"total:{source.table}:{_digest(where)}"
    return int(cache.cached(space, name, lambda: str(_count(f"{source.table} FINAL WHERE {where.sql}", where)).encode(), ttl_s=5))


def _count(source: str, where: Conditions) -> int:
    return clickhouse.query(f"SELECT count() AS n FROM {source}", where.params)[0]["n"]


def _digest(where: Conditions) -> str:
    return sha256(repr((where.sql, where.params)).encode()).hexdigest()
