"""JSON `usage`, `usageDetails` and `costDetails` → provided usage and cost (spec/api.md §5.2, §7).

Counts are tokens (or the unit the client names), costs are USD.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from langfuse_app.ingestion.normalise import cost, costs, count, positive_counts

Unit = Literal["CHARACTERS", "TOKENS", "MILLISECONDS", "SECONDS", "IMAGES", "REQUESTS"]
Number = int | float | None


class Usage(msgspec.Struct, rename="camel"):
    """`usage` in its own form, in OpenAI's camel-case form, and as OpenAI's raw object."""

    input: Number = None
    output: Number = None
    total: Number = None
    unit: Unit | None = None
    input_cost: Number = None
    output_cost: Number = None
    total_cost: Number = None
    prompt_tokens: Number = None
    completion_tokens: Number = None
    total_tokens: Number = None
    raw_prompt_tokens: Number = msgspec.field(default=None, name="prompt_tokens")
    raw_completion_tokens: Number = msgspec.field(default=None, name="completion_tokens")
    raw_total_tokens: Number = msgspec.field(default=None, name="total_tokens")
    raw_prompt_details: dict[str, object] | None = msgspec.field(default=None, name="prompt_tokens_details")
    raw_completion_details: dict[str, object] | None = msgspec.field(default=None, name="completion_tokens_details")

    def problem(self) -> str | None:
        """The field whose count is not an integer."""
        names = ("input", "output", "total", "prompt_tokens", "completion_tokens", "total_tokens")
        for name in names:
            value = getattr(self, name)
            if isinstance(value, float) and not value.is_integer():
                return _WIRE_NAMES[name]
        return None

    def counts(self) -> dict[str, int]:
        """input, output and total as far as given; the OpenAI forms count only where the own form says nothing."""
        given = {
            "input": (self.input, self.prompt_tokens, self.raw_prompt_tokens),
            "output": (self.output, self.completion_tokens, self.raw_completion_tokens),
            "total": (self.total, self.total_tokens, self.raw_total_tokens),
        }
        return positive_counts({key: next((v for v in values if v is not None), None) for key, values in given.items()})

    def raw_details(self) -> dict[str, object]:
        """OpenAI's raw object with its breakdowns, {} when `usage` is not one."""
        if self.raw_prompt_tokens is None or (self.raw_prompt_details is None and self.raw_completion_details is None):
            return {}
        return {
            "prompt_tokens": self.raw_prompt_tokens,
            "completion_tokens": self.raw_completion_tokens,
            "total_tokens": self.raw_total_tokens,
            "prompt_tokens_details": self.raw_prompt_details,
            "completion_tokens_details": self.raw_completion_details,
        }

    def costs(self) -> dict[str, Decimal]:
        """Costs given beside the counts; the OpenAI forms carry none."""
        if self.prompt_tokens is not None or self.completion_tokens is not None or self.total_tokens is not None:
            return {}
        given = {"input": self.input_cost, "output": self.output_cost, "total": self.total_cost}
        return {key: amount for key, value in given.items() if (amount := cost(value)) is not None}


_WIRE_NAMES = {field.name: field.encode_name for field in msgspec.structs.fields(Usage)}
# The two strict OpenAI shapes: counts of input, output, total, and where each is broken down.
_CHAT = ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details")
_RESPONSES = ("input_tokens", "output_tokens", "total_tokens", "input_tokens_details", "output_tokens_details")


def provided_usage(usage: Usage | None, details: Mapping[str, object] | None) -> dict[str, int]:
    """Usage by key. `usageDetails` override `usage`; a total is made from input and output only without details."""
    details = details or (usage.raw_details() if usage else None)
    detailed = usage_details(details) if details else {}
    counts = usage.counts() if usage else {}
    if "total" not in counts and not detailed:
        total = counts.get("input", 0) + counts.get("output", 0)
        counts |= {"total": total} if total else {}
    return counts | detailed


def provided_cost(usage: Usage | None, details: Mapping[str, object] | None) -> dict[str, Decimal]:
    """Cost by key; `costDetails` override the costs inside `usage`."""
    return (usage.costs() if usage else {}) | costs(details or {})


def usage_details(details: Mapping[str, object]) -> dict[str, int]:
    """`usageDetails` as counts: a strict OpenAI shape is split up so that no token counts twice, any other map is kept."""
    for shape in (_CHAT, _RESPONSES):
        if (counts := _openai(details, shape)) is not None:
            return counts
    return positive_counts(details)


def _openai(details: Mapping[str, object], shape: tuple[str, ...]) -> dict[str, int] | None:
    """None unless `details` has exactly this shape."""
    if shape[0] not in details or details.keys() - set(shape):
        return None
    totals = [count(details.get(name)) for name in shape[:3]]
    parts = [_breakdown(details.get(name)) for name in shape[3:]]
    if None in totals or None in parts or any(isinstance(details[name], str) for name in shape[:3]):
        return None
    result = {key: total or 0 for key, total in zip(("input", "output", "total"), totals, strict=True)}
    for side, part in zip(("input", "output"), parts, strict=True):
        for name, tokens in (part or {}).items():
            result[f"{side}_{name}"] = tokens
            result[side] = max(0, result[side] - tokens)
    return result


def _breakdown(value: object) -> dict[str, int] | None:
    """Counts by name, nulls left out; None when it is something else than a map of integers."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return None
    given: dict[str, object] = {str(name): tokens for name, tokens in value.items() if tokens is not None}
    counts = positive_counts(given)
    return counts if len(counts) == len(given) else None
