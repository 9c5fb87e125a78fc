"""Versions of skills, their files, and the contents that files share (spec/api.md §11.1)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, JSON, Column, DateTime, Index, String, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class Skill(SQLModel, table=True):
    """One version. A label is on at most one version of a name; `latest` is on the newest; tags are those of the name."""

    __tablename__ = "skills"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (UniqueConstraint("project_id", "name", "version"), Index("skills_by_update", "project_id", "updated_at"))

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    created_by: str
    name: str
    description: str
    frontmatter: Any = Field(sa_column=Column(JSON, nullable=False))
    version: int
    tags: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    labels: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    commit_message: str | None = None


class SkillBlob(SQLModel, table=True):
    """The content of files, once per project: `sha256_hash` is that of its UTF-8 bytes, in base64."""

    __tablename__ = "skill_blobs"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (UniqueConstraint("project_id", "sha256_hash"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    sha256_hash: str
    content: str = Field(sa_column=Column(Text, nullable=False))
    content_length: int  # bytes


class SkillFile(SQLModel, table=True):
    """A file of a version: where it lies in the skill's folder, and which content it has."""

    __tablename__ = "skill_files"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (UniqueConstraint("skill_id", "path"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    skill_id: str = Field(foreign_key="skills.id", ondelete="CASCADE")
    blob_id: str = Field(foreign_key="skill_blobs.id", ondelete="CASCADE", index=True)
    path: str
