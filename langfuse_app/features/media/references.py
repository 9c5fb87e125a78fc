"""References to media inside of JSON values, as the SDKs write them in the places of files (spec/api.md §4.9)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_REFERENCE = re.compile(r"@@@langfuseMedia:type=[^|]+\|id=(?P<id>[\w-]{22})\|source=\w+@@@", re.ASCII)
_DEEPEST = 20  # as deep as the SDKs look


class Reference(NamedTuple):
    """A text that is nothing but a reference; `json_path` is where it stands in its field, in the form `$['key'][0]`."""

    field: str
    text: str
    json_path: str
    media_id: str


def find_references(fields: Mapping[str, Any]) -> list[Reference]:
    """All references in some fields, by their names on the wire."""
    return [reference for field, value in fields.items() for reference in _within(field, value, "$", 0)]


def _within(field: str, value: Any, path: str, depth: int) -> Iterator[Reference]:
    if isinstance(value, str):
        found = _REFERENCE.fullmatch(value)
        if found:
            yield Reference(field, value, path, found["id"])
    elif depth < _DEEPEST:
        for step, part in _parts(value):
            yield from _within(field, part, path + step, depth + 1)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Steps of a path and what they lead to. A key with the end of a step in it cannot be named in a path."""
    if isinstance(value, list):
        yield from ((f"[{place}]", part) for place, part in enumerate(value))
    elif isinstance(value, dict):
        yield from ((f"['{key}']", part) for key, part in value.items() if "']" not in key)
