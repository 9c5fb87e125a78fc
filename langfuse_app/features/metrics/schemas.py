"""Shapes of metrics: the query as clients send it, and the answers (spec/api.md §8)."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from langfuse_app.core.filters.parse import Filter, filters_of
from langfuse_app.core.shapes import WHOLE, Body, BodyTime, PageMeta, Shape

Aggregation = Literal["sum", "avg", "count", "max", "min", "p50", "p75", "p90", "p95", "p99", "histogram", "uniq"]
Granularity = Literal["minute", "hour", "day", "week", "month"]
TIME = "time_dimension"
_WIDTHS: tuple[tuple[int, Granularity], ...] = ((2, "minute"), (72, "hour"), (1440, "day"), (8760, "week"))  # hours of range


class Metric(Body):
    """A measure and how it is aggregated."""

    measure: str
    aggregation: Aggregation

    @property
    def key(self) -> str:
        """Its name in rows."""
        return f"{self.aggregation}_{self.measure}"


class DimensionRef(Body):
    """A dimension by name."""

    field: str


class TimeDimension(Body):
    """Buckets of time."""

    granularity: Literal["auto"] | Granularity


class Order(Body):
    """A column of the answer and its direction."""

    field: str
    direction: Literal["asc", "desc"]


class Config(Body):
    """Bins of histograms, rows at most."""

    bins: Annotated[int, Field(ge=1, le=100), WHOLE] = 10
    row_limit: Annotated[int | None, Field(alias="row_limit", ge=1, le=1000), WHOLE] = None


class MetricsQuery(Body):
    """A query; times are half open."""

    view: str
    metrics: list[Metric] = Field(min_length=1, max_length=50)
    dimensions: list[DimensionRef] = Field(default_factory=list[DimensionRef], max_length=20)
    filters: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]])
    time_dimension: TimeDimension | None = None
    from_timestamp: BodyTime
    to_timestamp: BodyTime
    order_by: list[Order] | None = None
    config: Config = Field(default_factory=lambda: Config.model_validate({}))

    @model_validator(mode="before")
    @classmethod
    def _absent(cls, given: Any) -> Any:
        """null means the default."""
        return {key: value for key, value in given.items() if value is not None} if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.from_timestamp >= self.to_timestamp:
            raise ValueError("fromTimestamp must be before toTimestamp")
        return self

    @property
    def conditions(self) -> tuple[Filter, ...]:
        """The filters, checked."""
        return filters_of(self.filters, ("filters",))

    @property
    def granularity(self) -> Granularity | None:
        """The width of the buckets; `auto` follows the range (spec/api.md §8)."""
        if self.time_dimension is None:
            return None
        if self.time_dimension.granularity != "auto":
            return self.time_dimension.granularity
        hours = (self.to_timestamp - self.from_timestamp).total_seconds() / 3600
        for limit, width in _WIDTHS:
            if hours < limit:
                return width
        return "month"


class MetricsOut(Shape):
    """Rows: `<aggregation>_<measure>`, the dimensions, `time_dimension`."""

    data: list[dict[str, Any]]


class DailyUsageOut(Shape):
    """What one model used on one day."""

    model: str | None
    input_usage: int
    output_usage: int
    total_usage: int
    count_traces: int
    count_observations: int
    total_cost: float


class DailyOut(Shape):
    """One day."""

    date: str
    count_traces: int
    count_observations: int
    total_cost: float
    usage: list[DailyUsageOut]


class DailyMetricsOut(Shape):
    """A page of days, newest first."""

    data: list[DailyOut]
    meta: PageMeta


class DailyQuery(Shape):
    """What the days are narrowed to."""

    page: int = 1
    limit: int = 50
    trace_name: str | None = None
    user_id: str | None = None
    tags: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    from_time: datetime | None = None
    to_time: datetime | None = None
