"""Shapes of dashboards and widgets (spec/api.md §4.15, §13)."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, model_validator

from langfuse_app.core.shapes import WHOLE, PageMeta, Shape, StrictBody, WireTime, examples

COLUMNS = 12  # of the grid
LOWEST = 100_000  # row of the grid
View = Literal["observations", "scores-numeric", "scores-boolean", "scores-categorical"]
ChartType = Literal[
    "LINE_TIME_SERIES",
    "AREA_TIME_SERIES",
    "BAR_TIME_SERIES",
    "HORIZONTAL_BAR",
    "VERTICAL_BAR",
    "PIE",
    "NUMBER",
    "HISTOGRAM",
    "PIVOT_TABLE",
]
Aggregation = Literal["sum", "avg", "count", "max", "min", "p50", "p75", "p90", "p95", "p99", "histogram", "uniq"]
Name = Annotated[str, Field(min_length=1, max_length=1000)]
Description = Annotated[str, Field(max_length=10_000)]


class WidgetDimension(StrictBody):
    """A dimension of the metrics language."""

    field: str


class WidgetMetric(StrictBody):
    """A measure and how it is aggregated."""

    measure: str
    agg: Aggregation


class WidgetFilter(StrictBody):
    """A condition of the filter language."""

    column: str
    operator: str
    type: str
    value: Any = None
    key: str | None = None


class Sort(StrictBody):
    """The order of a table's rows."""

    column: str
    order: Literal["ASC", "DESC"]


class ChartConfig(StrictBody):
    """How a chart is drawn; `type` repeats the chart's type."""

    type: ChartType | None = None
    row_limit: Annotated[int | None, Field(alias="row_limit", ge=1, le=1000), WHOLE] = None
    show_value_labels: Annotated[StrictBool | None, Field(alias="show_value_labels")] = None
    bins: Annotated[int | None, Field(ge=1, le=100), WHOLE] = None
    default_sort: Sort | None = None


class CreateWidget(StrictBody):
    """Body of POST."""

    model_config = examples(
        {
            "name": "Cost by model",
            "view": "observations",
            "dimensions": [{"field": "providedModelName"}],
            "metrics": [{"measure": "totalCost", "agg": "sum"}],
            "filters": [{"column": "type", "type": "string", "operator": "=", "value": "GENERATION"}],
            "chartType": "HORIZONTAL_BAR",
        }
    )

    name: Name
    description: Description | None = None
    view: View
    dimensions: list[WidgetDimension] = Field(max_length=20)
    metrics: list[WidgetMetric] = Field(min_length=1, max_length=50)
    filters: list[WidgetFilter]
    chart_type: ChartType
    chart_config: ChartConfig | None = None


class UpdateWidget(StrictBody):
    """Body of PATCH: what is absent stays."""

    model_config = examples({"name": "Cost", "chartType": "NUMBER", "dimensions": []})

    name: Name | None = None
    description: Description | None = None
    view: View | None = None
    dimensions: Annotated[list[WidgetDimension] | None, Field(max_length=20)] = None
    metrics: Annotated[list[WidgetMetric] | None, Field(min_length=1, max_length=50)] = None
    filters: list[WidgetFilter] | None = None
    chart_type: ChartType | None = None
    chart_config: ChartConfig | None = None


Cells = Annotated[int, Field(ge=1, le=1000), WHOLE]


class Place(StrictBody):
    """Where something stands on the grid; what is absent stays, or is chosen."""

    x: Annotated[int | None, Field(ge=0, lt=COLUMNS), WHOLE] = None
    y: Annotated[int | None, Field(ge=0, le=LOWEST), WHOLE] = None
    width: Annotated[int | None, Field(ge=1, le=COLUMNS), WHOLE] = None
    height: Cells | None = None


class Placement(StrictBody):
    """Something on the grid: a widget of the project, or a preset."""

    type: Literal["widget", "preset"]
    id: Annotated[str, Field(min_length=1, max_length=200)]
    widget_id: str | None = None
    preset_id: str | None = None
    x: Annotated[int, Field(ge=0, lt=COLUMNS), WHOLE]
    y: Annotated[int, Field(ge=0, le=LOWEST), WHOLE]
    width: Annotated[int, Field(ge=1, le=COLUMNS), WHOLE]
    height: Cells

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _check(self.type, self.widget_id, self.preset_id)
        if self.x + self.width > COLUMNS:
            raise ValueError(f"x + width must be at most {COLUMNS}")
        return self


class NewPlacement(Place):
    """Body of POST: a placement whose place may be left open."""

    model_config = examples({"type": "preset", "presetId": "home-traces", "width": 6, "height": 4})

    type: Literal["widget", "preset"]
    id: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    widget_id: str | None = None
    preset_id: str | None = None

    @model_validator(mode="after")
    def _refers(self) -> Self:
        _check(self.type, self.widget_id, self.preset_id)
        return self


def _check(type: str, widget_id: str | None, preset_id: str | None) -> None:
    if (type == "widget") != bool(widget_id) or (type == "preset") != bool(preset_id):
        raise ValueError("A widget has a widgetId, a preset a presetId")


class Definition(StrictBody):
    """What stands where."""

    widgets: list[Placement] = Field(default_factory=list[Placement], max_length=500)


class CreateDashboard(StrictBody):
    """Body of POST."""

    model_config = examples({"name": "Overview", "description": "What it costs", "definition": {"widgets": []}})

    name: Name
    description: Description | None = None
    definition: Definition | None = None
    filters: list[WidgetFilter] | None = None


class UpdateDashboard(StrictBody):
    """Body of PATCH: what is absent stays."""

    model_config = examples({"name": "Costs"})

    name: Name | None = None
    description: Description | None = None
    definition: Definition | None = None
    filters: list[WidgetFilter] | None = None


class WidgetOut(Shape):
    """A widget."""

    id: str
    created_at: WireTime
    updated_at: WireTime
    name: str
    description: str
    view: str
    dimensions: list[dict[str, Any]]
    metrics: list[dict[str, Any]]
    filters: list[dict[str, Any]]
    chart_type: str
    chart_config: dict[str, Any]


class WidgetsOut(Shape):
    """A page of widgets."""

    data: list[WidgetOut]
    meta: PageMeta


class DashboardOut(Shape):
    """A dashboard."""

    id: str
    created_at: WireTime
    updated_at: WireTime
    name: str
    description: str
    definition: dict[str, Any]
    filters: list[dict[str, Any]]


class DashboardsOut(Shape):
    """A page of dashboards."""

    data: list[DashboardOut]
    meta: PageMeta


class PlacementOut(Shape):
    """A placement."""

    type: Literal["widget", "preset"]
    id: str
    widget_id: str | None = None
    preset_id: str | None = None
    x: int
    y: int
    width: int
    height: int
