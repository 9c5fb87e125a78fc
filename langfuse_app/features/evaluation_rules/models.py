"""Rules and the evaluators assigned to them (spec/backend.md §8.1, §12)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class EvaluationRule(SQLModel, table=True):
    """Which rows are evaluated, and how many of them."""

    __tablename__ = "evaluation_rules"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (
        Index("evaluation_rules_by_time", "project_id", "created_at", "id"),
        Index("evaluation_rules_by_name", "project_id", "name"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    created_by_user_id: str | None = Field(default=None, foreign_key="users.id", ondelete="SET NULL")
    name: str = ""
    enabled: bool = False
    target: str = "observation"  # or experiment: only the roots of experiment items
    filter: Any = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    sampling: float = 1.0


class RuleAssignment(SQLModel, table=True):
    """An evaluator of a rule, at its place among them. A mapping of None: that of the evaluator's newest version."""

    __tablename__ = "evaluation_rule_evaluator_assignments"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (
        UniqueConstraint("evaluation_rule_id", "evaluator_id"),
        Index("evaluation_rule_assignments_by_evaluator", "evaluator_id"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    project_id: str = Field(foreign_key="projects.id", ondelete="CASCADE")
    evaluation_rule_id: str = Field(foreign_key="evaluation_rules.id", ondelete="CASCADE")
    evaluator_id: str = Field(foreign_key="evaluators.id", ondelete="CASCADE")
    position: int = 0
    mapping: Any = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
