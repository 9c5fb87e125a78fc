"""ClickHouse queries of traces."""

from datetime import datetime
from typing import Any

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import Conditions
from langfuse_app.features.traces.schemas import ORDER_COLUMNS, TraceQuery
from langfuse_app.stores import clickhouse
from langfuse_app.stores.newest import TRACES, newest, total

Row = dict[str, Any]

_COLUMNS = "id, timestamp, name, user_id, session_id, release, version, environment, tags, public, bookmarked, created_at, updated_at"
PAYLOADS = ", input, output, metadata"
PREVIEWS = (
    ", substringUTF8(input, 1, 200) AS input_preview, substringUTF8(output, 1, 200) AS output_preview,"
    " mapApply((k, v) -> (k, substringUTF8(v, 1, 200)), metadata) AS metadata_preview"
)


def _matching(scope: ProjectScope, query: TraceQuery) -> Conditions:
    where = Conditions(scope)
    where.between("timestamp", query.from_time, query.to_time)
    for column in ("user_id", "name", "session_id", "version", "release"):
        where.equal(column, getattr(query, column))
    where.any_of("environment", query.environments)
    if query.tags:
        where.add(f"hasAll(tags, {where.bind(list(query.tags), 'Array(String)')})")
    if query.search:
        words = where.bind(query.search, "String")
        where.add(f"(startsWith(id, {words}) OR positionCaseInsensitiveUTF8(name, {words}) > 0)")
    return where


def page(scope: ProjectScope, query: TraceQuery, payloads: str) -> list[Row]:
    """One page; `payloads` is PAYLOADS, PREVIEWS or ''."""
    where = _matching(scope, query)
    if query.order_by == "timestamp" and query.descending:
        return newest(TRACES, _COLUMNS + payloads, where, query.limit, query.offset)
    direction = "DESC" if query.descending else "ASC"
    sql = (
        f"SELECT {_COLUMNS}{payloads} FROM traces FINAL WHERE {where.sql}"
        f" ORDER BY {ORDER_COLUMNS[query.order_by]} {direction}, timestamp DESC, id DESC"
        f" LIMIT {int(query.limit)} OFFSET {int(query.offset)}"
    )
    return clickhouse.query(sql, where.params)


def count(scope: ProjectScope, query: TraceQuery) -> int:
    """How many traces match."""
    return total(TRACES, _matching(scope, query))


def one(scope: ProjectScope, trace_id: str) -> Row | None:
    """One trace with its payloads."""
    where = Conditions(scope)
    where.equal("id", trace_id)
    sql = f"SELECT {_COLUMNS}{PAYLOADS} FROM traces FINAL WHERE {where.sql} ORDER BY event_ts DESC LIMIT 1"
    rows = clickhouse.query(sql, where.params)
    return rows[0] if rows else None


def of_session(scope: ProjectScope, session_id: str) -> list[Row]:
    """All traces of a session with payloads, oldest first."""
    where = Conditions(scope)
    where.equal("session_id", session_id)
    return clickhouse.query(f"SELECT {_COLUMNS}{PAYLOADS} FROM traces FINAL WHERE {where.sql} ORDER BY timestamp, id", where.params)


def volume(scope: ProjectScope, query: TraceQuery, start_time: datetime, end_time: datetime, width_us: int) -> list[Row]:
    """Traces and traces with an error, per slice of `width_us` from `start_time` on."""
    where = _matching(scope, query)
    start, end = where.moment(start_time), where.moment(end_time)
    slot = f"intDiv(toUnixTimestamp64Micro(timestamp) - toUnixTimestamp64Micro({start}), {int(width_us)})"
    errors = (
        "SELECT DISTINCT trace_id FROM observations FINAL WHERE project_id = {project_id:String}"
        f" AND level = 'ERROR' AND start_time >= {start} - INTERVAL 1 DAY AND start_time < {end} + INTERVAL 1 DAY"
    )
    sql = (
        f"SELECT {slot} AS slot, count() AS traces, countIf(id IN ({errors})) AS errors"
        f" FROM traces FINAL WHERE {where.sql} GROUP BY slot ORDER BY slot"
    )
    return clickhouse.query(sql, where.params)


def first_and_last(scope: ProjectScope, query: TraceQuery) -> tuple[datetime, datetime] | None:
    """The first and the last timestamp of those that match; None when there are none."""
    where = _matching(scope, query)
    sql = f"SELECT min(timestamp) AS first, max(timestamp) AS last, count() AS n FROM traces WHERE {where.sql}"
    row = clickhouse.query(sql, where.params)[0]
    return (row["first"], row["last"]) if row["n"] else None


def copy_bookmark(scope: ProjectScope, trace_id: str, bookmarked: bool) -> None:
    """Write the flag into the row's next version. The version moves by a microsecond only, so that an event that is
    on its way still comes after it."""
    where = Conditions(scope)
    where.equal("id", trace_id)
    changed = f"{where.bind(bookmarked, 'Bool')} AS bookmarked, event_ts + INTERVAL 1 MICROSECOND AS event_ts"
    where_sql = where.sql
    clickhouse.command(f"INSERT INTO traces SELECT * REPLACE ({changed}) FROM traces FINAL WHERE {where_sql}", where.params)
