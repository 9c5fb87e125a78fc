"""ClickHouse queries of scores."""

from collections.abc import Sequence
from typing import Any

from langfuse_app.core.filters.choice import Choice
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import Conditions
from langfuse_app.features.scores.repository_columns import COLUMNS
from langfuse_app.features.scores.schemas import ScoreCursor, ScoreQuery
from langfuse_app.stores import clickhouse
from langfuse_app.stores.newest import SCORES, newest, total

Row = dict[str, Any]

_COLUMNS = (
    "id, project_id, timestamp, name, data_type, value, string_value, long_string_value, source, environment, trace_id, session_id,"
    " observation_id, dataset_run_id, comment, metadata, author_user_id, config_id, queue_id, created_at, updated_at"
)
# field of ScoreQuery → column of the filter, for the lists that are joined by OR
_LISTS = {
    "names": "name",
    "environments": "environment",
    "sources": "source",
    "data_types": "dataType",
    "ids": "id",
    "config_ids": "configId",
    "queue_ids": "queueId",
    "author_user_ids": "authorUserId",
    "trace_ids": "traceId",
    "session_ids": "sessionId",
    "observation_ids": "observationId",
    "dataset_run_ids": "datasetRunId",
    "texts": "stringValue",
}
OPERATORS = ("<", ">", "<=", ">=", "!=", "=")


def _matching(scope: ProjectScope, query: ScoreQuery) -> Conditions:
    where = Conditions(scope)
    choice = Choice(where, query.filters, COLUMNS)
    choice.between("timestamp", query.from_time, query.to_time)
    for field, name in _LISTS.items():
        choice.any_of(name, getattr(query, field))
    choice.equal("userId", query.user_id)
    choice.all_of("tags", query.trace_tags)
    if query.kinds_of_v1:
        where.add("trace_id != '' AND data_type != 'CORRECTION'")
    if choice.free("value"):
        _values(where, query)
    choice.apply()
    return where


def _values(where: Conditions, query: ScoreQuery) -> None:
    if query.operator in OPERATORS and query.value is not None:
        where.add(f"value {query.operator} {where.bind(query.value, 'Float64')}")
    if query.numbers:
        where.add(f"value IN {where.bind(list(query.numbers), 'Array(Float64)')}")
    if query.value_min is not None:
        where.add(f"value >= {where.bind(query.value_min, 'Float64')}")
    if query.value_max is not None:
        where.add(f"value <= {where.bind(query.value_max, 'Float64')}")


def page(scope: ProjectScope, query: ScoreQuery) -> tuple[list[Row], int]:
    """One page, newest first, and how many match."""
    where = _matching(scope, query)
    return newest(SCORES, _COLUMNS, where, query.limit, query.offset), total(SCORES, where)


def after(scope: ProjectScope, query: ScoreQuery, cursor: ScoreCursor | None, limit: int) -> list[Row]:
    """At most `limit` rows behind the cursor, newest first."""
    where = _matching(scope, query)
    if cursor:
        moment = where.moment(cursor.timestamp)
        where.add(f"timestamp <= {moment}")
        where.add(f"(timestamp, id) < ({moment}, {where.bind(cursor.id, 'String')})")
    return newest(SCORES, _COLUMNS, where, limit)


def one(scope: ProjectScope, score_id: str) -> Row | None:
    """One score."""
    where = Conditions(scope)
    where.equal("id", score_id)
    rows = clickhouse.query(f"SELECT {_COLUMNS} FROM scores FINAL WHERE {where.sql} ORDER BY event_ts DESC LIMIT 1", where.params)
    return rows[0] if rows else None


def of_trace(scope: ProjectScope, trace_id: str) -> list[Row]:
    """All scores of a trace and of its observations, oldest first."""
    where = Conditions(scope)
    where.equal("trace_id", trace_id)
    return clickhouse.query(f"SELECT {_COLUMNS} FROM scores FINAL WHERE {where.sql} ORDER BY timestamp, id", where.params)


def ids_by_trace(scope: ProjectScope, trace_ids: Sequence[str]) -> dict[str, list[str]]:
    """The ids of the scores of these traces, oldest first."""
    where = Conditions(scope)
    where.any_of("trace_id", trace_ids)
    ids = "arrayMap(pair -> pair.2, arraySort(groupArray((timestamp, id))))"
    rows = clickhouse.query(f"SELECT trace_id, {ids} AS ids FROM scores FINAL WHERE {where.sql} GROUP BY trace_id", where.params)
    return {row["trace_id"]: row["ids"] for row in rows}


def traces(scope: ProjectScope, trace_ids: Sequence[str]) -> dict[str, Row]:
    """User, session, tags and environment of these traces, by id."""
    where = Conditions(scope)
    where.any_of("id", trace_ids)
    rows = clickhouse.query(f"SELECT id, user_id, session_id, tags, environment FROM traces FINAL WHERE {where.sql}", where.params)
    return {row["id"]: row for row in rows}
