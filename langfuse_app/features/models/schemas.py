"""Shapes of models: what services return, and what the wire shows (spec/api.md §13 Model, CreateModelRequest, PricingTier)."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, StrictBool, StrictFloat, model_validator

from langfuse_app.core.shapes import WHOLE, Body, BodyTime, PageMeta, Shape, WireTime, examples
from langfuse_app.core.time import iso_ms


class ModelUnit(StrEnum):
    """What a usage count counts."""

    CHARACTERS = "CHARACTERS"
    TOKENS = "TOKENS"
    MILLISECONDS = "MILLISECONDS"
    SECONDS = "SECONDS"
    IMAGES = "IMAGES"
    REQUESTS = "REQUESTS"


UsdPerUnit = Annotated[Decimal, Field(ge=0, le=1_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=1000)]


class UsageCondition(Body):
    """The sum of the usage values whose key matches the pattern, compared with a value."""

    usage_detail_pattern: str
    operator: Literal["gt", "gte", "lt", "lte", "eq", "neq"]
    value: StrictFloat
    case_sensitive: StrictBool = False


class AttributeCondition(Body):
    """A top-level scalar of the model parameters or the metadata is one of some values."""

    source: Literal["model_parameters", "metadata"]
    key: Name
    operator: Literal["in"] = "in"
    values: list[str] = Field(min_length=1)


class TierInput(Body):
    """A tier as clients send it; prices in USD per unit. Without `isDefault` the tier without conditions is the default."""

    name: Name
    is_default: StrictBool = False
    priority: Annotated[int, Field(ge=0, le=1_000_000), WHOLE]
    conditions: list[UsageCondition | AttributeCondition]
    prices: dict[Name, UsdPerUnit]

    @model_validator(mode="before")
    @classmethod
    def _default_by_conditions(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("isDefault") is None:
            return value | {"isDefault": not value.get("conditions")}
        return value


class ModelInput(Body):
    """Body of POST and PUT: either flat prices or tiers."""

    model_config = examples(
        {"modelName": "acme-1", "matchPattern": "(?i)^(acme-1)$", "unit": "TOKENS", "inputPrice": 0.000001, "outputPrice": 0.000002}
    )

    model_name: Name
    match_pattern: str
    start_date: BodyTime | None = None
    unit: ModelUnit
    input_price: UsdPerUnit | None = None
    output_price: UsdPerUnit | None = None
    total_price: UsdPerUnit | None = None
    pricing_tiers: list[TierInput] | None = None
    tokenizer_id: Literal["openai", "claude"] | None = None
    tokenizer_config: dict[str, Any] | None = None


class FlatPrices(NamedTuple):
    """The three prices that older readers know; None where the default tier has none."""

    input: Decimal | None
    output: Decimal | None
    total: Decimal | None


@dataclass(frozen=True, slots=True)
class TierItem:
    """One tier; conditions in the JSON form of the wire, prices in USD per unit by usage type."""

    id: str
    name: str
    is_default: bool
    priority: int
    conditions: list[dict[str, Any]]
    prices: dict[str, Decimal]

    def wire(self) -> dict[str, Any]:
        """The PricingTier of the contract."""
        return {
            "id": self.id,
            "name": self.name,
            "isDefault": self.is_default,
            "priority": self.priority,
            "conditions": self.conditions,
            "prices": {usage_type: float(price) for usage_type, price in self.prices.items()},
        }


@dataclass(frozen=True, slots=True)
class ModelItem:
    """One model; `managed` ones come from the default list and cannot be changed. The default tier is first."""

    id: str
    name: str
    match_pattern: str
    start_date: datetime | None
    unit: str | None
    tokenizer_id: str | None
    tokenizer_config: dict[str, Any] | None
    managed: bool
    created_at: datetime
    tiers: list[TierItem] = field(default_factory=list)

    @property
    def flat(self) -> FlatPrices:
        """The default tier's prices of input, output and total."""
        prices = self.tiers[0].prices
        return FlatPrices(prices.get("input"), prices.get("output"), prices.get("total"))

    def wire(self) -> dict[str, Any]:
        """The Model of the contract."""
        return {
            "id": self.id,
            "modelName": self.name,
            "matchPattern": self.match_pattern,
            "startDate": iso_ms(self.start_date) if self.start_date else None,
            "unit": self.unit,
            "inputPrice": _number(self.flat.input),
            "outputPrice": _number(self.flat.output),
            "totalPrice": _number(self.flat.total),
            "tokenizerId": self.tokenizer_id,
            "tokenizerConfig": self.tokenizer_config,
            "isLangfuseManaged": self.managed,
            "createdAt": iso_ms(self.created_at),
            "prices": {usage_type: {"price": float(price)} for usage_type, price in self.tiers[0].prices.items()},
            "pricingTiers": [tier.wire() for tier in self.tiers],
        }


def _number(price: Decimal | None) -> float | None:
    return None if price is None else float(price)


class PriceOut(Shape):
    """USD per unit."""

    price: float


class TierOut(Shape):
    """A tier; prices in USD per unit by usage type."""

    id: str
    name: str
    is_default: bool
    priority: int
    conditions: list[UsageCondition | AttributeCondition]
    prices: dict[str, float]


class ModelOut(Shape):
    """A model; the flat prices are those of the default tier."""

    id: str
    model_name: str
    match_pattern: str
    start_date: WireTime | None
    unit: ModelUnit | None
    input_price: float | None
    output_price: float | None
    total_price: float | None
    tokenizer_id: str | None
    tokenizer_config: dict[str, Any] | None
    is_langfuse_managed: bool
    created_at: WireTime
    prices: dict[str, PriceOut]
    pricing_tiers: list[TierOut]


class ModelsOut(Shape):
    """Own and default models."""

    data: list[ModelOut]
    meta: PageMeta
