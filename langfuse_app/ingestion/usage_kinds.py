"""Kinds of tokens: which usage keys mean the same, and which kind a special token would be if it were not special."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple


class Kind(NamedTuple):
    """Usage keys with one meaning. parent: the kind whose price counts where a model has none for this one; '' = none."""

    parent: str
    keys: tuple[str, ...]


_CACHED = "input_cached_tokens input_cache_read cache_read_input_tokens input_cached_text_tokens"
_WRITTEN = "input_cache_creation input_cache_creation_5m cache_creation_input_tokens cache_write_tokens input_cache_write"
_GIVEN = "input input_text_tokens input_text input_tokens input_modality_1 prompt_token_count promptTokenCount"
_MADE = "output output_text_tokens output_text output_tokens output_modality_1 candidates_token_count candidatesTokenCount"
_THOUGHT = "output_reasoning_tokens output_reasoning reasoning_tokens thoughts_token_count thoughtsTokenCount"

KINDS: dict[str, Kind] = {
    "input": Kind("", (*_GIVEN.split(),)),
    "cache read": Kind("input", (*_CACHED.split(), "cached_content_token_count", "cachedContentTokenCount")),
    "audio cache read": Kind("cache read", ("input_cached_audio_tokens",)),
    "cache write": Kind("input", (*_WRITTEN.split(),)),
    "cache write for an hour": Kind("cache write", ("input_cache_creation_1h",)),
    "audio input": Kind("input", ("input_audio_tokens", "input_audio")),
    "image input": Kind("input", ("input_image_tokens", "input_image")),
    "output": Kind("", (*_MADE.split(),)),
    "reasoning": Kind("output", (*_THOUGHT.split(),)),
    "prediction": Kind("output", ("output_accepted_prediction_tokens", "output_rejected_prediction_tokens")),
    "audio output": Kind("output", ("output_audio_tokens", "output_audio")),
    "image output": Kind("output", ("output_image_tokens", "output_image")),
}
_KIND_OF = {key: name for name, kind in KINDS.items() for key in kind.keys}


def related_price(prices: Mapping[str, Decimal], key: str) -> Decimal | None:
    """The price under another key of the same kind, else of the kind above it; None for keys that are no known tokens."""
    name = _KIND_OF.get(key, "")
    while name:
        parent, keys = KINDS[name]
        price = next((prices[other] for other in keys if other in prices), None)
        if price is not None:
            return price
        name = parent
    return None


def side_of(key: str) -> str:
    """'input' or 'output' for a key that counts a part of it, '' for any other."""
    name = _KIND_OF.get(key, "")
    while name and KINDS[name].parent:
        name = KINDS[name].parent
    return name or next((side for side in ("input", "output") if key.startswith(f"{side}_")), "")
