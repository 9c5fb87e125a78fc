"""Routes of traces (spec/api.md §4.1)."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from langfuse_app.api.auth import Project
from langfuse_app.api.bodies import json_body, takes
from langfuse_app.api.documented import answers
from langfuse_app.api.errors import json_response
from langfuse_app.api.params import CommaList, FilterText, Moment, Paged, groups
from langfuse_app.api.streaming import json_answer
from langfuse_app.core.errors import InvalidRequestError, NotFoundError
from langfuse_app.core.filters.parse import parse_filters
from langfuse_app.core.lazy import each
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.struct_schema import struct_schema
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.observations.schemas import observation_v1
from langfuse_app.features.scores.schemas import score_v1
from langfuse_app.features.traces import schemas, service
from langfuse_app.features.traces.schemas import (
    ALL_FIELDS,
    ORDER_COLUMNS,
    FullTrace,
    TraceFields,
    TraceIn,
    TraceItem,
    TraceQuery,
    TraceWithDetails,
    html_path,
    latency_and_cost,
    trace_v1,
)

router = APIRouter(tags=["traces"])

_GROUPS = tuple(TraceFields)


def _fields(asked: str | None) -> frozenset[TraceFields]:
    return frozenset(TraceFields(name) for name in groups(asked, _GROUPS, _GROUPS))


class TraceList(Paged):
    """Query of `GET /traces`."""

    user_id: str | None = None
    name: str | None = None
    session_id: str | None = None
    from_timestamp: Moment | None = None
    to_timestamp: Moment | None = None
    order_by: str | None = None
    tags: CommaList
    version: str | None = None
    release: str | None = None
    environment: CommaList
    fields: str | None = None
    filter: FilterText = None

    def query(self) -> TraceQuery:
        """What the service is asked."""
        column, descending = _order(self.order_by)
        return TraceQuery(
            filters=parse_filters(self.filter),
            from_time=self.from_timestamp,
            to_time=self.to_timestamp,
            user_id=self.user_id,
            name=self.name,
            session_id=self.session_id,
            tags=tuple(self.tags),
            version=self.version,
            release=self.release,
            environments=tuple(self.environment),
            order_by=column,
            descending=descending,
            page=self.page,
            limit=self.limit,
        )


def _order(text: str | None) -> tuple[str, bool]:
    """`<column>.<asc|desc>`; newest first without it."""
    if text is None:
        return "timestamp", True
    column, _, direction = text.partition(".")
    if column not in ORDER_COLUMNS or direction not in ("asc", "desc"):
        raise InvalidRequestError(f"orderBy must be one of {', '.join(ORDER_COLUMNS)}, with .asc or .desc")
    return column, direction == "desc"


@router.get("/api/public/traces", responses=answers(schemas.Traces, 422))
def list_traces(scope: Project, params: Annotated[TraceList, Query()]) -> Response:
    """Traces by pages, newest first unless ordered otherwise."""
    fields = _fields(params.fields)
    page = service.list_traces(scope, params.query(), fields)
    return json_answer({"data": each(lambda item: _row(scope, item, fields), page.items), "meta": page.meta()})


def _row(scope: ProjectScope, item: TraceItem, fields: frozenset[TraceFields]) -> TraceWithDetails:
    latency, cost = latency_and_cost(item, fields)
    return TraceWithDetails(
        **trace_v1(scope.project_id, item),
        htmlPath=html_path(scope.project_id, item.id),
        latency=latency,
        totalCost=cost,
        observations=item.observation_ids,
        scores=item.score_ids,
    )


@router.get("/api/public/traces/{trace_id:path}", responses=answers(schemas.TraceWithFullDetails, 404, 422))
def get_trace(scope: Project, trace_id: str, fields: str | None = None) -> Response:
    """One trace with its observations and scores."""
    wanted = _fields(fields)
    return json_answer(_full(scope, service.get_full_trace(scope, trace_id, wanted), wanted))


def _full(scope: ProjectScope, full: FullTrace, fields: frozenset[TraceFields]) -> dict[str, Any]:
    """TraceWithFullDetails; the observations of a large trace are an iterator."""
    latency, cost = latency_and_cost(full.trace, fields)
    return {
        **trace_v1(scope.project_id, full.trace),
        "htmlPath": html_path(scope.project_id, full.trace.id),
        "latency": latency,
        "totalCost": cost,
        "observations": each(observation_v1, full.observations),
        "scores": [score_v1(item) for item in full.scores if item.data_type != "CORRECTION"],
    }


@router.get("/api/traces/{trace_id:path}/download", include_in_schema=False)
def download(request: Request, trace_id: str, project_id: str) -> Response:
    """The whole trace as a file, for a signed-in member of the project; for everybody else it is not there."""
    user = accounts.user_from_cookie(request.headers.get("cookie"))
    if user is None:
        raise NotFoundError("Not found")
    scope = accounts.project_scope(user, project_id)
    body = _full(scope, service.get_full_trace(scope, trace_id), ALL_FIELDS)
    name = "".join(character for character in trace_id if character.isascii() and (character.isalnum() or character in "-_"))[:80]
    headers = {"Content-Disposition": f'attachment; filename="trace-{name}.json"', "Cache-Control": "no-store"}
    return json_answer(body, headers)


_EXAMPLE = {"name": "chat", "userId": "ada", "sessionId": "session-1", "input": {"question": "Hello?"}, "tags": ["beta"]}


@router.post("/api/public/traces", responses=answers(schemas.CreatedTrace), openapi_extra=takes(struct_schema(TraceIn), _EXAMPLE))
async def create_trace(request: Request, scope: Project) -> Response:
    """Accept one trace, as clients did before batches; its id."""
    body = await json_body(request)
    return json_response({"id": await service.create(scope, body)})


@router.get("/trace/{trace_id:path}", include_in_schema=False)
async def find_trace(request: Request, trace_id: str) -> RedirectResponse:
    """The short link that SDKs print: on to the trace's page, by way of the sign-in where needed."""
    user = await asyncio.to_thread(accounts.user_from_cookie, request.headers.get("cookie"))
    if user is None:
        return RedirectResponse(f"/auth/sign-in?next={quote(f'/trace/{quote(trace_id)}', safe='')}", 303)
    project_id = await asyncio.to_thread(service.project_of, user, trace_id)
    return RedirectResponse(html_path(project_id, trace_id), 303)
