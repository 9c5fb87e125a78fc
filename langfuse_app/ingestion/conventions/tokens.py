"""Token counts as emitters spell them → usage details in which no token stands twice (spec/api.md §6.5).

Emitters state a whole (`input_tokens`) and parts of it (`cache_read.input_tokens`), often under two names. Here each part has
one name and is taken out of its whole, so that the sum of the details is the number of tokens.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from langfuse_app.ingestion.normalise import count


class Part(NamedTuple):
    """A share of a whole, the names it comes under (the first that is there counts, all are consumed)."""

    name: str
    whole: str
    aliases: tuple[str, ...]


WHOLES: Final[dict[str, tuple[str, ...]]] = {
    "input": ("prompt_tokens", "input_tokens", "prompt"),
    "output": ("completion_tokens", "output_tokens", "completion"),
    "total": ("total_tokens", "total"),
}


def _both(*names: str) -> tuple[str, ...]:
    """The names, and the same among the details."""
    return (*names, *(f"details.{name}" for name in names))


PARTS: Final = (
    Part(
        "input_cached_tokens",
        "input",
        (
            "cache_read.input_tokens",
            *_both("cache_read_input_tokens", "cache_read_tokens"),
            "prompt_details.cache_read",
            "input_cached_tokens",
        ),
    ),
    Part(
        "input_cache_creation",
        "input",
        (
            "cache_creation.input_tokens",
            "cache_write.input_tokens",
            *_both("cache_creation_input_tokens", "cache_write_input_tokens", "cache_write_tokens"),
            "prompt_details.cache_write",
            "input_cache_creation",
        ),
    ),
    Part("input_audio_tokens", "input", ("prompt_details.audio", *_both("input_audio_tokens"))),
    Part(
        "output_reasoning_tokens",
        "output",
        ("reasoning.output_tokens", "completion_details.reasoning", *_both("reasoning_tokens", "output_reasoning_tokens")),
    ),
    Part("output_audio_tokens", "output", ("completion_details.audio", *_both("output_audio_tokens", "audio_tokens"))),
)
_KNOWN: Final = frozenset(alias for part in PARTS for alias in part.aliases) | frozenset(
    alias for aliases in WHOLES.values() for alias in aliases
)


def details(counts: Mapping[str, Any]) -> dict[str, int]:
    """Usage details from counts under any emitter's names; what is no count is left out.

    Counts of unknown names are kept as they are. They may be parts again, so with them the total is stated, as the sum
    of what is known, unless the emitter stated one.
    """
    found = {key: value for key, value in ((key, count(value)) for key, value in counts.items()) if value is not None}
    usage = {name: value for name, aliases in WHOLES.items() if (value := _first(found, aliases)) is not None}
    parts = {part.name: value for part in PARTS if (value := _first(found, part.aliases)) is not None}
    taken = take_out(usage, parts, {part.name: part.whole for part in PARTS})
    extras = {key.removeprefix("details."): value for key, value in found.items() if key not in _KNOWN}
    if extras and taken and "total" not in taken:
        taken["total"] = sum(taken.values())
    return {**extras, **taken}


def take_out(usage: dict[str, int], parts: Mapping[str, int], wholes: Mapping[str, str]) -> dict[str, int]:
    """The usage with the parts beside their wholes, each whole reduced by its parts, never below zero."""
    left = dict(usage)
    for name, value in parts.items():
        whole = wholes[name]
        if whole in left:
            left[whole] = max(0, left[whole] - value)
    return {**left, **parts}


def _first(found: Mapping[str, int], aliases: Iterable[str]) -> int | None:
    return next((found[alias] for alias in aliases if alias in found), None)
