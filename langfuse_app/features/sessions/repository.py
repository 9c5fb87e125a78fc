"""PostgreSQL statements of sessions."""

from typing import Any

from sqlalchemy import text

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.sessions.schemas import SessionItem, SessionQuery
from langfuse_app.stores.postgres import session

_SESSIONS = "SELECT id, created_at, project_id, environment FROM trace_sessions WHERE project_id = :project_id"


def _matching(scope: ProjectScope, query: SessionQuery) -> tuple[str, dict[str, Any]]:
    conditions = ""
    values: dict[str, Any] = {"project_id": scope.project_id}
    for condition, name, value in (
        ("created_at >= :from_time", "from_time", query.from_time),
        ("created_at < :to_time", "to_time", query.to_time),
        ("environment = ANY(:environments)", "environments", list(query.environments)),
    ):
        if value:
            conditions += f" AND {condition}"
            values[name] = value
    return conditions, values


def page(scope: ProjectScope, query: SessionQuery) -> tuple[list[SessionItem], int]:
    """One page, newest first, and how many match."""
    conditions, values = _matching(scope, query)
    ordered = f"{_SESSIONS}{conditions} ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset"
    counted = f"SELECT count(*) FROM trace_sessions WHERE project_id = :project_id{conditions}"
    with session() as current:
        rows = current.connection().execute(text(ordered), {**values, "limit": query.limit, "offset": query.offset})
        items = [SessionItem(*row) for row in rows]
        return items, current.connection().execute(text(counted), values).scalar_one()


def one(scope: ProjectScope, session_id: str) -> SessionItem | None:
    """One session."""
    with session() as current:
        values = {"project_id": scope.project_id, "id": session_id}
        row = current.connection().execute(text(f"{_SESSIONS} AND id = :id"), values).first()
        return SessionItem(*row) if row else None
