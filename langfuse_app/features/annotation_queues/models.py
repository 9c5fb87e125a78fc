"""Annotation queues, their items and who is assigned (spec/backend.md §12)."""

from datetime import datetime

from sqlalchemy import ARRAY, DateTime, Index, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class AnnotationQueue(SQLModel, table=True):
    """A queue, and the score configs by which its items are scored."""

    __tablename__ = "annotation_queues"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (UniqueConstraint("project_id", "name"), Index("annotation_queues_by_time", "project_id", "created_at"))

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str
    description: str | None = None
    score_config_ids: list[str] = Field(default_factory=list, sa_type=ARRAY(String))  # pyright: ignore[reportArgumentType]
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))


class AnnotationQueueItem(SQLModel, table=True):
    """An object that waits for its scores. A lock says who is looking at it since when."""

    __tablename__ = "annotation_queue_items"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (
        Index("annotation_queue_items_by_queue", "project_id", "queue_id", "status", "created_at"),
        Index("annotation_queue_items_by_object", "project_id", "object_type", "object_id"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    queue_id: str = Field(foreign_key="annotation_queues.id", ondelete="CASCADE")
    object_id: str
    object_type: str
    status: str = "PENDING"
    locked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    locked_by_user_id: str | None = Field(default=None, foreign_key="users.id", ondelete="SET NULL")
    annotator_user_id: str | None = Field(default=None, foreign_key="users.id", ondelete="SET NULL")
    completed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))


class AnnotationQueueAssignment(SQLModel, table=True):
    """A person who works on a queue."""

    __tablename__ = "annotation_queue_assignments"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (UniqueConstraint("project_id", "queue_id", "user_id"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE")
    queue_id: str = Field(foreign_key="annotation_queues.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
