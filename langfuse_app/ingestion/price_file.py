"""The price file that litellm ships, read as JSON without importing litellm (2 s and 160 MB): the last resort for a price.

Kept in memory: for each model that is priced by token, the relevant numbers as a short JSON text.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from langfuse_app.ingestion.prices import Condition, ModelDefinition, Tier

_FILE = "model_prices_and_context_window_backup.json"
_INPUT, _OUTPUT = "input_cost_per_token", "output_cost_per_token"
_CACHED, _WRITE = "cache_read_input_token_cost", "cache_creation_input_token_cost"

# Price field → the usage key that it prices, and the field whose change it follows where a tier does not state it.
_FIELDS: dict[str, tuple[str, str]] = {
    _INPUT: ("input", ""),
    _CACHED: ("input_cached_tokens", _INPUT),
    _WRITE: ("input_cache_creation", _INPUT),
    f"{_WRITE}_above_1hr": ("input_cache_creation_1h", _INPUT),
    "input_cost_per_audio_token": ("input_audio_tokens", _INPUT),
    "cache_read_input_audio_token_cost": ("input_cached_audio_tokens", _INPUT),
    "input_cost_per_image_token": ("input_image_tokens", _INPUT),
    _OUTPUT: ("output", ""),
    "output_cost_per_reasoning_token": ("output_reasoning_tokens", _OUTPUT),
    "output_cost_per_audio_token": ("output_audio_tokens", _OUTPUT),
    "output_cost_per_image_token": ("output_image_tokens", _OUTPUT),
}
_FIELD = re.compile(rf"^({'|'.join(sorted(_FIELDS, key=len, reverse=True))})(?:_above_(\d+)k_tokens)?(?:_(flex|priority))?$")
_SERVICES = {"flex": ("Flex", ("flex",)), "priority": ("Fast mode", ("fast", "priority"))}
_PROMPT_KEYS = "^(input|prompt|cache)"
# Gateways that pass a vendor's own price on, and vendors whose models the file lists without a prefix; any other prefix is
# a seller whose price is not the vendor's.
_TRANSPARENT = ("openrouter/", "litellm_proxy/", "litellm/", "portkey/", "helicone/", "bedrock/", "openai/", "anthropic/", "google/")


class _Variant(NamedTuple):
    """When a price counts: prompts above `thousands` × 1000 tokens (0 = any), a service tier ('' = any)."""

    thousands: int
    service: str


def lookup(name: str) -> ModelDefinition | None:
    """The definition of a model under its exact name there, in any case; None when it is not priced by token."""
    for spelling in _spellings(name.lower()):
        text = _entries().get(spelling)
        if text is not None:
            return _definition(spelling, msgspec.json.decode(text))
    return None


def _spellings(name: str) -> Iterator[str]:
    yield name
    for prefix in _TRANSPARENT:
        if name.startswith(prefix):
            yield from _spellings(name.removeprefix(prefix))
    if name.startswith("models/"):  # Google's resource names
        yield name.replace("models/", "gemini/", 1)
    if name.startswith("arn:"):  # Bedrock inference profiles
        yield name.rpartition("/")[2]
    if name.startswith("ft:"):  # ft:<base>:<organisation>:<suffix>:<id>
        yield ":".join(name.split(":")[:2])


@lru_cache(maxsize=1)
def _entries() -> dict[str, bytes]:
    """Lower-case model name → JSON object of its price fields; entries are decoded one by one to keep the peak low."""
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    raw = msgspec.json.decode((Path(spec.origin).parent / _FILE).read_bytes(), type=dict[str, msgspec.Raw])
    found: dict[str, bytes] = {}
    for name, entry in raw.items():
        fields = _price_fields(msgspec.json.decode(entry))
        if fields:
            found[name.lower()] = msgspec.json.encode(fields)
    return found


def _price_fields(entry: dict[str, Any]) -> dict[str, Any]:
    """The fields that price tokens; {} for a model without any, or whose prices are all 0 (unknown, not free)."""
    fields: dict[str, Any] = {key: value for key, value in entry.items() if isinstance(value, int | float) and _FIELD.match(key)}
    if "tiered_pricing" in entry:
        fields["tiered_pricing"] = [_range_fields(step) for step in entry["tiered_pricing"] if "range" in step]
    elif not any(fields.values()) or not (_INPUT in fields or _OUTPUT in fields):
        return {}
    return fields


def _range_fields(step: dict[str, Any]) -> dict[str, Any]:
    return {"from": step["range"][0]} | {key: value for key, value in step.items() if key in _FIELDS}


def _definition(name: str, fields: dict[str, Any]) -> ModelDefinition:
    model_id = f"litellm:{name}"
    steps = fields.pop("tiered_pricing", None)
    tiers = _range_tiers(model_id, steps) if steps else _variant_tiers(model_id, fields)
    return ModelDefinition(id=model_id, name=name, pattern="", tiers=tuple(tiers), stored=False)


def _range_tiers(model_id: str, steps: list[dict[str, Any]]) -> Iterator[Tier]:
    first, *later = sorted(steps, key=lambda step: step["from"])
    yield Tier(f"{model_id}:0", "Standard", 0, (), _by_usage_key(_decimals(first)))
    for place, step in enumerate(reversed(later), 1):
        conditions = (_above(step["from"]),)
        yield Tier(f"{model_id}:{place}", f"Prompt > {step['from']:g} tokens", place, conditions, _by_usage_key(_decimals(step)))


def _variant_tiers(model_id: str, fields: dict[str, Any]) -> Iterator[Tier]:
    tables = _tables(fields)
    base = tables.pop(_Variant(0, ""))
    yield Tier(f"{model_id}:0", "Standard", 0, (), _by_usage_key(base))
    # the strictest first: service and size, then service, then size; larger sizes before smaller ones
    order = sorted(tables, key=lambda variant: (not variant.service, -variant.thousands))
    for place, variant in enumerate(order, 1):
        stated = tables.get(_Variant(0, variant.service), {}) | tables.get(_Variant(variant.thousands, ""), {}) | tables[variant]
        prices = _overlay(base, stated)
        yield Tier(f"{model_id}:{place}", _name(variant), place, _conditions(variant), _by_usage_key(prices))


def _overlay(base: dict[str, Decimal], stated: dict[str, Decimal]) -> dict[str, Decimal]:
    """The variant's prices; what it does not state changes as the price it follows (cached follows input)."""
    result = dict(stated)
    for field, price in base.items():
        head = _FIELDS[field][1]
        changed = head in stated and bool(base.get(head))
        result.setdefault(field, price * stated[head] / base[head] if changed else price)
    return result


def _tables(fields: dict[str, Any]) -> dict[_Variant, dict[str, Decimal]]:
    tables: dict[_Variant, dict[str, Decimal]] = {_Variant(0, ""): {}}
    for key, price in fields.items():
        match = _FIELD.match(key)
        assert match is not None
        variant = _Variant(int(match[2] or 0), match[3] or "")
        tables.setdefault(variant, {})[match[1]] = _decimal(price)
    return tables


def _name(variant: _Variant) -> str:
    large = f"arge context (>{variant.thousands}K)" if variant.thousands else ""
    if not variant.service:
        return "L" + large
    service = _SERVICES[variant.service][0]
    return f"{service} · L{large}" if large else service


def _conditions(variant: _Variant) -> tuple[Condition, ...]:
    found: list[Condition] = []
    if variant.service:
        found.append(Condition("in", source="model_parameters", key="service_tier", values=_SERVICES[variant.service][1]))
    if variant.thousands:
        found.append(_above(variant.thousands * 1000))
    return tuple(found)


def _above(tokens: float) -> Condition:
    return Condition("gt", usage_detail_pattern=_PROMPT_KEYS, value=tokens)


def _by_usage_key(prices: dict[str, Decimal]) -> dict[str, Decimal]:
    return {_FIELDS[field][0]: price for field, price in prices.items()}


def _decimals(fields: dict[str, Any]) -> dict[str, Decimal]:
    return {key: _decimal(value) for key, value in fields.items() if key in _FIELDS}


def _decimal(value: float) -> Decimal:
    """The number as the file writes it: repr is the shortest text that gives the same float."""
    return Decimal(repr(value))
