"""Reads of the ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from langfuse_app.core.pagination import Place
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import portions
from langfuse_app.stores import clickhouse

_COLUMNS = (
    "request_id, received_at, processed_at, public_key, sdk_name, sdk_version, payload,"
    " event_ids, entity_kinds, entity_ids, outcomes, reasons"
)


def rows_about(scope: ProjectScope, id: str, limit: int) -> list[dict[str, Any]]:
    """Ledger rows that mention an event id, an entity id or a request id, newest first."""
    sql = (
        f"SELECT {_COLUMNS} FROM ingestion_log FINAL WHERE project_id = {{project:String}}"
        " AND (has(event_ids, {id:String}) OR has(entity_ids, {id:String}) OR request_id = {id:String})"
        " ORDER BY received_at DESC LIMIT {limit:UInt32}"
    )
    return clickhouse.query(sql, {"project": scope.project_id, "id": id, "limit": limit})


def newest_rows(scope: ProjectScope, outcome: str, limit: int) -> list[dict[str, Any]]:
    """The newest ledger rows; with an outcome only those that hold one such event."""
    sql = (
        f"SELECT {_COLUMNS} FROM ingestion_log FINAL WHERE project_id = {{project:String}}"
        " AND ({outcome:String} = '' OR has(outcomes, {outcome:String})) ORDER BY received_at DESC LIMIT {limit:UInt32}"
    )
    return clickhouse.query(sql, {"project": scope.project_id, "outcome": outcome, "limit": limit})


class LoggedRequest(NamedTuple):
    """A request that was processed, and where it lies in the raw log."""

    id: str
    received_at: datetime
    payload: str


_REQUESTS = (
    "SELECT request_id AS id, min(received_at) AS first, any(payload) AS place FROM ingestion_log WHERE project_id = {project:String}"
)


def requests(scope: ProjectScope, ids: Sequence[str]) -> list[LoggedRequest]:
    """Those of the requests that were processed, in the order in which they came."""
    sql = f"{_REQUESTS} AND request_id IN {{ids:Array(String)}} GROUP BY request_id"
    found = [row for part in portions(ids) for row in clickhouse.query(sql, {"project": scope.project_id, "ids": list(part)})]
    return sorted((LoggedRequest(*row.values()) for row in found), key=lambda request: (request.received_at, request.id))


def requests_between(scope: ProjectScope, after: Place, end: datetime, limit: int) -> list[LoggedRequest]:
    """The first requests behind a place, in the order in which they came, up to a time that is not included."""
    sql = (
        f"{_REQUESTS} AND received_at >= {{start:DateTime64(6)}} AND received_at < {{end:DateTime64(6)}} GROUP BY request_id"
        " HAVING (first, id) > ({start:DateTime64(6)}, {id:String}) ORDER BY first, id LIMIT {limit:UInt32}"
    )
    params = {"project": scope.project_id, "start": after.time, "id": after.id, "end": end, "limit": limit}
    return [LoggedRequest(*row.values()) for row in clickhouse.query(sql, params)]
