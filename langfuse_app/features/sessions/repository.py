"""PostgreSQL statements of sessions."""

from collections.abc import Sequence

from sqlalchemy import Boolean, ColumnElement, DateTime, String, column, func, select, table
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql import bindparam

from langfuse_app.core.filters.parse import Filter
from langfuse_app.core.filters.relational import clauses
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.sessions.repository_columns import RELATIONAL
from langfuse_app.features.sessions.schemas import SessionItem, SessionQuery
from langfuse_app.stores.postgres import session

_SESSIONS = table(
    "trace_sessions",
    column("id", String),
    column("created_at", DateTime(timezone=True)),
    column("project_id", String),
    column("environment", String),
    column("bookmarked", Boolean),
)
_ROW = (_SESSIONS.c.id, _SESSIONS.c.created_at, _SESSIONS.c.project_id, _SESSIONS.c.environment)
_NAMES = {name: _SESSIONS.c[target] for name, target in RELATIONAL.items()}


def _matching(scope: ProjectScope, query: SessionQuery, filters: Sequence[Filter], ids: Sequence[str] | None) -> list[ColumnElement[bool]]:
    """The conditions; a filter on a column stands instead of the parameters for it."""
    taken = {RELATIONAL[one.column] for one in filters if one.column in RELATIONAL}
    created, environment = _SESSIONS.c.created_at, _SESSIONS.c.environment
    found = [_SESSIONS.c.project_id == scope.project_id, *clauses(filters, _NAMES)]
    if query.from_time and "created_at" not in taken:
        found.append(created >= query.from_time)
    if query.to_time and "created_at" not in taken:
        found.append(created < query.to_time)
    if query.environments and "environment" not in taken:
        found.append(environment.in_(query.environments))
    if ids is not None:
        found.append(_SESSIONS.c.id == func.any(bindparam("ids", list(ids), ARRAY(String))))
    return found


def page(
    scope: ProjectScope, query: SessionQuery, filters: Sequence[Filter] = (), ids: Sequence[str] | None = None
) -> tuple[list[SessionItem], int]:
    """One page, newest first, and how many match. filters: conditions on the row; ids: only these, None for all."""
    matching = _matching(scope, query, filters, ids)
    newest = select(*_ROW).where(*matching).order_by(_SESSIONS.c.created_at.desc(), _SESSIONS.c.id.desc())
    with session() as current:
        rows = current.connection().execute(newest.limit(query.limit).offset(query.offset))
        items = [SessionItem(*row) for row in rows]
        counted = select(func.count()).select_from(_SESSIONS).where(*matching)
        return items, current.connection().execute(counted).scalar_one()


def one(scope: ProjectScope, session_id: str) -> SessionItem | None:
    """One session."""
    with session() as current:
        statement = select(*_ROW).where(_SESSIONS.c.project_id == scope.project_id, _SESSIONS.c.id == session_id)
        row = current.connection().execute(statement).first()
        return SessionItem(*row) if row else None
