"""Evaluators and their immutable versions (spec/backend.md §8.1, §12)."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, JSON, Column, DateTime, Index, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class Evaluator(SQLModel, table=True):
    """A kind, llm_as_judge or code, under a name that others may have too."""

    __tablename__ = "evaluators"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (
        Index("evaluators_by_time", "project_id", "created_at", "id"),
        Index("evaluators_by_name", "project_id", "name"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    created_by_user_id: str | None = Field(default=None, foreign_key="users.id", ondelete="SET NULL")
    name: str
    description: str | None = None
    type: str


class EvaluatorVersion(SQLModel, table=True):
    """What an evaluator does; of a judge its prompt ([{role, content}]), model, variables and output, of code its source."""

    __tablename__ = "evaluator_versions"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (UniqueConstraint("evaluator_id", "version"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    evaluator_id: str = Field(foreign_key="evaluators.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    created_by_user_id: str | None = Field(default=None, foreign_key="users.id", ondelete="SET NULL")
    version: int
    prompt: Any = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    provider: str | None = None
    model: str | None = None
    variables: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    mapping: Any = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    output_definition: Any = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    source_code: str | None = None
    source_code_language: str | None = None


class Known(NamedTuple):
    """An evaluator and its newest version, with the names of the people who made them."""

    evaluator: Evaluator
    version: EvaluatorVersion
    author: str | None = None
    version_author: str | None = None
