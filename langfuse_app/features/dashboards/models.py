"""Dashboards, and the widgets that stand on them (spec/backend.md §12)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Index
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class Dashboard(SQLModel, table=True):
    """`definition` is {widgets: [placements]}, in units of a grid of 12 columns."""

    __tablename__ = "dashboards"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (Index("dashboards_by_project", "project_id", "created_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    created_by: str | None = None
    updated_by: str | None = None
    name: str
    description: str = ""
    definition: Any = Field(default_factory=lambda: {"widgets": []}, sa_column=Column(JSON, nullable=False))
    filters: Any = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class DashboardWidget(SQLModel, table=True):
    """A query of the metrics language and how it is drawn."""

    __tablename__ = "dashboard_widgets"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (Index("dashboard_widgets_by_project", "project_id", "created_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    created_by: str | None = None
    updated_by: str | None = None
    name: str
    description: str = ""
    view: str
    dimensions: Any = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    metrics: Any = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    filters: Any = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    chart_type: str
    chart_config: Any = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
