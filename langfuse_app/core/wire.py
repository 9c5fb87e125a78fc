"""Turning stored text into what the wire shows, and text into parts of URLs."""

from typing import Any
from urllib.parse import quote

import orjson


def json_or_text(text: str | None) -> Any:
    """The value of a JSON text; the text itself when it is not JSON; None when absent."""
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def metadata_values(stored: dict[str, str]) -> dict[str, Any]:
    """Metadata as it is read back: each top-level value parsed, else its text (spec/wire.md §6)."""
    return {key: json_or_value(value) for key, value in stored.items()}


def json_or_value(text: str) -> Any:
    """Like json_or_text, for text that is present even when empty."""
    return json_or_text(text) if text else text


def encode_segment(text: str) -> str:
    """One segment of a path."""
    return quote(text, safe="")
