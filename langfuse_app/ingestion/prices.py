"""What a model costs: definitions with tiers, and the choice of a tier (spec/backend.md §4.4)."""

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from langfuse_app.ingestion.patterns import found

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}


class Condition(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One condition of a tier, in its JSON form.

    With `usage_detail_pattern`: the sum of the usage values whose key matches is compared with `value`.
    Otherwise: the top-level scalar `key` of `source` (model_parameters or metadata) is one of `values`.
    """

    operator: str
    usage_detail_pattern: str = ""
    value: float = 0
    case_sensitive: bool = False
    source: str = ""
    key: str = ""
    values: tuple[str, ...] = ()


class Tier(msgspec.Struct, frozen=True):
    """Prices in USD per unit by usage key. The default tier has priority 0 and no conditions."""

    id: str
    name: str
    priority: int
    conditions: tuple[Condition, ...]
    prices: dict[str, Decimal]


class ModelDefinition(msgspec.Struct, frozen=True):
    """One model of a project, of the default list (`own` False), or of litellm's price file (`stored` False).

    tiers: by ascending priority, the default one first. start_date: ISO 8601 text that sorts as time, '' = none.
    """

    id: str
    name: str
    pattern: str
    tiers: tuple[Tier, ...]
    own: bool = False
    stored: bool = True
    start_date: str = ""
    tokenizer: str = ""
    tokenizer_config: dict[str, Any] = {}


class Facts(msgspec.Struct, frozen=True):
    """What tier conditions look at: usage by key, the model parameters' JSON text, the metadata's texts."""

    usage: dict[str, int]
    model_parameters: str
    metadata: dict[str, str]


def choose_tier(model: ModelDefinition, facts: Facts) -> Tier:
    """The first conditional tier whose conditions all hold, else the default one."""
    for tier in model.tiers:
        if tier.conditions and all(_holds(condition, facts) for condition in tier.conditions):
            return tier
    return model.tiers[0]


def _holds(condition: Condition, facts: Facts) -> bool:
    if condition.usage_detail_pattern:
        return _COMPARE[condition.operator](_matching_units(condition, facts.usage), condition.value)
    return _attribute(condition, facts) in condition.values


def _matching_units(condition: Condition, usage: dict[str, int]) -> int:
    pattern, case_sensitive = condition.usage_detail_pattern, condition.case_sensitive
    return sum(units for key, units in usage.items() if found(pattern, case_sensitive, key))


def _attribute(condition: Condition, facts: Facts) -> str | None:
    if condition.source == "metadata":
        return facts.metadata.get(condition.key)
    # most observations lack the key: looking for it in the text spares decoding
    if condition.key not in facts.model_parameters:
        return None
    return scalar_text(parameters(facts.model_parameters).get(condition.key))


def parameters(text: str) -> dict[str, Any]:
    """The JSON object in `text`, {} when it is something else."""
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def scalar_text(value: object) -> str | None:
    """A JSON scalar as text ("true", "1.5"), None for null, arrays and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else None
