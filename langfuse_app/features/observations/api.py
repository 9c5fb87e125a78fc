"""Routes of observations, both generations (spec/api.md §4.2)."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from langfuse_app.api import cursors
from langfuse_app.api.auth import Project
from langfuse_app.api.documented import answers
from langfuse_app.api.errors import json_response
from langfuse_app.api.params import CommaList, FilterText, Moment, Paged, Params, groups
from langfuse_app.api.streaming import json_answer
from langfuse_app.core.errors import InvalidRequestError
from langfuse_app.core.filters.parse import parse_filters
from langfuse_app.core.lazy import each
from langfuse_app.features.observations import schemas, service
from langfuse_app.features.observations.schemas import (
    DEFAULT_GROUPS_V2,
    GROUPS_V2,
    ObservationCursor,
    ObservationQuery,
    observation_v1,
    observation_v2,
)

router = APIRouter(tags=["observations"])


class _Filters(Params):
    """What both generations can filter by."""

    name: str | None = None
    user_id: str | None = None
    type: str | None = None
    trace_id: str | None = None
    level: Literal["DEBUG", "DEFAULT", "WARNING", "ERROR"] | None = None
    parent_observation_id: str | None = None
    environment: CommaList
    from_start_time: Moment | None = None
    to_start_time: Moment | None = None
    version: str | None = None
    filter: FilterText = None

    def query(self, **more: Any) -> ObservationQuery:
        """What the service is asked."""
        return ObservationQuery(
            filters=parse_filters(self.filter),
            from_time=self.from_start_time,
            to_time=self.to_start_time,
            name=self.name,
            user_id=self.user_id,
            type=self.type,
            trace_id=self.trace_id,
            level=self.level,
            parent_observation_id=self.parent_observation_id,
            version=self.version,
            environments=tuple(self.environment),
            **more,
        )


class ListV1(_Filters, Paged):
    """Query of `GET /observations`."""


class ListV2(_Filters):
    """Query of `GET /v2/observations`."""

    fields: str | None = None
    expand_metadata: CommaList
    limit: int = Field(50, ge=0, le=1000)
    cursor: str | None = None
    parse_io_as_json: bool = False
    session_id: str | None = None
    is_root_observation: bool | None = None


@router.get("/api/public/observations", responses=answers(schemas.ObservationsV1, 422))
def list_v1(scope: Project, params: Annotated[ListV1, Query()]) -> Response:
    """Observations, newest first, by pages."""
    page = service.list_observations(scope, params.query(page=params.page, limit=params.limit))
    return json_answer({"data": each(observation_v1, page.items), "meta": page.meta()})


@router.get("/api/public/observations/{observation_id:path}", responses=answers(schemas.ObservationV1, 404))
def get_v1(scope: Project, observation_id: str) -> Response:
    """One observation."""
    return json_response(observation_v1(service.get(scope, observation_id)))


@router.get("/api/public/v2/observations", responses=answers(schemas.ObservationsV2, 422))
def list_v2(scope: Project, params: Annotated[ListV2, Query()]) -> Response:
    """Observations, newest first, by cursor, with the groups of fields asked for."""
    if params.parse_io_as_json:
        raise InvalidRequestError("parseIoAsJson=true is no longer supported: input and output are strings")
    wanted = groups(params.fields, GROUPS_V2, DEFAULT_GROUPS_V2) | {"core"}
    query = params.query(session_id=params.session_id, is_root=params.is_root_observation, limit=params.limit)
    items, following = service.list_after(scope, query, _cursor(params.cursor), io="io" in wanted, metadata="metadata" in wanted)
    expanded = frozenset(params.expand_metadata)
    meta = {"cursor": _text(following)} if following else {}
    return json_answer({"data": each(lambda item: observation_v2(item, wanted, expanded), items), "meta": meta})


def _text(cursor: ObservationCursor) -> str:
    content = {"lastStartTimeTo": cursors.moment(cursor.start_time), "lastTraceId": cursor.trace_id, "lastId": cursor.id}
    return cursors.encode(content, urlsafe=False)


def _cursor(text: str | None) -> ObservationCursor | None:
    if text is None:
        return None
    content = cursors.decode(text, "lastStartTimeTo", "lastTraceId", "lastId")
    return ObservationCursor(cursors.parse_moment(content["lastStartTimeTo"]), content["lastTraceId"], content["lastId"])
