"""LLM connections (spec/backend.md §12)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, DateTime, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class LlmApiKey(SQLModel, table=True):
    """How to reach a provider. secret_key and extra_headers (a JSON object) are encrypted."""

    __tablename__ = "llm_api_keys"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (UniqueConstraint("project_id", "provider"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    provider: str
    adapter: str
    display_secret_key: str
    secret_key: str
    base_url: str | None = None
    custom_models: list[str] = Field(default_factory=list, sa_type=ARRAY(String))  # pyright: ignore[reportArgumentType]
    with_default_models: bool = True
    extra_headers: str | None = None
    extra_header_keys: list[str] = Field(default_factory=list, sa_type=ARRAY(String))  # pyright: ignore[reportArgumentType]
    config: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))  # pyright: ignore[reportArgumentType]
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
