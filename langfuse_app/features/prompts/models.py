"""Prompt versions and what they are composed of (spec/backend.md §6, §12)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, JSON, Column, DateTime, Index, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class Prompt(SQLModel, table=True):
    """One version. A label is on at most one version of a name; `latest` is on the newest; tags are those of the name."""

    __tablename__ = "prompts"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (
        UniqueConstraint("project_id", "name", "version"),
        Index("prompts_by_update", "project_id", "updated_at"),
        Index("prompts_by_tag", "tags", postgresql_using="gin"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    created_by: str
    prompt: Any = Field(sa_column=Column(JSON, nullable=False))
    name: str
    version: int
    type: str  # text, chat
    config: Any = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    tags: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    labels: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    commit_message: str | None = None


class PromptDependency(SQLModel, table=True):
    """A version's text refers to another prompt, by version or by label."""

    __tablename__ = "prompt_dependencies"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (Index("prompt_dependencies_on", "project_id", "child_name"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    parent_id: str = Field(foreign_key="prompts.id", ondelete="CASCADE", index=True)
    child_name: str
    child_version: int | None = None
    child_label: str | None = None
