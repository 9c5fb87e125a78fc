"""Media and what refers to them (spec/backend.md §12)."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


def _of_media(name: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["project_id", "media_id"], ["media.project_id", "media.id"], name=name, ondelete="CASCADE")


class Media(SQLModel, table=True):
    """A file by its content: the id is made of the hash. It is there once `upload_http_status` is 200 or 201."""

    __tablename__ = "media"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (UniqueConstraint("project_id", "sha_256_hash"), Index("media_by_time", "project_id", "created_at"))

    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE", primary_key=True)
    id: str = Field(primary_key=True)
    sha_256_hash: str
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    uploaded_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    upload_http_status: int | None = None
    upload_http_error: str | None = None
    bucket_path: str
    bucket_name: str
    content_type: str
    content_length: int = Field(sa_type=BigInteger)


class TraceMedia(SQLModel, table=True):
    """A file in a field of a trace."""

    __tablename__ = "trace_media"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (
        UniqueConstraint("project_id", "trace_id", "media_id", "field"),
        Index("trace_media_by_media", "project_id", "media_id"),
        _of_media("trace_media_of_media"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    media_id: str
    trace_id: str
    field: str
    origin: str = "UNKNOWN"


class ObservationMedia(SQLModel, table=True):
    """A file in a field of an observation."""

    __tablename__ = "observation_media"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (
        UniqueConstraint("project_id", "trace_id", "observation_id", "media_id", "field"),
        Index("observation_media_by_media", "project_id", "media_id"),
        _of_media("observation_media_of_media"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    media_id: str
    trace_id: str
    observation_id: str
    field: str
    origin: str = "UNKNOWN"


class DatasetItemMedia(SQLModel, table=True):
    """A file in a field of a dataset item; a version and a JSON path are known once the item itself was written."""

    __tablename__ = "dataset_item_media"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (
        Index(
            "dataset_item_media_once",
            "project_id",
            "dataset_item_id",
            "media_id",
            "field",
            text("COALESCE(dataset_item_valid_from, '-infinity'::timestamptz)"),
            text("COALESCE(json_path, '')"),
            unique=True,
        ),
        Index("dataset_item_media_by_media", "project_id", "media_id"),
        Index("dataset_item_media_by_dataset", "project_id", "dataset_id"),
        _of_media("dataset_item_media_of_media"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    media_id: str
    dataset_id: str
    dataset_item_id: str
    dataset_item_valid_from: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    field: str
    json_path: str | None = None
    reference_string: str | None = None
