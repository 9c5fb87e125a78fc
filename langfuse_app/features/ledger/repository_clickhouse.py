"""Reads of the ledger."""

from typing import Any

from langfuse_app.core.scopes import ProjectScope
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
