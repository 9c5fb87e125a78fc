"""Models, pricing tiers and prices (spec/backend.md §12). The flat prices of the wire are the default tier's rows."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class Model(SQLModel, table=True):
    """A model of a project, or of the default list (no project). A name may return with another start date or unit."""

    __tablename__ = "models"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (
        Index(
            "models_by_name",
            "project_id",
            "model_name",
            text("COALESCE(start_date, '-infinity'::timestamptz)"),
            text("COALESCE(unit, '')"),
            unique=True,
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    project_id: str | None = Field(default=None, foreign_key="projects.id", ondelete="CASCADE")
    model_name: str
    match_pattern: str
    start_date: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    unit: str | None = None
    tokenizer_id: str | None = None
    tokenizer_config: dict[str, Any] | None = Field(default=None, sa_type=JSONB)


class PricingTier(SQLModel, table=True):
    """One set of prices of a model. conditions: the JSON form of the wire; the default tier has priority 0 and none."""

    __tablename__ = "pricing_tiers"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (UniqueConstraint("model_id", "priority"), UniqueConstraint("model_id", "name"))

    id: str = Field(default_factory=new_id, primary_key=True)
    model_id: str = Field(foreign_key="models.id", ondelete="CASCADE")
    name: str
    is_default: bool = False
    priority: int = 0
    conditions: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)


class Price(SQLModel, table=True):
    """USD per unit of one usage type in one tier."""

    __tablename__ = "prices"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel

    pricing_tier_id: str = Field(primary_key=True, foreign_key="pricing_tiers.id", ondelete="CASCADE")
    usage_type: str = Field(primary_key=True)
    price: Decimal = Field(sa_type=Numeric)
