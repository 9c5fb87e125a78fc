"""Feedback on this product (spec/api.md §3.1)."""

from datetime import datetime

from sqlalchemy import DateTime, Index
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class Feedback(SQLModel, table=True):
    """One opinion, and what it is about. Nothing leaves this instance."""

    __tablename__ = "feedback"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (Index("feedback_by_project", "project_id", "created_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    target_type: str
    target: str
    feedback: str
    goal: str | None = None
    reference_url: str | None = None
    actor_id: str
