"""Dashboards and widgets (spec/api.md §4.15)."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from langfuse_app.core.errors import ConflictError, InvalidRequestError, NotFoundError
from langfuse_app.core.ids import new_id
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.audit import service as audit
from langfuse_app.features.dashboards import repository
from langfuse_app.features.dashboards.models import Dashboard, DashboardWidget
from langfuse_app.features.dashboards.schemas import (
    COLUMNS,
    LOWEST,
    CreateDashboard,
    CreateWidget,
    NewPlacement,
    Place,
    Placement,
    UpdateDashboard,
    UpdateWidget,
)
from langfuse_app.features.metrics.service import check_parts
from langfuse_app.stores.postgres import transaction

Row = TypeVar("Row", Dashboard, DashboardWidget)
_WIDTH, _HEIGHT = 6, 6  # of a placement that names none


def page_of(scope: ProjectScope, kind: type[Row], number: int, limit: int) -> Page[Row]:
    """Dashboards or widgets, newest first."""
    return repository.page(scope, kind, number, limit)


def get(scope: ProjectScope, kind: type[Row], id: str) -> Row:
    """One dashboard or widget; NotFoundError."""
    found = repository.one(scope, kind, id)
    if found is None:
        raise _missing(kind)
    return found


def _missing(kind: type[Any]) -> NotFoundError:
    return NotFoundError(f"{'Dashboard' if kind is Dashboard else 'Dashboard widget'} not found")


def _json(body: BaseModel, **more: Any) -> dict[str, Any]:
    return body.model_dump(mode="json", by_alias=True, exclude_none=True, **more)


# --- widgets --------------------------------------------------------------------------------------


@transaction()
def create_widget(scope: ProjectScope, new: CreateWidget) -> DashboardWidget:
    """Write a widget; InvalidRequestError for dimensions and measures that its view does not have."""
    widget = DashboardWidget(project_id=scope.project_id, name=new.name, view=new.view, chart_type=new.chart_type, created_by=scope.user_id)
    _edit_widget(scope, widget, new)
    repository.add(scope, widget)
    audit.record(scope, "create", "dashboardWidget", widget.id, after=_json(new))
    return widget


def update_widget(scope: ProjectScope, id: str, change: UpdateWidget) -> DashboardWidget:
    """Change a widget. NotFoundError; InvalidRequestError as create_widget."""
    return _changed(scope, DashboardWidget, id, change, lambda widget: _edit_widget(scope, widget, change))


def _edit_widget(scope: ProjectScope, widget: DashboardWidget, change: CreateWidget | UpdateWidget) -> None:
    given = _json(change)
    widget.name, widget.description = given.get("name", widget.name), given.get("description", widget.description)
    widget.view, widget.chart_type = given.get("view", widget.view), given.get("chartType", widget.chart_type)
    widget.dimensions, widget.metrics = given.get("dimensions", widget.dimensions), given.get("metrics", widget.metrics)
    widget.filters = given.get("filters", widget.filters)
    widget.chart_config = given.get("chartConfig", widget.chart_config) | {"type": widget.chart_type}
    widget.updated_by = scope.user_id
    fields = [dimension["field"] for dimension in widget.dimensions]
    check_parts(widget.view, fields, [(metric["measure"], metric["agg"]) for metric in widget.metrics], widget.filters)


def delete_widget(scope: ProjectScope, id: str) -> None:
    """Delete a widget. NotFoundError; ConflictError while a dashboard shows it."""
    if boards := repository.showing(scope, id):
        raise ConflictError(f"The widget stands on {', '.join(boards[:5])}: take it off first")
    _deleted(scope, DashboardWidget, id)


# --- dashboards -----------------------------------------------------------------------------------


@transaction()
def create_dashboard(scope: ProjectScope, new: CreateDashboard) -> Dashboard:
    """Write a dashboard; InvalidRequestError for widgets that the project does not have."""
    board = Dashboard(project_id=scope.project_id, name=new.name, created_by=scope.user_id)
    _edit_dashboard(scope, board, new)
    repository.add(scope, board)
    audit.record(scope, "create", "dashboard", board.id, after=_json(new))
    return board


def update_dashboard(scope: ProjectScope, id: str, change: UpdateDashboard) -> Dashboard:
    """Change a dashboard. NotFoundError; InvalidRequestError as create_dashboard."""
    return _changed(scope, Dashboard, id, change, lambda board: _edit_dashboard(scope, board, change))


def _edit_dashboard(scope: ProjectScope, board: Dashboard, change: CreateDashboard | UpdateDashboard) -> None:
    given = _json(change)
    board.name, board.description = given.get("name", board.name), given.get("description", board.description)
    board.filters, board.updated_by = given.get("filters", board.filters), scope.user_id
    if "definition" in given:
        _put(scope, board, given["definition"]["widgets"])


def delete_dashboard(scope: ProjectScope, id: str) -> None:
    """Delete a dashboard; its widgets stay. NotFoundError."""
    _deleted(scope, Dashboard, id)


def _put(scope: ProjectScope, board: Dashboard, places: list[dict[str, Any]]) -> None:
    ids = [place["id"] for place in places]
    if len(set(ids)) < len(ids):
        raise ConflictError("Two placements of a dashboard have the same id")
    wanted = {place["widgetId"] for place in places if place["type"] == "widget"}
    if unknown := wanted - repository.known_widgets(scope, wanted):
        raise NotFoundError(f"Dashboard widget not found: {', '.join(sorted(unknown)[:5])}")
    board.definition = {"widgets": places}


# --- placements -----------------------------------------------------------------------------------


def add_placement(scope: ProjectScope, dashboard_id: str, new: NewPlacement) -> dict[str, Any]:
    """Put something on a dashboard: where it says, else below everything. NotFoundError, ConflictError, InvalidRequestError."""
    made: list[dict[str, Any]] = []

    def edit(board: Dashboard) -> None:
        places = board.definition["widgets"]
        below = max((place["y"] + place["height"] for place in places), default=0)
        place = {"id": new_id(), "x": 0, "y": below, "width": _WIDTH, "height": _HEIGHT} | _json(new)
        made.append(_checked(place))
        _put(scope, board, [*places, place])

    _changed(scope, Dashboard, dashboard_id, new, edit)
    return made[0]


def move_placement(scope: ProjectScope, dashboard_id: str, id: str, change: Place) -> dict[str, Any]:
    """Move or resize something. NotFoundError, InvalidRequestError."""
    made: list[dict[str, Any]] = []

    def edit(board: Dashboard) -> None:
        place = _placement(board, id) | _json(change)
        made.append(_checked(place))
        _put(scope, board, [place if other["id"] == id else other for other in board.definition["widgets"]])

    _changed(scope, Dashboard, dashboard_id, change, edit)
    return made[0]


def remove_placement(scope: ProjectScope, dashboard_id: str, id: str) -> None:
    """Take something off a dashboard. NotFoundError."""

    def edit(board: Dashboard) -> None:
        _placement(board, id)
        _put(scope, board, [other for other in board.definition["widgets"] if other["id"] != id])

    _changed(scope, Dashboard, dashboard_id, None, edit)


def _placement(board: Dashboard, id: str) -> dict[str, Any]:
    found = next((place for place in board.definition["widgets"] if place["id"] == id), None)
    if found is None:
        raise NotFoundError("Dashboard placement not found")
    return found


def _checked(place: dict[str, Any]) -> dict[str, Any]:
    if place["x"] + place["width"] > COLUMNS:
        raise InvalidRequestError(f"x + width must be at most {COLUMNS}", "invalid_body")
    if place["y"] > LOWEST:
        raise InvalidRequestError(f"There is no room below the others: y must be at most {LOWEST}")
    return _json(Placement.model_validate(place))


# --- both -----------------------------------------------------------------------------------------


@transaction()
def _changed(scope: ProjectScope, kind: type[Row], id: str, change: BaseModel | None, edit: Callable[[Row], None]) -> Row:
    def edited(row: Row) -> None:
        edit(row)
        row.updated_at = utcnow()

    row = repository.change(scope, kind, id, edited)
    if row is None:
        raise _missing(kind)
    audit.record(scope, "update", _resource(kind), id, after=_json(change) if change else None)
    return row


@transaction()
def _deleted(scope: ProjectScope, kind: type[Row], id: str) -> None:
    if not repository.remove(scope, kind, id):
        raise _missing(kind)
    audit.record(scope, "delete", _resource(kind), id)


def _resource(kind: type[Any]) -> str:
    return "dashboard" if kind is Dashboard else "dashboardWidget"
