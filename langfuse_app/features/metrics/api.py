"""Routes of metrics (spec/api.md §8)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import ValidationError

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import answers
from langfuse_app.api.errors import issue, json_response
from langfuse_app.api.params import CommaList, Moment, Paged
from langfuse_app.core.errors import InvalidRequestError, ValidationFailedError
from langfuse_app.features.metrics import service
from langfuse_app.features.metrics.schemas import DailyMetricsOut, DailyQuery, MetricsOut, MetricsQuery

router = APIRouter(tags=["metrics"])

_EXAMPLE = (
    '{"view":"observations","metrics":[{"measure":"totalCost","aggregation":"sum"}],"dimensions":[{"field":"providedModelName"}],'
    '"fromTimestamp":"2026-05-01T00:00:00Z","toTimestamp":"2026-05-02T00:00:00Z"}'
)
QueryText = Annotated[
    str, Query(description="The query as JSON: view, metrics, fromTimestamp, toTimestamp, and what it is grouped by.", examples=[_EXAMPLE])
]


def _query(text: str) -> MetricsQuery:
    try:
        return MetricsQuery.model_validate_json(text)
    except ValidationError as error:
        found: list[Any] = error.errors()
        if found[0]["type"] == "json_invalid":
            raise InvalidRequestError("Invalid JSON in query parameter") from error
        raise ValidationFailedError([issue({**one, "loc": ("query", *one["loc"])}) for one in found]) from error


@router.get("/api/public/metrics", responses=answers(MetricsOut, 422))
def metrics_v1(scope: Project, query: QueryText) -> Response:
    """Aggregates over traces, observations or scores."""
    return json_response({"data": service.run_v1(scope, _query(query))})


@router.get("/api/public/v2/metrics", responses=answers(MetricsOut, 422))
def metrics_v2(scope: Project, query: QueryText) -> Response:
    """Aggregates over observations or scores; dimensions with many values need a row limit."""
    return json_response({"data": service.run(scope, _query(query))})


class Days(Paged):
    """Query of `GET /metrics/daily`."""

    trace_name: str | None = None
    user_id: str | None = None
    tags: CommaList
    environment: CommaList
    from_timestamp: Moment | None = None
    to_timestamp: Moment | None = None

    def query(self) -> DailyQuery:
        """What the service is asked."""
        return DailyQuery(
            page=self.page,
            limit=self.limit,
            trace_name=self.trace_name,
            user_id=self.user_id,
            tags=tuple(self.tags),
            environments=tuple(self.environment),
            from_time=self.from_timestamp,
            to_time=self.to_timestamp,
        )


@router.get("/api/public/metrics/daily", responses=answers(DailyMetricsOut, 422))
def daily(scope: Project, params: Annotated[Days, Query()]) -> Response:
    """Traces, observations, usage and costs per day, newest first."""
    page = service.daily(scope, params.query())
    return json_response({"data": [day.model_dump(mode="json", by_alias=True) for day in page.items], "meta": page.meta()})
