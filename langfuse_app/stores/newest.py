"""Pages of the newest rows of a replacing table, exact and cheap at once.

Reading with FINAL merges all versions of all rows in range, so it is asked for few: first the newest *versions* that match are
found without merging, in the order of the sorting key and by the indexes. A row matches when its newest version is one of them;
FINAL reads just those keys. Every row later than the last version found is known then.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from langfuse_app.core.lazy import begun
from langfuse_app.core.sql import Conditions
from langfuse_app.core.time import to_us
from langfuse_app.stores import cache, clickhouse, row_stream

EXACT_TOTAL = 100_000

_MOST_KEYS = 1_000  # and not more than a parameter holds
_KEY_BYTES = 100_000

# Buffered reading in order reads whole blocks of every part for the last bits of the sort: 150 ms instead of 7.
_IN_ORDER = {"read_in_order_use_buffering": 0}

Row = dict[str, Any]


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


@dataclass(frozen=True, slots=True)
class Found:
    """A page: its rows, and what identifies each of them (time and ids). A large page's rows are read one by one."""

    keys: list[Row]
    rows: Iterable[Row]


def newest_page(source: Versioned, columns: str, where: Conditions, limit: int, offset: int = 0) -> Found:
    """The page of `newest`. A row that is deleted while a large page is read is left out."""
    try:
        rows = newest(source, columns, where, limit, offset, clickhouse.AT_ONCE)
        return Found(rows, rows)
    except clickhouse.LargeAnswerError:
        found = newest(source, ", ".join((source.time, *source.ties)), where, limit, offset)
        keys = [row | {"_time": to_us(row[source.time])} for row in found]
        return Found(keys, begun(_streamed(source, columns, where, keys)))


def _streamed(source: Versioned, columns: str, where: Conditions, keys: Sequence[Row]) -> Iterator[Row]:
    """The rows of these keys in their order, as they are now."""
    for part in _parts(source, keys):
        keyed, params = _keyed(source, where, part, versioned=False)
        yield from row_stream.stream(f"SELECT {columns} FROM {source.table} FINAL WHERE {keyed} ORDER BY {_order(source)}", params)


def _parts(source: Versioned, keys: Iterable[Row]) -> Iterator[list[Row]]:
    """The keys in pieces that each fit the parameters of a query."""
    part: list[Row] = []
    size = 0
    for key in keys:
        size += _key_bytes(source, key)
        if part and size > _KEY_BYTES:
            yield part
            part, size = [], _key_bytes(source, key)
        part.append(key)
    if part:
        yield part


def _key_bytes(source: Versioned, key: Row) -> int:
    return sum(len(key[name].encode()) + 3 for name in source.ties)


def newest(
    source: Versioned, columns: str, where: Conditions, limit: int, offset: int = 0, settings: dict[str, Any] | None = None
) -> list[Row]:
    """Rows `offset`…`offset + limit` of those that match, newest first, in a total order; `settings` are those of `clickhouse.query`."""
    if limit <= 0:
        return []
    versions = offset + limit + (2 if where.reads_payloads else (offset + limit) // 8 + 8)
    while versions <= _MOST_KEYS:
        found = _versions(source, where, versions)
        if not _fits(source, found):
            break
        complete = len(found) < versions
        rows = _merged(source, columns, where, found, limit, offset, settings, complete=complete) if found else []
        if complete or len(rows) == limit:
            return rows
        versions *= 4  # too many of them stand for rows no longer
    return _page(source, columns, where, limit, offset, settings)


def _versions(source: Versioned, where: Conditions, limit: int) -> list[Row]:
    """The keys of the newest versions that match."""
    ties = ", ".join(source.ties)
    sql = (
        f"SELECT {_micros(source.time)} AS _time, {ties}, {_micros('event_ts')} AS _version"
        f" FROM {source.table} WHERE {where.sql} ORDER BY {source.bucket} DESC, {source.time} DESC LIMIT {int(limit)}"
    )
    return clickhouse.query(sql, where.params, _IN_ORDER)


def _fits(source: Versioned, found: list[Row]) -> bool:
    """Whether the keys can be parameters: ids may be long."""
    return all(sum(len(row[name].encode()) + 3 for row in found) < _KEY_BYTES for name in source.ties)


def _merged(
    source: Versioned,
    columns: str,
    where: Conditions,
    found: list[Row],
    limit: int,
    offset: int,
    settings: dict[str, Any] | None,
    *,
    complete: bool,
) -> list[Row]:
    """The rows whose newest version is one of those found; unless they are all, only rows later than the last of them."""
    keyed, params = _keyed(source, where, found)
    sql = (
        f"SELECT {columns}, {_micros(source.time)} AS _time FROM {source.table} FINAL WHERE {keyed}"
        f" ORDER BY {_order(source)} LIMIT {int(limit)} OFFSET {int(offset)}"
    )
    rows = clickhouse.query(sql, params, settings)
    # not in the statement: a condition on the time leaves out whole parts, and with them newer versions, before FINAL merges
    return rows if complete else [row for row in rows if row["_time"] > found[-1]["_time"]]


def _keyed(source: Versioned, where: Conditions, found: Sequence[Row], *, versioned: bool = True) -> tuple[str, dict[str, Any]]:
    """The condition that a row is one of these, and unless not `versioned`, that its newest version is; and its parameters."""
    moments = {source.time: "_time"} | ({"event_ts": "_version"} if versioned else {})
    names = {**moments, **{name: name for name in source.ties}}
    kinds = ["Array(Int64)"] * len(moments) + ["Array(String)"] * len(source.ties)
    columns = [f"{{k{place}:{kind}}}" for place, kind in enumerate(kinds)]
    parts = [f"{_moment(place) if name in moments else f'_key.{place}'} AS {name}" for place, name in enumerate(names, 1)]
    row = ", ".join([source.bucket, *source.ties, *(["event_ts"] if versioned else [])])
    keys = f"SELECT {row} FROM (SELECT {', '.join(parts)} FROM (SELECT arrayJoin(arrayZip({', '.join(columns)})) AS _key))"
    params = {f"k{place}": [row[given] for row in found] for place, given in enumerate(names.values())}
    return f"project_id = {{project_id:String}} AND ({row}) IN ({keys})", {"project_id": where.params["project_id"], **params}


def _page(source: Versioned, columns: str, where: Conditions, limit: int, offset: int, settings: dict[str, Any] | None) -> list[Row]:
    """A page far down, or among very many dead versions: everything that matches is merged."""
    sql = f"SELECT {columns} FROM {source.table} FINAL WHERE {where.sql} ORDER BY {_order(source)} LIMIT {int(limit)} OFFSET {int(offset)}"
    return clickhouse.query(sql, where.params, settings)


def _order(source: Versioned) -> str:
    return ", ".join(f"{column} DESC" for column in (source.time, *source.ties))


def _moment(place: int) -> str:
    return f"fromUnixTimestamp64Micro(_key.{place}, 'UTC')"


def _micros(column: str) -> str:
    return f"toUnixTimestamp64Micro({column})"


def total(source: Versioned, where: Conditions) -> int:
    """How many rows match: exact to EXACT_TOTAL, beyond that at most 5 seconds old."""
    counted: list[int] = []

    def load() -> bytes:
        counted.append(_exact(source, where))
        return str(counted[0]).encode() if counted[0] > EXACT_TOTAL else b""

    large = cache.cached(where.params["project_id"], f"total:{source.table}:{_digest(where)}", load, ttl_s=5)
    if large:
        return int(large)
    return counted[0] if counted else _exact(source, where)


def _exact(source: Versioned, where: Conditions) -> int:
    if where.reads_payloads:
        found = _versions(source, where, _MOST_KEYS)
        if len(found) < _MOST_KEYS and _fits(source, found):
            keyed, params = _keyed(source, where, found)
            return _count(f"{source.table} FINAL WHERE {keyed}", params) if found else 0
    return _count(f"{source.table} FINAL WHERE {where.sql}", where.params)


def _count(source: str, params: dict[str, Any]) -> int:
    return clickhouse.query(f"SELECT count() AS n FROM {source}", params)[0]["n"]


def _digest(where: Conditions) -> str:
    return sha256(repr((where.sql, where.params)).encode()).hexdigest()
