"""Turning stored text into what the wire shows, and text into parts of URLs."""

from typing import Any
from urllib.parse import quote

import orjson

_DEEPEST = 200  # levels of a stored value that an answer carries as a value
_ROOM = 254 - _DEEPEST  # orjson writes 254 levels; the answer around the value needs some of them


def json_or_text(text: str | None) -> Any:
    """The value of a JSON text; the text itself when it is not JSON or too deep for an answer; None when absent."""
    if not text:
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return text if _too_deep(text, value) else value


def _too_deep(text: str, value: Any) -> bool:
    """Whether a value lies deeper than an answer can; most texts have too few brackets to ask."""
    if text.count("[") + text.count("{") <= _DEEPEST:
        return False
    for _ in range(_ROOM):
        value = [value]
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return True
    return False


def metadata_values(stored: dict[str, str]) -> dict[str, Any]:
    """Metadata as it is read back: each top-level value parsed, else its text (spec/wire.md §6)."""
    return {key: json_or_value(value) for key, value in stored.items()}


def json_or_value(text: str) -> Any:
    """Like json_or_text, for text that is present even when empty."""
    return json_or_text(text) if text else text


def encode_segment(text: str) -> str:
    """One segment of a path."""
    return quote(text, safe="")
