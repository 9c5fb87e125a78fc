"""ClickHouse queries of observations. Windows come from PostgreSQL and only narrow what is read."""

from collections.abc import Iterable, Sequence
from typing import Any

from langfuse_app.core.filters.choice import Choice
from langfuse_app.core.filters.search import search
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import Conditions, summed
from langfuse_app.features.observations.repository import Span
from langfuse_app.features.observations.repository_columns import COLUMNS, IS_ROOT
from langfuse_app.features.observations.schemas import ObservationCursor, ObservationQuery
from langfuse_app.stores import clickhouse, row_stream
from langfuse_app.stores.newest import OBSERVATIONS, Found, newest_page, total

Row = dict[str, Any]

_COLUMNS = (
    "id, trace_id, project_id, type, parent_observation_id, is_app_root, name, start_time, end_time, completion_start_time,"
    " environment, version, release, level, status_message, provided_model_name, internal_model_id, model_parameters,"
    " usage_details, cost_details, total_cost, unit_prices, cost_source, cost_model_id, usage_pricing_tier_id,"
    " usage_pricing_tier_name, prompt_id, prompt_name, prompt_version, tool_call_names, trace_name, user_id, session_id,"
    " tags, public, source, service_name, scope_name, scope_version, ingestion_sdk_name, ingestion_sdk_version,"
    " created_at, updated_at"
)
_IO = ", input, output"
_METADATA = ", metadata"
_TOOLS = ", tool_definitions, tool_calls"


_NODE = (
    "id, parent_observation_id, type, name, start_time, end_time, completion_start_time, level, status_message, provided_model_name,"
    f" {summed('usage_details', 'input')} AS input_tokens, {summed('usage_details', 'output')} AS output_tokens,"
    " usage_details['total'] AS total_tokens, total_cost"
)
_SUMS = (
    "trace_id, count() AS observations, countIf(level = 'ERROR') AS errors, countIf(level = 'WARNING') AS warnings,"
    " countIf(level = 'DEBUG') AS debugs, dateDiff('microsecond', min(start_time), max(coalesce(end_time, start_time))) AS latency_us,"
    f" sum({summed('usage_details', 'input')}) AS input_tokens, sum({summed('usage_details', 'output')}) AS output_tokens,"
    f" sum(usage_details['total']) AS total_tokens, sum({summed('cost_details', 'input')}) AS input_cost,"
    f" sum({summed('cost_details', 'output')}) AS output_cost, sum(total_cost) AS total_cost"
)


def columns(*, io: bool = True, metadata: bool = True, tools: bool = False) -> str:
    """The columns of an item; payloads only where they are wanted."""
    return _COLUMNS + (_IO if io else "") + (_METADATA if metadata else "") + (_TOOLS if tools else "")


def _within(where: Conditions, span: Span | None) -> None:
    if span:
        where.compare("start_time", ">=", span.first)
        where.compare("start_time", "<=", span.last)
        if span.minutes:
            # the sorting key itself: traces that lie far apart are found without reading what is between them
            minutes = where.bind(span.minutes, "Array(DateTime('UTC'))")
            where.add(f"toStartOfMinute(start_time) IN {minutes}")


_SIMPLE = {
    "name": "name",
    "type": "type",
    "traceId": "trace_id",
    "level": "level",
    "version": "version",
    "parentObservationId": "parent_observation_id",
    "userId": "user_id",
    "sessionId": "session_id",
}


def _matching(scope: ProjectScope, query: ObservationQuery) -> Conditions:
    where = Conditions(scope)
    choice = Choice(where, query.filters, COLUMNS)
    choice.between("startTime", query.from_time, query.to_time)
    for name, field in _SIMPLE.items():
        choice.equal(name, getattr(query, field))
    choice.any_of("environment", query.environments)
    if query.is_root is not None and choice.free("isRootObservation"):
        where.add(f"{IS_ROOT} = {where.bind(query.is_root, 'Bool')}")
    choice.apply()
    if query.search:
        search(where, ("input", "output"), query.search)
    return where


def page(scope: ProjectScope, query: ObservationQuery) -> tuple[Found, int]:
    """One page, newest first, and how many match."""
    where = _matching(scope, query)
    number = total(OBSERVATIONS, where)
    return newest_page(OBSERVATIONS, columns(), where, query.limit, query.offset), number


def after(scope: ProjectScope, query: ObservationQuery, cursor: ObservationCursor | None, wanted: str, limit: int) -> Found:
    """At most `limit` rows behind the cursor, newest first."""
    where = _matching(scope, query)
    if cursor:
        moment = where.moment(cursor.start_time)
        where.add(f"start_time <= {moment}")
        ids = f"{where.bind(cursor.trace_id, 'String')}, {where.bind(cursor.id, 'String')}"
        where.add(f"(start_time, trace_id, id) < ({moment}, {ids})")
    return newest_page(OBSERVATIONS, wanted, where, limit)


def one(scope: ProjectScope, observation_id: str, trace_id: str | None, span: Span | None) -> Row | None:
    """One observation with all its columns; the newest where several traces use the same id."""
    where = Conditions(scope)
    where.equal("trace_id", trace_id)
    where.equal("id", observation_id)
    _within(where, span)
    sql = f"SELECT {columns(tools=True)} FROM observations FINAL WHERE {where.sql} ORDER BY start_time DESC, trace_id DESC LIMIT 1"
    rows = clickhouse.query(sql, where.params)
    return rows[0] if rows else None


def of_trace(scope: ProjectScope, trace_id: str, span: Span | None) -> Iterable[Row]:
    """All observations of a trace with payloads, by start: a list, or one by one where they are large."""
    return row_stream.rows(*_of_trace(scope, trace_id, span, columns()))


def nodes(scope: ProjectScope, trace_id: str, span: Span | None) -> list[Row]:
    """All observations of a trace without payloads, by start."""
    return clickhouse.query(*_of_trace(scope, trace_id, span, _NODE))


def _of_trace(scope: ProjectScope, trace_id: str, span: Span | None, wanted: str) -> tuple[str, dict[str, Any]]:
    where = Conditions(scope)
    where.equal("trace_id", trace_id)
    _within(where, span)
    return f"SELECT {wanted} FROM observations FINAL WHERE {where.sql} ORDER BY start_time, id", where.params


def sums(scope: ProjectScope, trace_ids: Sequence[str], span: Span | None, *, with_ids: bool) -> list[Row]:
    """Counts, latency, tokens and costs per trace; with the ids of the observations by start where wanted."""
    where = Conditions(scope)
    where.any_of("trace_id", trace_ids)
    _within(where, span)
    ids = ", arrayMap(pair -> pair.2, arraySort(groupArray((start_time, id)))) AS ids" if with_ids else ""
    return clickhouse.query(f"SELECT {_SUMS}{ids} FROM observations FINAL WHERE {where.sql} GROUP BY trace_id", where.params)


def traces(scope: ProjectScope, trace_ids: Sequence[str]) -> dict[str, Row]:
    """What the trace rows say about these traces, by id."""
    where = Conditions(scope)
    where.any_of("id", trace_ids)
    wanted = "id, name, user_id, session_id, release, tags, public, bookmarked"
    return {row["id"]: row for row in clickhouse.query(f"SELECT {wanted} FROM traces FINAL WHERE {where.sql}", where.params)}
