"""Routes of dashboards and widgets (spec/api.md §4.15)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import coded_answers
from langfuse_app.api.params import StrictPaged
from langfuse_app.core.shapes import Message, PageMeta
from langfuse_app.features.dashboards import service
from langfuse_app.features.dashboards.models import Dashboard, DashboardWidget
from langfuse_app.features.dashboards.schemas import (
    CreateDashboard,
    CreateWidget,
    DashboardOut,
    DashboardsOut,
    NewPlacement,
    Place,
    PlacementOut,
    UpdateDashboard,
    UpdateWidget,
    WidgetOut,
    WidgetsOut,
)

router = APIRouter(tags=["dashboards"])
_BOARDS, _WIDGETS = "/api/public/unstable/dashboards", "/api/public/unstable/dashboard-widgets"
_PLACES = _BOARDS + "/{dashboard_id}/placements"


@router.get(_WIDGETS, responses=coded_answers(WidgetsOut))
def list_widgets(scope: Project, params: Annotated[StrictPaged, Query()]) -> WidgetsOut:
    """Widgets, newest first."""
    found = service.page_of(scope, DashboardWidget, params.page, params.limit)
    return WidgetsOut(data=[WidgetOut.model_validate(row) for row in found.items], meta=PageMeta.model_validate(found.meta()))


@router.post(_WIDGETS, responses=coded_answers(WidgetOut))
def create_widget(scope: Project, body: CreateWidget) -> WidgetOut:
    """Make a widget."""
    return WidgetOut.model_validate(service.create_widget(scope, body))


@router.get(_WIDGETS + "/{widget_id}", responses=coded_answers(WidgetOut, 404))
def get_widget(scope: Project, widget_id: str) -> WidgetOut:
    """One widget."""
    return WidgetOut.model_validate(service.get(scope, DashboardWidget, widget_id))


@router.patch(_WIDGETS + "/{widget_id}", responses=coded_answers(WidgetOut, 404))
def update_widget(scope: Project, widget_id: str, body: UpdateWidget) -> WidgetOut:
    """Change a widget."""
    return WidgetOut.model_validate(service.update_widget(scope, widget_id, body))


@router.delete(_WIDGETS + "/{widget_id}", responses=coded_answers(Message, 404, 409))
def delete_widget(scope: Project, widget_id: str) -> Message:
    """Delete a widget that no dashboard shows."""
    service.delete_widget(scope, widget_id)
    return Message(message="Dashboard widget successfully deleted")


@router.get(_BOARDS, responses=coded_answers(DashboardsOut))
def list_dashboards(scope: Project, params: Annotated[StrictPaged, Query()]) -> DashboardsOut:
    """Dashboards, newest first."""
    found = service.page_of(scope, Dashboard, params.page, params.limit)
    return DashboardsOut(data=[DashboardOut.model_validate(row) for row in found.items], meta=PageMeta.model_validate(found.meta()))


@router.post(_BOARDS, responses=coded_answers(DashboardOut, 404, 409))
def create_dashboard(scope: Project, body: CreateDashboard) -> DashboardOut:
    """Make a dashboard."""
    return DashboardOut.model_validate(service.create_dashboard(scope, body))


@router.get(_BOARDS + "/{dashboard_id}", responses=coded_answers(DashboardOut, 404))
def get_dashboard(scope: Project, dashboard_id: str) -> DashboardOut:
    """One dashboard."""
    return DashboardOut.model_validate(service.get(scope, Dashboard, dashboard_id))


@router.patch(_BOARDS + "/{dashboard_id}", responses=coded_answers(DashboardOut, 404, 409))
def update_dashboard(scope: Project, dashboard_id: str, body: UpdateDashboard) -> DashboardOut:
    """Change a dashboard."""
    return DashboardOut.model_validate(service.update_dashboard(scope, dashboard_id, body))


@router.delete(_BOARDS + "/{dashboard_id}", responses=coded_answers(Message, 404))
def delete_dashboard(scope: Project, dashboard_id: str) -> Message:
    """Delete a dashboard; its widgets stay."""
    service.delete_dashboard(scope, dashboard_id)
    return Message(message="Dashboard successfully deleted")


@router.post(_PLACES, responses=coded_answers(PlacementOut, 404, 409), response_model_exclude_none=True)
def add_placement(scope: Project, dashboard_id: str, body: NewPlacement) -> Any:
    """Put a widget or a preset on a dashboard."""
    return service.add_placement(scope, dashboard_id, body)


@router.patch(_PLACES + "/{placement_id}", responses=coded_answers(PlacementOut, 404))
def move_placement(scope: Project, dashboard_id: str, placement_id: str, body: Place) -> Any:
    """Move or resize it."""
    return service.move_placement(scope, dashboard_id, placement_id, body)


@router.delete(_PLACES + "/{placement_id}", responses=coded_answers(Message, 404))
def remove_placement(scope: Project, dashboard_id: str, placement_id: str) -> Message:
    """Take it off the dashboard."""
    service.remove_placement(scope, dashboard_id, placement_id)
    return Message(message="Dashboard placement successfully deleted")
