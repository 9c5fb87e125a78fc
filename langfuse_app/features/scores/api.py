"""Routes of scores, all three generations (spec/api.md §4.4, §11)."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import ConfigDict, Field

from langfuse_app.api import cursors
from langfuse_app.api.auth import Project, ScoreWriter
from langfuse_app.api.bodies import json_body, takes
from langfuse_app.api.documented import answers
from langfuse_app.api.errors import json_response
from langfuse_app.api.params import CommaList, FilterText, Moment, Paged, Params, groups, split_commas
from langfuse_app.core.errors import InvalidRequestError, NotFoundError
from langfuse_app.core.filters.parse import parse_filters
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.shapes import Message
from langfuse_app.core.struct_schema import struct_schema
from langfuse_app.features.scores import schemas, service
from langfuse_app.features.scores.schemas import ScoreCursor, ScoredTrace, ScoreItem, ScoreQuery, score_v1, score_v2, score_v3
from langfuse_app.ingestion.scores import ScoreBody

router = APIRouter(tags=["scores"])

DataType = Literal["NUMERIC", "CATEGORICAL", "BOOLEAN", "TEXT", "CORRECTION"]


_CREATED = answers(schemas.CreatedScore) | {
    202: {"model": Message, "description": "All of an array were accepted"},
    207: {"model": schemas.CreatedScores, "description": "Some of an array were refused"},
}


_SCORE = struct_schema(ScoreBody)
_EXAMPLE = {"traceId": "trace-1", "name": "quality", "value": 0.9, "comment": "well said"}
_BODY = takes({"anyOf": [_SCORE, {"type": "array", "items": _SCORE}]}, _EXAMPLE, [_EXAMPLE])


@router.post("/api/public/scores", responses=_CREATED, openapi_extra=_BODY)
async def create_scores(request: Request, scope: ScoreWriter) -> Response:
    """Accept one score (200 with its id), or an array of scores (202, or 207 when some were refused)."""
    body = await json_body(request)
    if not isinstance(body, list):
        return json_response({"id": await service.create(scope, body)})
    accepted, reasons = await service.create_many(scope, body)
    if not reasons:
        return json_response({"message": "Accepted"}, 202)
    errors = [{"message": reason} for reason in reasons]
    return json_response({"accepted": accepted, "rejected": len(reasons), "errors": errors}, 207)


class ListV1(Paged):
    """Query of `GET /scores`."""

    user_id: str | None = None
    name: str | None = None
    from_timestamp: Moment | None = None
    to_timestamp: Moment | None = None
    environment: CommaList
    source: Literal["API", "EVAL", "ANNOTATION"] | None = None
    operator: Literal["<", ">", "<=", ">=", "!=", "="] | None = None
    value: float | None = None
    score_ids: CommaList
    config_id: str | None = None
    queue_id: str | None = None
    data_type: DataType | None = None
    trace_tags: CommaList
    fields: str | None = None
    filter: FilterText = None

    def query(self, **more: Any) -> ScoreQuery:
        """What the service is asked."""
        return ScoreQuery(
            filters=parse_filters(self.filter),
            from_time=self.from_timestamp,
            to_time=self.to_timestamp,
            user_id=self.user_id,
            trace_tags=tuple(self.trace_tags),
            names=_one(self.name),
            environments=tuple(self.environment),
            sources=_one(self.source),
            data_types=_one(self.data_type),
            ids=tuple(self.score_ids),
            config_ids=_one(self.config_id),
            queue_ids=_one(self.queue_id),
            operator=self.operator,
            value=self.value,
            page=self.page,
            limit=self.limit,
            **more,
        )

    def wants_trace(self) -> bool:
        """Whether rows show their trace; without it nothing can be asked of the trace either."""
        fields = groups(self.fields, ("score", "trace"), ("score", "trace"))
        if "score" not in fields:
            raise InvalidRequestError("fields must include score")
        if "trace" not in fields and (self.user_id or self.trace_tags):
            raise InvalidRequestError("Cannot filter by trace properties without the trace field: add trace to fields")
        return "trace" in fields


class ListV2(ListV1):
    """Query of `GET /v2/scores`."""

    session_id: str | None = None
    trace_id: str | None = None
    dataset_run_id: str | None = None
    observation_id: CommaList


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


@router.get("/api/public/scores", responses=answers(schemas.ScoresV1, 422))
def list_v1(scope: Project, params: Annotated[ListV1, Query()]) -> Response:
    """Scores of traces, newest first."""
    page = service.list_scores(scope, params.query(kinds_of_v1=True))
    rows = [dict(score_v1(item)) for item in page.items]
    if params.wants_trace():
        rows = _with_traces(scope, page.items, rows, with_session=False)
    return json_response({"data": rows, "meta": page.meta()})


@router.get("/api/public/scores/{score_id:path}", responses=answers(schemas.ScoreV1, 404))
def get_v1(scope: Project, score_id: str) -> Response:
    """One score of a trace."""
    item = service.get(scope, score_id)
    if item.trace_id is None or item.data_type == "CORRECTION":
        raise NotFoundError("Score not found within authorized project")
    return json_response(score_v1(item))


@router.get("/api/public/v2/scores", responses=answers(schemas.ScoresV2, 422))
def list_v2(scope: Project, params: Annotated[ListV2, Query()]) -> Response:
    """Scores of every kind, newest first."""
    with_trace = params.wants_trace()
    subjects = {
        "session_ids": _one(params.session_id),
        "trace_ids": _one(params.trace_id),
        "dataset_run_ids": _one(params.dataset_run_id),
        "observation_ids": tuple(params.observation_id),
    }
    page = service.list_scores(scope, params.query(**subjects))
    rows = [score_v2(item) for item in page.items]
    if with_trace:
        rows = _with_traces(scope, page.items, rows, with_session=True)
    return json_response({"data": rows, "meta": page.meta()})


@router.get("/api/public/v2/scores/{score_id:path}", responses=answers(schemas.ScoreV2, 404))
def get_v2(scope: Project, score_id: str) -> Response:
    """One score of any kind."""
    return json_response(score_v2(service.get(scope, score_id)))


def _with_traces(scope: ProjectScope, items: list[ScoreItem], rows: list[dict[str, Any]], *, with_session: bool) -> list[dict[str, Any]]:
    traces = service.traces_of(scope, items)
    for item, row in zip(items, rows, strict=True):
        trace = traces.get(item.trace_id or "")
        row["trace"] = trace and _trace(trace, with_session=with_session)
    return rows


def _trace(trace: ScoredTrace, *, with_session: bool) -> dict[str, Any]:
    wire = {"userId": trace.user_id, "tags": trace.tags, "environment": trace.environment}
    return wire | {"sessionId": trace.session_id} if with_session else wire


class ListV3(Params):
    """Query of `GET /v3/scores`; names it does not know are refused."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=100)
    cursor: str | None = None
    fields: str | None = None
    id: CommaList
    name: CommaList
    source: CommaList
    data_type: CommaList
    environment: CommaList
    config_id: CommaList
    queue_id: CommaList
    author_user_id: CommaList
    value: CommaList
    value_min: float | None = None
    value_max: float | None = None
    trace_id: CommaList
    session_id: CommaList
    observation_id: CommaList
    experiment_id: CommaList
    from_timestamp: Moment | None = None
    to_timestamp: Moment | None = None
    # known only to say where they went
    user_id: str | None = None
    trace_tags: CommaList

    def check(self) -> None:
        """The rules between parameters."""
        types = [kind.upper() for kind in self.data_type]
        if self.user_id or self.trace_tags:
            raise InvalidRequestError("userId and traceTags are not supported here: use GET /api/public/v2/scores")
        if self.value and (len(types) != 1 or types[0] not in ("NUMERIC", "BOOLEAN", "CATEGORICAL")):
            raise InvalidRequestError("value needs exactly one dataType of NUMERIC, BOOLEAN, CATEGORICAL")
        if (self.value_min is not None or self.value_max is not None) and types != ["NUMERIC"]:
            raise InvalidRequestError("valueMin and valueMax need dataType=NUMERIC")
        if self.observation_id and not self.trace_id:
            raise InvalidRequestError("observationId needs traceId")
        if sum(map(bool, (self.trace_id, self.session_id, self.experiment_id))) > 1:
            raise InvalidRequestError("Give at most one of traceId, sessionId and experimentId")

    def query(self) -> ScoreQuery:
        """What the service is asked."""
        types = tuple(kind.upper() for kind in self.data_type)
        categorical = types == ("CATEGORICAL",)
        return ScoreQuery(
            from_time=self.from_timestamp,
            to_time=self.to_timestamp,
            names=tuple(self.name),
            environments=tuple(self.environment),
            sources=tuple(source.upper() for source in self.source),
            data_types=types,
            ids=tuple(self.id),
            config_ids=tuple(self.config_id),
            queue_ids=tuple(self.queue_id),
            author_user_ids=tuple(self.author_user_id),
            trace_ids=tuple(self.trace_id),
            session_ids=tuple(self.session_id),
            observation_ids=tuple(self.observation_id),
            dataset_run_ids=tuple(self.experiment_id),
            numbers=() if categorical else tuple(_number(value) for value in self.value),
            texts=tuple(self.value) if categorical else (),
            value_min=self.value_min,
            value_max=self.value_max,
            limit=self.limit,
        )


def _number(text: str) -> float:
    """The number of a NUMERIC or BOOLEAN value."""
    named = {"true": 1.0, "false": 0.0}.get(text.lower())
    try:
        return float(text) if named is None else named
    except ValueError as error:
        raise InvalidRequestError(f"value {text} is no number") from error


@router.get("/api/public/v3/scores", responses=answers(schemas.ScoresV3, 422))
def list_v3(scope: Project, params: Annotated[ListV3, Query()]) -> Response:
    """Scores of every kind with one polymorphic value, newest first, by cursor."""
    params.check()
    items, following = service.list_after(scope, params.query(), _cursor(params.cursor))
    wanted = frozenset(split_commas(params.fields or ""))
    meta: dict[str, Any] = {"limit": params.limit}
    if following:
        meta["cursor"] = cursors.encode(
            {"v": 1, "lastTimestamp": cursors.moment(following.timestamp), "lastId": following.id}, urlsafe=True
        )
    return json_response({"data": [score_v3(item, wanted) for item in items], "meta": meta})


def _cursor(text: str | None) -> ScoreCursor | None:
    if text is None:
        return None
    content = cursors.decode(text, "lastTimestamp", "lastId")
    return ScoreCursor(cursors.parse_moment(content["lastTimestamp"]), content["lastId"])
