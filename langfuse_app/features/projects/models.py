"""Projects (spec/backend.md §12)."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class Project(SQLModel, table=True):
    """Everything measured belongs to one project. `deleted_at` hides it while its data is being removed."""

    __tablename__ = "projects"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel

    id: str = Field(default_factory=new_id, primary_key=True)
    org_id: str = Field(foreign_key="organizations.id", ondelete="CASCADE", index=True)
    name: str
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    deleted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    retention_days: int | None = None
    has_traces: bool = False
    metadata_: dict[str, Any] | None = Field(default=None, sa_type=JSONB, sa_column_kwargs={"name": "metadata"})
