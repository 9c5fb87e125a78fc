"""Comments (spec/backend.md §12)."""

from datetime import datetime

from sqlalchemy import ARRAY, DateTime, Index, Integer, String
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class Comment(SQLModel, table=True):
    """What somebody wrote about an object. data_field, path and ranges say to which part of a payload it belongs."""

    __tablename__ = "comments"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (Index("comments_by_object", "project_id", "object_type", "object_id", "created_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    object_type: str
    object_id: str
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    content: str
    author_user_id: str | None = None
    data_field: str | None = None
    path: list[str] = Field(default_factory=list, sa_type=ARRAY(String))  # pyright: ignore[reportArgumentType] - an instance is fine
    range_start: list[int] = Field(default_factory=list, sa_type=ARRAY(Integer))  # pyright: ignore[reportArgumentType]
    range_end: list[int] = Field(default_factory=list, sa_type=ARRAY(Integer))  # pyright: ignore[reportArgumentType]
