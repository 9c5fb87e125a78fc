"""Blob-storage integrations (spec/backend.md §12)."""

from datetime import datetime

from sqlalchemy import ARRAY, DateTime, Index, String
from sqlmodel import Field, SQLModel

from langfuse_app.core.time import utcnow


class BlobStorageIntegration(SQLModel, table=True):
    """Where, what and how often a project exports; at most one for each project. secret_access_key is encrypted."""

    __tablename__ = "blob_storage_integrations"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (Index("blob_storage_integrations_due", "enabled", "next_sync_at"),)

    project_id: str = Field(primary_key=True, foreign_key="projects.id", ondelete="CASCADE")
    type: str
    bucket_name: str
    prefix: str = ""
    access_key_id: str | None = None
    secret_access_key: str | None = None
    region: str
    endpoint: str | None = None
    force_path_style: bool
    enabled: bool
    export_frequency: str
    file_type: str
    export_mode: str
    export_start_date: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    export_source: str
    export_field_groups: list[str] | None = Field(default=None, sa_type=ARRAY(String))  # pyright: ignore[reportArgumentType]
    compressed: bool = True
    next_sync_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    last_sync_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    run_started_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    last_error: str | None = None
    last_error_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    last_failure_notification_sent_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
