"""Score configurations (spec/backend.md §12)."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class ScoreConfig(SQLModel, table=True):
    """What a kind of score may hold. categories: [{label, value}] of CATEGORICAL and BOOLEAN."""

    __tablename__ = "score_configs"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (Index("score_configs_by_project", "project_id", "created_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    name: str
    data_type: str
    is_archived: bool = False
    min_value: float | None = None
    max_value: float | None = None
    categories: list[dict[str, Any]] | None = Field(default=None, sa_type=JSONB)
    description: str | None = None
