"""The shipped default price list as definitions, without a database."""

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

import langfuse_app.features.models
from langfuse_app.ingestion.prices import Condition, ModelDefinition, Tier
from langfuse_app.ingestion.pricing import Matcher

PRICES = Path(langfuse_app.features.models.__file__).with_name("default_prices.json")


@cache
def price_list() -> list[dict[str, Any]]:
    return json.loads(PRICES.read_text())["models"]


@cache
def definitions() -> list[ModelDefinition]:
    return [definition(model) for model in price_list()]


@cache
def matcher() -> Matcher:
    return Matcher(definitions())


def definition(model: dict[str, Any], **columns: Any) -> ModelDefinition:
    """One entry of the list; `columns` sets what the list does not say (own, start_date, …)."""
    tiers = [
        Tier(
            id=f"{model['name']}:{tier['name']}",
            name=tier["name"],
            priority=tier["priority"],
            conditions=msgspec.convert(tier["conditions"], tuple[Condition, ...]),
            prices={key: Decimal(price) for key, price in tier["prices"].items()},
        )
        for tier in model["tiers"]
    ]
    base = {
        "id": model["name"],
        "name": model["name"],
        "pattern": model["pattern"],
        "tiers": tuple(tiers),
        "tokenizer": model.get("tokenizer") or "",
        "tokenizer_config": model.get("tokenizer_config") or {},
    }
    return ModelDefinition(**(base | columns))


def simple(name: str, *, pattern: str | None = None, prices: dict[str, str] | None = None, **columns: Any) -> ModelDefinition:
    """A definition with one tier."""
    tier = {"name": "Standard", "priority": 0, "conditions": [], "prices": prices or {"input": "0.000001", "output": "0.000002"}}
    return definition({"name": name, "pattern": pattern or f"(?i)^({name})$", "tiers": [tier]}, **columns)
