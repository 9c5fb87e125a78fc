"""Token counts as emitters spell them → usage details in which no token stands twice (spec/api.md §6.5).

Emitters state a whole (`input_tokens`) and parts of it (`cache_read.input_tokens`), often under two names. Here each part has
one name and is taken out of its whole, so that the sum of the details is the number of tokens.
"""

from collections.abc import Collection, Iterable, Mapping
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
            *_both("cache_read_input_tokens", "cache_read_tokens", "cached_tokens", "cached_content_tokens"),
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
    Part("input_audio_tokens", "input", ("prompt_details.audio", "audio.input_tokens", *_both("input_audio_tokens"))),
    Part("input_image_tokens", "input", ("image.input_tokens",)),
    Part(
        "output_reasoning_tokens",
        "output",
        (
            "reasoning.output_tokens",
            "completion_details.reasoning",
            *_both("reasoning_tokens", "output_reasoning_tokens", "thoughts_tokens"),
        ),
    ),
    Part(
        "output_audio_tokens",
        "output",
        ("completion_details.audio", "audio.output_tokens", *_both("output_audio_tokens", "audio_tokens")),
    ),
    Part("output_image_tokens", "output", ("image.output_tokens",)),
)
_WITHIN: Final = {part.name: part.whole for part in PARTS}
_CACHED: Final = ".cache_read.input_tokens"  # of one modality: a share of its input as well as of all that is cached
_CACHED_MODALITIES: Final = tuple((f"{kind}.input_tokens", f"{kind}{_CACHED}") for kind in ("audio", "image"))
# Text is what the other modalities leave of a whole: stated again, it would stand twice.
_RESTATED: Final = frozenset({"text.input_tokens", "text.output_tokens", *(f"{kind}{_CACHED}" for kind in ("text", "image", "audio"))})
# The wholes as the provider counts them, told among the details of an emitter that counts otherwise.
_PROVIDERS: Final = frozenset(f"details.{alias}" for aliases in WHOLES.values() for alias in aliases)
_KNOWN: Final = (
    _RESTATED
    | _PROVIDERS
    | frozenset(alias for part in PARTS for alias in part.aliases)
    | frozenset(alias for aliases in WHOLES.values() for alias in aliases)
)


def details(counts: Mapping[str, Any], apart: Collection[str] = ()) -> dict[str, int]:
    """Usage details from counts under any emitter's names; what is no count is left out.

    apart: wholes that the emitter states without their parts ("input" as Anthropic and Bedrock count it).
    Counts of unknown names are kept as they are. They may be parts again, so with them the total is stated, as the sum
    of what is known, unless the emitter stated one.
    """
    found = _uncached({key: value for key, value in ((key, count(value)) for key, value in counts.items()) if value is not None})
    usage = {name: value for name, aliases in WHOLES.items() if (value := _first(found, aliases)) is not None}
    parts = {part.name: value for part in PARTS if (value := _first(found, part.aliases)) is not None}
    apart = {*apart, *_exceeded(usage, parts)}
    within = {name: whole for name, whole in _WITHIN.items() if whole not in apart} if apart else _WITHIN
    taken = take_out(usage, parts, within)
    extras = {key.removeprefix("details."): value for key, value in found.items() if key not in _KNOWN}
    counted = sum(value for name, value in taken.items() if name != "total")
    if ("total" not in taken and extras and taken) or (apart and taken.get("total", counted) < counted):
        taken["total"] = counted
    return {**extras, **taken}


_BREAKDOWNS: Final = {
    "input": ("prompt_tokens_details", "input_tokens_details"),
    "output": ("completion_tokens_details", "output_tokens_details"),
}


def of_provider(usage: Mapping[str, Any]) -> dict[str, int]:
    """Usage details from the usage object of OpenAI's or Anthropic's answer."""
    counts = dict(usage)
    for side, names in _BREAKDOWNS.items():
        parts = next((usage[name] for name in names if isinstance(usage.get(name), Mapping)), {})
        counts |= {f"{side}_{name}": value for name, value in parts.items() if value}
    return details(counts, ("input",) if "cache_creation_input_tokens" in usage else ())


def _uncached(found: dict[str, int]) -> dict[str, int]:
    """The counts with those of each modality's input less what of it came from the cache."""
    for whole, part in _CACHED_MODALITIES:
        if part in found and whole in found:
            found[whole] = max(0, found[whole] - found[part])
    return found


def _exceeded(usage: Mapping[str, int], parts: Mapping[str, int]) -> set[str]:
    """Wholes that are less than their parts, and so cannot hold them."""
    held: dict[str, int] = {}
    for name, value in parts.items():
        held[_WITHIN[name]] = held.get(_WITHIN[name], 0) + value
    return {whole for whole, value in held.items() if 0 < usage.get(whole, 0) < value}


def take_out(usage: dict[str, int], parts: Mapping[str, int], wholes: Mapping[str, str]) -> dict[str, int]:
    """The usage with the parts beside their wholes, each whole reduced by its parts, never below zero."""
    left = dict(usage)
    for name, value in parts.items():
        whole = wholes.get(name)
        if whole in left:
            left[whole] = max(0, left[whole] - value)
    return {**left, **parts}


def _first(found: Mapping[str, int], aliases: Iterable[str]) -> int | None:
    return next((found[alias] for alias in aliases if alias in found), None)
