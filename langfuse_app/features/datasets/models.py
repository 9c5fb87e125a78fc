"""Datasets and their items (spec/backend.md §6, §12). JSON is kept as text, so that keys stay in the order they came in."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, ForeignKey, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


def _json(name: str) -> Column[Any]:
    return Column(name, JSON(none_as_null=True))


class Dataset(SQLModel, table=True):
    """A dataset; `/` in its name makes folders."""

    __tablename__ = "datasets"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (UniqueConstraint("project_id", "name"), Index("datasets_by_time", "project_id", text("created_at DESC"), "id"))

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    name: str
    description: str | None = None
    meta: Any = Field(default=None, sa_column=_json("metadata"))
    input_schema: Any = Field(default=None, sa_column=_json("input_schema"))
    expected_output_schema: Any = Field(default=None, sa_column=_json("expected_output_schema"))
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))


class DatasetItem(SQLModel, table=True):
    """One version of an item, true from `valid_from` until before `valid_to`; the newest has none. A deletion is a version too."""

    __tablename__ = "dataset_items"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (
        Index("dataset_items_newest", "project_id", "id", unique=True, postgresql_where=text("valid_to IS NULL")),
        Index(
            "dataset_items_by_time", "project_id", "dataset_id", text("created_at DESC"), "id", postgresql_where=text("valid_to IS NULL")
        ),
        Index("dataset_items_versions", "project_id", "dataset_id", "valid_from"),
        Index("dataset_items_by_trace", "project_id", "source_trace_id", postgresql_where=text("source_trace_id IS NOT NULL")),
    )

    project_id: str = Field(primary_key=True)
    id: str = Field(default_factory=new_id, primary_key=True)
    valid_from: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    valid_to: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    is_deleted: bool = False
    dataset_id: str = Field(sa_column=Column(ForeignKey("datasets.id", ondelete="CASCADE"), nullable=False))
    status: str = "ACTIVE"
    input: Any = Field(default=None, sa_column=_json("input"))
    expected_output: Any = Field(default=None, sa_column=_json("expected_output"))
    meta: Any = Field(default=None, sa_column=_json("metadata"))
    source_trace_id: str | None = None
    source_observation_id: str | None = None
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
