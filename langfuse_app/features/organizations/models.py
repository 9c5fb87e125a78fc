"""Organisations and their members (spec/backend.md §12)."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class Organization(SQLModel, table=True):
    """The tenant that owns projects."""

    __tablename__ = "organizations"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    metadata_: dict[str, Any] | None = Field(default=None, sa_type=JSONB, sa_column_kwargs={"name": "metadata"})


class OrganizationMembership(SQLModel, table=True):
    """A person's role in an organisation; it holds in every project that gives them no other."""

    __tablename__ = "organization_memberships"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (UniqueConstraint("org_id", "user_id"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    org_id: str = Field(foreign_key="organizations.id", ondelete="CASCADE")
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    role: str
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))


class ProjectMembership(SQLModel, table=True):
    """A person's role in one project; it replaces the role of the organisation there."""

    __tablename__ = "project_memberships"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel

    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE", primary_key=True)
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", primary_key=True, index=True)
    org_membership_id: str = Field(foreign_key="organization_memberships.id", ondelete="CASCADE", index=True)
    role: str
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
