"""ClickHouse queries of traces."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from langfuse_app.core.filters.choice import Choice
from langfuse_app.core.filters.search import contains
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import Conditions
from langfuse_app.features.traces.repository_columns import columns
from langfuse_app.features.traces.schemas import ORDER_COLUMNS, TraceQuery
from langfuse_app.stores import clickhouse, row_stream
from langfuse_app.stores.newest import TRACES, Found, newest_page, total

Row = dict[str, Any]

_COLUMNS = "id, timestamp, name, user_id, session_id, release, version, environment, tags, public, bookmarked, created_at, updated_at"
PAYLOADS = ", input, output, metadata"
PREVIEWS = (
    ", substringUTF8(input, 1, 200) AS input_preview, substringUTF8(output, 1, 200) AS output_preview,"
    " mapApply((k, v) -> (k, substringUTF8(v, 1, 200)), metadata) AS metadata_preview"
)


def _matching(scope: ProjectScope, query: TraceQuery) -> Conditions:
    where = Conditions(scope)
    since = where.moment(query.from_time) if query.from_time and not query.filters_time else ""
    choice = Choice(where, query.filters, columns(since))
    choice.between("timestamp", query.from_time, query.to_time)
    for name, value in (
        ("userId", query.user_id),
        ("name", query.name),
        ("sessionId", query.session_id),
        ("version", query.version),
        ("release", query.release),
    ):
        choice.equal(name, value)
    choice.any_of("environment", query.environments)
    choice.all_of("traceTags", query.tags)
    choice.apply()
    if query.search:
        _search(where, query.search, since if query.contents else None)
    return where


def _search(where: Conditions, text: str, since: str | None) -> None:
    """The id, a part of the name in any case, and unless `since` is None the payloads of the trace and of its observations."""
    words = where.bind(text, "String")
    parts = [f"startsWith(id, {words})", f"positionCaseInsensitiveUTF8(name, {words}) > 0"]
    if since is not None:
        parts += [f"position({column}, {words}) > 0" for column in ("input", "output")]
        parts.append(f"arrayExists(v -> position(v, {words}) > 0, mapValues(metadata))")
        spans = [contains(where, column, text) for column in ("input", "output")]
        within = f" AND start_time >= {since} - INTERVAL 2 DAY" if since else ""
        parts.append(
            f"id IN (SELECT trace_id FROM observations WHERE project_id = {{project_id:String}}{within} AND ({' OR '.join(spans)}))"
        )
    where.add(f"({' OR '.join(parts)})")


def page(scope: ProjectScope, query: TraceQuery, payloads: str) -> Found:
    """One page; `payloads` is PAYLOADS, PREVIEWS or ''."""
    where = _matching(scope, query)
    if query.order_by == "timestamp" and query.descending:
        return newest_page(TRACES, _COLUMNS + payloads, where, query.limit, query.offset)
    rows = row_stream.rows(_ordered(where, query, _COLUMNS + payloads), where.params)
    return Found(rows if isinstance(rows, list) else clickhouse.query(_ordered(where, query, "id"), where.params), rows)


def _ordered(where: Conditions, query: TraceQuery, columns: str) -> str:
    direction = "DESC" if query.descending else "ASC"
    return (
        f"SELECT {columns} FROM traces FINAL WHERE {where.sql}"
        f" ORDER BY {ORDER_COLUMNS[query.order_by]} {direction}, timestamp DESC, id DESC"
        f" LIMIT {int(query.limit)} OFFSET {int(query.offset)}"
    )


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


def of_session(scope: ProjectScope, session_id: str) -> Iterable[Row]:
    """All traces of a session with payloads, oldest first: a list, or one by one where they are large."""
    where = Conditions(scope)
    where.equal("session_id", session_id)
    return row_stream.rows(f"SELECT {_COLUMNS}{PAYLOADS} FROM traces FINAL WHERE {where.sql} ORDER BY timestamp, id", where.params)


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
