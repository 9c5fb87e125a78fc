"""ClickHouse statements of ingestion: whole batches of rows in, the stored rows that a merge needs out, the ledger."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import portions
from langfuse_app.core.time import from_us
from langfuse_app.ingestion.rows import LedgerRow, ObservationRow, ScoreRow, TraceRow
from langfuse_app.stores import clickhouse

TABLES: dict[type[msgspec.Struct], str] = {
    ObservationRow: "observations",
    TraceRow: "traces",
    ScoreRow: "scores",
    LedgerRow: "ingestion_log",
}
# ClickHouse refuses an insert over 100 partitions; half of that leaves room for a month's neighbours.
PARTITIONS_PER_INSERT = 50
_DAY, _MINUTE = 86_400_000_000, 60_000_000  # µs
_MINUTES_PER_QUERY = 2_000  # whose texts fit one parameter
# A text index costs as much to build as to merge, so it is built once, by the first merge; until then a part is scanned,
# of which there are at most ten small ones (clickhouse/0002_merging.sql).
_LATER = {"exclude_materialize_skip_indexes_on_insert": "text_input,text_output,text_input_wide,text_output_wide"}
_EACH_ONCE = {"optimize_on_insert": 0}  # a batch holds every key once, there is nothing to merge before it is written
_SETTINGS = {"observations": _LATER | _EACH_ONCE, "traces": _EACH_ONCE, "scores": _EACH_ONCE, "ingestion_log": _EACH_ONCE}
Row = TypeVar("Row", ObservationRow, TraceRow, ScoreRow, LedgerRow)


@lru_cache
def _types(table: str) -> dict[str, str]:
    """Column → type, asked once per process."""
    return {row["name"]: row["type"] for row in clickhouse.query(f"DESCRIBE TABLE {table}")}


def insert_rows(rows: Sequence[Row]) -> None:
    """One native insert per table (more only where partitions force it); rows are of one kind, in any order."""
    if not rows:
        return
    kind = type(rows[0])
    columns = kind.__struct_fields__
    types = _types(TABLES[kind])
    for part in _by_partitions(sorted(rows, key=_place)):
        said = dict(zip(columns, zip(*map(msgspec.structs.astuple, part), strict=True), strict=True))
        said = {column: values for column, values in said.items() if _says(types[column], values)}
        clickhouse.insert(TABLES[kind], list(said), list(said.values()), [types[column] for column in said], _SETTINGS[TABLES[kind]])


def _says(kind: str, values: Sequence[Any]) -> bool:
    """Whether a column holds more than its type's default, which ClickHouse fills in by itself for less."""
    return any(value is not None for value in values) if kind.startswith("Nullable") else any(values)


def _place(row: Any) -> tuple[str, int, str, str]:
    """The table's order: rows that come in it are written as they are, without a second copy of a hundred megabytes."""
    if isinstance(row, ObservationRow):
        return row.project_id, row.start_time // _MINUTE, row.trace_id, row.id
    if isinstance(row, LedgerRow):
        return row.project_id, row.received_at // _MINUTE, row.request_id, f"{row.shard:05}"
    return row.project_id, row.timestamp // _DAY, row.id, ""


@lru_cache(maxsize=4_096)
def _month(day: int) -> str:
    return f"{from_us(day * _DAY):%Y%m}"


def _partition(row: Any) -> str:
    if isinstance(row, LedgerRow):
        return str(row.received_at // _DAY)
    return _month((row.start_time if isinstance(row, ObservationRow) else row.timestamp) // _DAY)


def _by_partitions(rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[_partition(row)].append(row)
    if len(groups) <= PARTITIONS_PER_INSERT:
        yield rows
        return
    months = sorted(groups)
    for start in range(0, len(months), PARTITIONS_PER_INSERT):
        yield [row for month in months[start : start + PARTITIONS_PER_INSERT] for row in groups[month]]


def _selection(kind: type[Any]) -> str:
    types = _types(TABLES[kind])
    return ", ".join(
        f"toUnixTimestamp64Micro({column}) AS {column}" if "DateTime64" in types[column] else column for column in kind.__struct_fields__
    )


def _rows(kind: type[Row], where: str, params: dict[str, Any], one_by: str = "id") -> list[Row]:
    # The inner names shadow columns of the same name in WHERE; a subquery keeps the raw columns for the key conditions.
    names = ", ".join(kind.__struct_fields__)
    sql = (
        f"SELECT {_selection(kind)} FROM (SELECT {names} FROM {TABLES[kind]} WHERE {where}"
        f" ORDER BY event_ts DESC, is_deleted DESC LIMIT 1 BY {one_by})"
    )
    return [kind(**row) for row in clickhouse.query(sql, params)]


def stored_traces(scope: ProjectScope, ids: Sequence[str], first: int, last: int) -> list[TraceRow]:
    """The newest version of those traces, tombstones included; first and last bound their timestamps (microseconds)."""
    where = (
        "project_id = {project:String} AND id IN {ids:Array(String)} AND timestamp BETWEEN {first:DateTime64(6)} AND {last:DateTime64(6)}"
    )
    return [row for part in portions(ids) for row in _rows(TraceRow, where, _params(scope, part, first, last))]


def stored_observations(scope: ProjectScope, keys: Sequence[tuple[str, str]], first: int, last: int) -> list[ObservationRow]:
    """The newest version of those observations (trace id, id), within the traces' windows."""
    where = (
        "project_id = {project:String} AND trace_id IN {traces:Array(String)} AND id IN {ids:Array(String)}"
        " AND start_time BETWEEN {first:DateTime64(6)} AND {last:DateTime64(6)}"
    )
    rows: list[ObservationRow] = []
    for trace_ids, ids in _key_portions(keys):
        rows += _rows(ObservationRow, where, _params(scope, ids, first, last) | {"traces": trace_ids}, "trace_id, id")
    return rows


def stored_minutes(scope: ProjectScope, keys: Sequence[tuple[str, str]], minutes: Set[int]) -> dict[tuple[str, str], set[int]]:
    """In which of the minutes (since the epoch) those observations (trace id, id) have a row, which may be a tombstone.

    Reads keys only.
    """
    # `by_trace` has found the granules; to ask `by_id` for thousands of ids costs more than to read their ids.
    sql = (
        "SELECT DISTINCT trace_id, id, intDiv(toUnixTimestamp(start_time), 60) AS minute FROM observations"
        " WHERE project_id = {project:String} AND trace_id IN {traces:Array(String)} AND id IN {ids:Array(String)}"
        " AND toStartOfMinute(start_time) IN {minutes:Array(DateTime('UTC'))}"
        " AND start_time BETWEEN {first:DateTime64(6)} AND {last:DateTime64(6)} SETTINGS ignore_data_skipping_indices = 'by_id'"
    )
    times = [from_us(minute * _MINUTE) for minute in sorted(minutes)]
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for start in range(0, len(times), _MINUTES_PER_QUERY):
        some = times[start : start + _MINUTES_PER_QUERY]
        bounds = {"minutes": some, "first": some[0], "last": some[-1] + timedelta(minutes=1)}
        for trace_ids, ids in _key_portions(keys):
            for row in clickhouse.query(sql, {"project": scope.project_id, "traces": trace_ids, "ids": ids} | bounds):
                found[row["trace_id"], row["id"]].add(row["minute"])
    return found


def _key_portions(keys: Sequence[tuple[str, str]]) -> Iterator[tuple[list[str], list[str]]]:
    """Keys as lists of trace ids and of ids that each fit a parameter."""
    ids_of: dict[str, list[str]] = defaultdict(list)
    for trace_id, id in keys:
        ids_of[trace_id].append(id)
    for trace_ids in portions(sorted(ids_of)):
        for ids in portions(sorted({id for trace_id in trace_ids for id in ids_of[trace_id]})):
            yield list(trace_ids), list(ids)


def stored_scores(scope: ProjectScope, ids: Sequence[str]) -> list[ScoreRow]:
    """The newest version of those scores."""
    where = "project_id = {project:String} AND id IN {ids:Array(String)}"
    return [row for part in portions(ids) for row in _rows(ScoreRow, where, {"project": scope.project_id, "ids": list(part)})]


def _params(scope: ProjectScope, ids: Sequence[str], first: int, last: int) -> dict[str, Any]:
    return {"project": scope.project_id, "ids": list(ids), "first": from_us(first), "last": from_us(last)}


def logged_shards(request_ids: Sequence[str], since: int, until: int) -> dict[str, set[int]]:
    """Request id → shards that have their ledger row; for the sweep, over all projects. since and until bound their arrival (microseconds)."""
    sql = (
        "SELECT request_id, groupUniqArray(shard) AS shards FROM ingestion_log"
        " WHERE received_at BETWEEN {since:DateTime64(6)} AND {until:DateTime64(6)} AND request_id IN {ids:Array(String)} GROUP BY request_id"
    )
    rows = clickhouse.query(sql, {"since": from_us(since), "until": from_us(until), "ids": list(request_ids)})
    return {row["request_id"]: set(row["shards"]) for row in rows}
