"""Runs and what ran (spec/backend.md §6). An experiment of the newest SDKs is a run that its spans made.

They live in PostgreSQL: a link is acknowledged one by one and read back at once, and both kinds of SDK write to the same rows.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, ForeignKeyConstraint, Index, text
from sqlmodel import Field, SQLModel


class DatasetRun(SQLModel, table=True):
    """One run. Its id is derived from project, dataset and name as SDKs derive it (spec/api.md §4.7); a run on local data has no dataset.

    The dataset is no foreign key: spans may name one that is gone, or never was.
    """

    __tablename__ = "dataset_runs"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (Index("dataset_runs_of_dataset", "project_id", "dataset_id", text("created_at DESC"), "id"),)

    project_id: str = Field(primary_key=True, foreign_key="projects.id", ondelete="CASCADE")
    id: str = Field(primary_key=True)
    dataset_id: str | None = None
    name: str
    description: str | None = None
    meta: Any = Field(default=None, sa_column=Column("metadata", JSON(none_as_null=True)))
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))


class DatasetRunItem(SQLModel, table=True):
    """One item of a run and the trace it made; '' where no observation was named, or where its trace is not known yet.

    The id is derived from all of them, so that a repeated request links once. The trace may come later, or never.
    """

    __tablename__ = "dataset_run_items"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "run_id"], ["dataset_runs.project_id", "dataset_runs.id"], ondelete="CASCADE"),
        Index("dataset_run_items_of_run", "project_id", "run_id", text("created_at DESC"), "id"),
        # the list of experiments reads nothing but this index
        Index(
            "dataset_run_items_by_start",
            "project_id",
            text("started_at DESC"),
            text("id DESC"),
            postgresql_include=["run_id", "ended_at"],
        ),
        Index("dataset_run_items_by_trace", "project_id", "trace_id"),
        Index("dataset_run_items_of_item", "project_id", "dataset_item_id"),
    )

    project_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    run_id: str
    dataset_item_id: str
    dataset_item_version: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    trace_id: str = ""
    observation_id: str = ""
    started_at: datetime = Field(sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
