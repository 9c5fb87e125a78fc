"""Receipts: what was asked to be deleted, and from which store it is gone since when."""

from datetime import datetime

from sqlalchemy import ARRAY, Column, DateTime, Index, String
from sqlmodel import Field, SQLModel


def _moment(**options: object) -> Column[datetime]:
    return Column(DateTime(timezone=True), **options)  # pyright: ignore[reportArgumentType] - SQLAlchemy's options are wide


class Deletion(SQLModel, table=True):
    """One request to delete; `kind` is trace, score, dataset_run or project. A moment is empty while its store still has bytes."""

    __tablename__ = "deletions"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (Index("deletions_by_project", "project_id", "requested_at"),)

    id: str = Field(primary_key=True)
    project_id: str
    org_id: str
    kind: str
    object_ids: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    actor_kind: str
    actor_id: str
    requested_at: datetime = Field(sa_column=_moment(nullable=False))
    hidden_at: datetime | None = Field(default=None, sa_column=_moment())
    columnar_at: datetime | None = Field(default=None, sa_column=_moment())
    columnar_rows: int = 0
    relational_at: datetime | None = Field(default=None, sa_column=_moment())
    relational_rows: int = 0
    media_at: datetime | None = Field(default=None, sa_column=_moment())
    media_files: int = 0
    raw_log_at: datetime | None = Field(default=None, sa_column=_moment())
    raw_log_events: int = 0
