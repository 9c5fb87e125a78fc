"""Reading sessions."""

from langfuse_app.core.errors import NotFoundError
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.sessions import repository
from langfuse_app.features.sessions.schemas import SessionItem, SessionQuery
from langfuse_app.features.traces import service as traces
from langfuse_app.features.traces.schemas import TraceItem


def list_sessions(scope: ProjectScope, query: SessionQuery) -> Page[SessionItem]:
    """One page of sessions, the latest created first."""
    items, total = repository.page(scope, query)
    return Page(items, query.page, query.limit, total)


def get(scope: ProjectScope, session_id: str) -> tuple[SessionItem, list[TraceItem]]:
    """One session and all its traces, oldest first; NotFoundError when the project has none of that id."""
    return get_session(scope, session_id), traces.list_for_session(scope, session_id)


def get_session(scope: ProjectScope, session_id: str) -> SessionItem:
    """One session without its traces; NotFoundError as `get`."""
    item = repository.one(scope, session_id)
    if item is None:
        raise NotFoundError("Session not found within authorized project")
    return item
