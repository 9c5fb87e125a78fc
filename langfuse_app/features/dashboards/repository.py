"""PostgreSQL statements of dashboards and widgets."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import func
from sqlmodel import col, select

from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.dashboards.models import Dashboard, DashboardWidget
from langfuse_app.stores.postgres import session

Row = TypeVar("Row", Dashboard, DashboardWidget)


def page(scope: ProjectScope, kind: type[Row], number: int, limit: int) -> Page[Row]:
    """Newest first."""
    mine = select(kind).where(col(kind.project_id) == scope.project_id)
    with session() as current:
        total = current.exec(select(func.count()).select_from(mine.subquery())).one()
        ordered = mine.order_by(col(kind.created_at).desc(), col(kind.id)).limit(limit).offset((number - 1) * limit)
        return Page(list(current.exec(ordered)), number, limit, total)


def one(scope: ProjectScope, kind: type[Row], id: str) -> Row | None:
    """One of the project's."""
    with session() as current:
        return current.exec(select(kind).where(col(kind.project_id) == scope.project_id, col(kind.id) == id)).first()


def add(scope: ProjectScope, row: Dashboard | DashboardWidget) -> None:
    """Write a new one of the project's."""
    row.project_id = scope.project_id
    with session() as current:
        current.add(row)


def change(scope: ProjectScope, kind: type[Row], id: str, edit: Callable[[Row], None]) -> Row | None:
    """Change one of the project's while nobody else does; None when it is not there."""
    with session() as current:
        mine = select(kind).where(col(kind.project_id) == scope.project_id, col(kind.id) == id)
        row = current.exec(mine.with_for_update()).first()
        if row is not None:
            edit(row)
            current.add(row)
        return row


def remove(scope: ProjectScope, kind: type[Row], id: str) -> bool:
    """Delete one of the project's; False when it is not there."""
    with session() as current:
        row = current.exec(select(kind).where(col(kind.project_id) == scope.project_id, col(kind.id) == id)).first()
        if row is not None:
            current.delete(row)
        return row is not None


def showing(scope: ProjectScope, widget_id: str) -> list[str]:
    """Names of the dashboards that a widget stands on."""
    with session() as current:
        boards = current.exec(select(Dashboard).where(col(Dashboard.project_id) == scope.project_id))
        return [board.name for board in boards if any(place.get("widgetId") == widget_id for place in board.definition["widgets"])]


def known_widgets(scope: ProjectScope, ids: set[str]) -> set[str]:
    """Those of the widgets that the project has."""
    with session() as current:
        mine = select(DashboardWidget.id).where(col(DashboardWidget.project_id) == scope.project_id, col(DashboardWidget.id).in_(ids))
        return set(current.exec(mine))
