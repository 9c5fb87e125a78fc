"""Reading sessions."""

from collections.abc import Iterable

from langfuse_app.core.errors import NotFoundError
from langfuse_app.core.filters.columns import unknown
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.comment_filters import service as comment_filters
from langfuse_app.features.sessions import repository, repository_clickhouse
from langfuse_app.features.sessions.repository_columns import COLUMNS, RELATIONAL
from langfuse_app.features.sessions.schemas import SessionItem, SessionQuery
from langfuse_app.features.traces import service as traces
from langfuse_app.features.traces.schemas import TraceItem


def list_sessions(scope: ProjectScope, query: SessionQuery) -> Page[SessionItem]:
    """One page of sessions, the latest created first."""
    filters = comment_filters.resolved(scope, "SESSION", query.filters)
    relational = [one for one in filters if one.column in RELATIONAL]
    measured = [one for one in filters if one.column not in RELATIONAL]
    for one in measured:
        if one.column not in COLUMNS:
            raise unknown(one, (*RELATIONAL, *COLUMNS))
    ids = repository_clickhouse.matching(scope, measured) if measured else None
    items, total = repository.page(scope, query, relational, ids)
    return Page(items, query.page, query.limit, total)


def get(scope: ProjectScope, session_id: str) -> tuple[SessionItem, Iterable[TraceItem]]:
    """One session and all its traces, oldest first; NotFoundError when the project has none of that id.

    Large traces are read while they are taken.
    """
    return get_session(scope, session_id), traces.list_for_session(scope, session_id)


def get_session(scope: ProjectScope, session_id: str) -> SessionItem:
    """One session without its traces; NotFoundError as `get`."""
    item = repository.one(scope, session_id)
    if item is None:
        raise NotFoundError("Session not found within authorized project")
    return item
