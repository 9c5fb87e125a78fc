"""People and their sign-ins (spec/backend.md §12)."""

from datetime import datetime

from sqlalchemy import ARRAY, Column, DateTime, String
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class User(SQLModel, table=True):
    """A person. `password` is an argon2 hash, None for people who sign in elsewhere; e-mails are kept in lower case."""

    __tablename__ = "users"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str | None = None
    email: str = Field(unique=True)
    email_verified: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    password: str | None = None
    image: str | None = None
    admin: bool = False
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    feature_flags: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))


class UserSession(SQLModel, table=True):
    """One sign-in. Only the hash of its token is stored, so that a copy of the table opens no door."""

    __tablename__ = "user_sessions"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel

    id: str = Field(default_factory=new_id, primary_key=True)
    token_hash: str = Field(unique=True)
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    last_seen_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    user_agent: str = ""
