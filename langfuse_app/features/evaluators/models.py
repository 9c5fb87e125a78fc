"""Evaluators with immutable versions, and rules that assign them (spec/backend.md §8.1, §12)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, JSON, Column, DateTime, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class Evaluator(SQLModel, table=True):
    """A name and a kind: llm_as_judge or code."""

    __tablename__ = "evaluators"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    name: str
    type: str


class EvaluatorVersion(SQLModel, table=True):
    """What an evaluator does; of a judge its prompt, model, variables and output, of code its source."""

    __tablename__ = "evaluator_versions"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (UniqueConstraint("evaluator_id", "version"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    evaluator_id: str = Field(foreign_key="evaluators.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    version: int
    prompt: str | None = None
    provider: str | None = None
    model: str | None = None
    variables: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    mapping: Any = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    output_definition: Any = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    source_code: str | None = None
    source_code_language: str | None = None


class EvaluationRule(SQLModel, table=True):
    """Which rows are evaluated, how many of them, and by what: assignments are [{evaluatorId, mapping}]."""

    __tablename__ = "evaluation_rules"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    name: str
    enabled: bool
    target: str  # observation, experiment
    filter: Any = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    sampling: float = 1.0
    assignments: Any = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
