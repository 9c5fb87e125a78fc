"""The relational side of ingestion: where a trace lies, which sessions exist, what was deleted."""

from datetime import datetime

from sqlalchemy import Column, DateTime, Index, false, func
from sqlmodel import Field, SQLModel


def _moment(**options: object) -> Column[datetime]:
    return Column(DateTime(timezone=True), **options)  # pyright: ignore[reportArgumentType] - SQLAlchemy's options are wide


class TraceLocator(SQLModel, table=True):
    """Which time window holds a trace's rows in ClickHouse; absent means that nothing has to be looked up.

    `bookmarked` and `public` are what a person set in the UI; None means nobody did. `stated` says that a JSON event
    stated something about an observation of the trace: only then a span is looked up, for it must not replace that.
    """

    __tablename__ = "trace_locators"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel

    project_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    first_start: datetime = Field(sa_column=_moment(nullable=False))
    last_start: datetime = Field(sa_column=_moment(nullable=False))
    timestamp: datetime = Field(sa_column=_moment(nullable=False))
    bookmarked: bool | None = None
    public: bool | None = None
    stated: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class TraceSession(SQLModel, table=True):
    """A session known by its first trace (spec/backend.md §2.3)."""

    __tablename__ = "trace_sessions"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (Index("trace_sessions_by_time", "project_id", "created_at"),)

    project_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    created_at: datetime = Field(sa_column=_moment(nullable=False, server_default=func.now()))
    updated_at: datetime = Field(sa_column=_moment(nullable=False, server_default=func.now()))
    bookmarked: bool = Field(default=False)
    public: bool = Field(default=False)
    environment: str = Field(default="default")


class DeletedObject(SQLModel, table=True):
    """An object whose events accepted before `deleted_at` are dropped, also on a replay."""

    __tablename__ = "deleted_objects"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel

    project_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)  # trace, score
    object_id: str = Field(primary_key=True)
    deleted_at: datetime = Field(sa_column=_moment(nullable=False))
