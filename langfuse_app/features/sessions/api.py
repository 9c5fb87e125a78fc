"""Routes of sessions (spec/api.md §4.3)."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import answers
from langfuse_app.api.errors import json_response
from langfuse_app.api.params import CommaList, FilterText, Moment, Paged
from langfuse_app.api.streaming import json_answer
from langfuse_app.core.filters.parse import parse_filters
from langfuse_app.core.lazy import each
from langfuse_app.features.sessions import schemas, service
from langfuse_app.features.sessions.schemas import SessionQuery, session_v1
from langfuse_app.features.traces.schemas import trace_v1

router = APIRouter(tags=["sessions"])


class SessionList(Paged):
    """Query of `GET /sessions`."""

    from_timestamp: Moment | None = None
    to_timestamp: Moment | None = None
    environment: CommaList
    filter: FilterText = None


@router.get("/api/public/sessions", responses=answers(schemas.Sessions, 422))
def list_sessions(scope: Project, params: Annotated[SessionList, Query()]) -> Response:
    """Sessions by pages, the latest created first."""
    query = SessionQuery(
        filters=parse_filters(params.filter),
        from_time=params.from_timestamp,
        to_time=params.to_timestamp,
        environments=tuple(params.environment),
        page=params.page,
        limit=params.limit,
    )
    page = service.list_sessions(scope, query)
    return json_response({"data": [session_v1(item) for item in page.items], "meta": page.meta()})


@router.get("/api/public/sessions/{session_id:path}", responses=answers(schemas.SessionWithTraces, 404, 422))
def get_session(scope: Project, session_id: str) -> Response:
    """One session with all its traces."""
    item, traces = service.get(scope, session_id)
    return json_answer({**session_v1(item), "traces": each(lambda trace: trace_v1(scope.project_id, trace), traces)})
