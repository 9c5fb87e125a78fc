"""API keys (spec/backend.md §12, spec/api.md §1.1)."""

from datetime import datetime

from sqlalchemy import ARRAY, Column, DateTime, String
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class ApiKey(SQLModel, table=True):
    """A key pair of a project or of an organisation.

    fast_hashed_secret_key: sha256(secret + sha256(SALT)), by which a request finds its key.
    scopes: what the key is narrowed to (core/scopes.py, Right); empty: everything.
    """

    __tablename__ = "api_keys"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel

    id: str = Field(default_factory=new_id, primary_key=True)
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    note: str | None = None
    public_key: str = Field(unique=True)
    fast_hashed_secret_key: str = Field(unique=True)
    display_secret_key: str
    last_used_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    expires_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    project_id: str | None = Field(default=None, foreign_key="projects.id", ondelete="CASCADE", index=True)
    organization_id: str | None = Field(default=None, foreign_key="organizations.id", ondelete="CASCADE", index=True)
    scope: str = "PROJECT"
    scopes: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False, server_default="{}"))
    created_by_user_id: str | None = Field(default=None, foreign_key="users.id", ondelete="SET NULL")
