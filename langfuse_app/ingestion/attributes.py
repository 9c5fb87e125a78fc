"""Attribute values of OTLP spans: conversion from both encodings, JSON helpers, index rebuilding (spec/api.md §6.2, §6.7).

Keys and values come from users. Everything here is bounded (depth, array slots, integer width), total (it answers for
any input) and pure: a value that is returned is new or immutable, so spans share nothing they could change.
"""

import math
from base64 import b64encode
from typing import Any, Final, cast

import orjson

from langfuse_app.ingestion.normalise import clean, is_double, json_text, text

MAX_DEPTH: Final = 32  # of values converted, and of dotted paths rebuilt
MAX_SLOTS: Final = 10_001  # array elements rebuilt from indexed keys, in total per span
INT64: Final = range(-(2**63), 2**64)  # times are unsigned, values are signed
_IGNORED: Final = frozenset({"__proto__", "constructor", "prototype"})
# The first character of anything that JSON could be; all else is plain text and need not be tried.
_JSON_STARTS: Final = frozenset('{["-0123456789tfn')


_JSON_WORDS: Final = frozenset({"true", "false", "null"})
_JSON_SPACES: Final = " \t\n\r"


class NotJson:
    """The type of NOT_JSON, which no JSON text gives."""


NOT_JSON: Final = NotJson()


def parse(text: object) -> Any:
    """The value of a JSON text; NOT_JSON when it is not a text, or not JSON."""
    if not isinstance(text, str):
        return NOT_JSON
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return NOT_JSON


def parse_object(text: object) -> dict[str, Any] | None:
    """The object of a JSON text (or the object itself); None when it is anything else."""
    value = text if isinstance(text, dict) else parse(text)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def parse_list(text: object) -> list[Any] | None:
    """The array of a JSON text (or the list itself); None when it is anything else."""
    value = text if isinstance(text, list) else parse(text)
    return cast("list[Any]", value) if isinstance(value, list) else None


def json_value(value: object) -> Any:
    """The value of a JSON text, or the value as it is."""
    if isinstance(value, str) and value[:1] in _JSON_STARTS:
        if value[0] in "tfn" and value.rstrip(_JSON_SPACES) not in _JSON_WORDS:
            return value  # most texts are words: a refusal of the parser costs twenty times this
        parsed = parse(value)
        return value if parsed is NOT_JSON else parsed
    return value


def unquoted(value: object) -> Any:
    """A string that is a JSON string gives what it quotes; SDK 5 sends metadata strings so (spec/wire.md §0.5)."""
    if isinstance(value, str) and value[:1] == '"':
        parsed = parse(value)
        return parsed if isinstance(parsed, str) else value
    return value


def metadata_text(value: object) -> str:
    """The stored form of one metadata value: the shortest text that reads back as the value that was sent.

    A JSON string loses its quotes, unless what it quotes would be read as JSON of another kind ("123", "true").
    """
    plain = unquoted(value)
    if plain is value:
        return text(value)
    return text(value) if json_value(plain) is not plain else plain


def number(value: object) -> int | float | None:
    """A finite number, from a number or its decimal text; None otherwise. Booleans are not numbers."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value) if isinstance(value, (float, str)) else value
    except ValueError:
        return None
    if not is_double(found):
        return None
    return int(found) if isinstance(found, float) and found.is_integer() else found


def truth(value: object) -> bool:
    """True for true and "true"."""
    return value is True or value == "true"


# OTLP/protobuf


def from_proto(value: Any) -> Any:
    """The value of an AnyValue message: str, int, float, bool, list, or JSON text for maps and bytes; None when unset."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "string_value":
        return clean(value.string_value)
    if kind == "double_value":
        return _double(value.double_value)
    if kind == "array_value":
        return [from_proto(item) for item in value.array_value.values]
    if kind in ("int_value", "bool_value"):
        return getattr(value, kind)
    return json_text(_proto_as_json(value))


def _proto_as_json(value: Any) -> dict[str, Any]:
    """An AnyValue message as the OTLP/JSON object of the same value."""
    kind = value.WhichOneof("value")
    if kind == "kvlist_value":
        pairs = [{"key": pair.key, "value": _proto_as_json(pair.value)} for pair in value.kvlist_value.values]
        return {"kvlistValue": {"values": pairs}}
    if kind == "array_value":
        return {"arrayValue": {"values": [_proto_as_json(item) for item in value.array_value.values]}}
    if kind == "bytes_value":
        return {"bytesValue": b64encode(value.bytes_value).decode()}
    if kind is None:
        return {}
    head, _, tail = kind.partition("_")
    return {head + tail.title(): getattr(value, kind)}


def plain_proto(value: Any) -> Any:
    """The plain value of an AnyValue message, maps as dicts: for attributes that hold messages as structures."""
    kind = value.WhichOneof("value")
    if kind == "kvlist_value":
        return {clean(pair.key): plain_proto(pair.value) for pair in value.kvlist_value.values}
    if kind == "array_value":
        return [plain_proto(item) for item in value.array_value.values]
    return from_proto(value)


# OTLP/JSON


def from_json(value: object, depth: int = 0) -> Any:
    """The value of an OTLP/JSON AnyValue object, as `from_proto` gives it for the message."""
    if not isinstance(value, dict):
        return None if value is None else json_text(value)
    found = cast("dict[str, Any]", value)
    string = found.get("stringValue")
    if isinstance(string, str):
        return clean(string)
    items = parse_list((parse_object(found.get("arrayValue")) or {}).get("values", []))
    if "arrayValue" in found and items is not None and depth < MAX_DEPTH:
        return [from_json(item, depth + 1) for item in items]
    return _json_scalar(found)


def _json_scalar(found: dict[str, Any]) -> Any:
    """A number or boolean; JSON text of the object for everything else, None when it is empty."""
    scalar = None
    if "intValue" in found:
        scalar = int64(found["intValue"])
    elif "doubleValue" in found:
        scalar = _json_double(found["doubleValue"])
    elif isinstance(found.get("boolValue"), bool):
        scalar = found["boolValue"]
    return (json_text(found) if found else None) if scalar is None else scalar


def _json_double(value: object) -> float | str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return _double(float(value))
    except (ValueError, OverflowError):
        return None


def plain_json(value: object, depth: int = 0) -> Any:
    """The plain value of an OTLP/JSON AnyValue object, maps as dicts; deeper than MAX_DEPTH as JSON text."""
    if not isinstance(value, dict) or depth >= MAX_DEPTH:
        return from_json(value)
    found = cast("dict[str, Any]", value)
    for kind in ("kvlistValue", "arrayValue"):
        items = parse_list((parse_object(found.get(kind)) or {}).get("values"))
        if items is None:
            continue
        if kind == "arrayValue":
            return [plain_json(item, depth + 1) for item in items]
        pairs = [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]
        return {clean(str(pair.get("key"))): plain_json(pair.get("value"), depth + 1) for pair in pairs}
    return from_json(found)


def int64(value: object) -> int | None:
    """An int64 in any spelling: number, decimal text, or {low, high}; None when it is none of them."""
    if isinstance(value, dict):
        return _from_words(cast("dict[str, Any]", value))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and len(value) <= 20:
        try:
            value = int(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if value in INT64 else None


def _from_words(words: dict[str, Any]) -> int | None:
    low, high = words.get("low"), words.get("high", 0)
    if not isinstance(low, int) or not isinstance(high, int):
        return None
    joined = (high & 0xFFFFFFFF) << 32 | (low & 0xFFFFFFFF)
    return joined - 2**64 if joined >= 2**63 and not words.get("unsigned") else joined


def _double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


# Index rebuilding


class Slots:
    """How many array elements a span may still get from indexed keys."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_SLOTS

    def take(self, wanted: int) -> int:
        """How many of the wanted elements may be made; they are taken off what is left."""
        granted = min(wanted, self.left)
        self.left -= granted
        return granted


def rebuild(attributes: dict[str, Any], prefix: str, slots: Slots) -> Any:
    """The list or object that keys like `<prefix>0.message.role` spell; None when there are none.

    Numbers order the elements of a list and are not positions in memory, so a huge index costs nothing and holes
    close. Where one key is a prefix of another (`a` and `a.b`) the deeper one stands, whatever came first.
    """
    tree: dict[str, Any] = {}
    for key in sorted(key for key in attributes if key.startswith(prefix)):
        path = key[len(prefix) :].split(".", MAX_DEPTH)
        if path != [""] and not _IGNORED.intersection(path):
            _place(tree, path, attributes[key])
    return _listed(tree, slots) if tree else None


def _place(tree: dict[str, Any], path: list[str], value: object) -> None:
    node = tree
    for step in path[:-1]:
        below = node.get(step)
        if not isinstance(below, _Branch):
            below = node[step] = _Branch()
        node = cast("dict[str, Any]", below)
    if not isinstance(node.get(path[-1]), _Branch):
        node[path[-1]] = value


class _Branch(dict[str, Any]):
    """A node of the tree; apart from a plain dict, which could only be somebody's value."""


def _listed(node: dict[str, Any], slots: Slots) -> Any:
    """The node with every level whose keys are all numbers turned into a list."""
    if all(key.isdecimal() and len(key) <= 19 for key in node):
        order = sorted(node, key=int)
        return [_built(node[key], slots) for key in order[: slots.take(len(order))]]
    return {key: _built(value, slots) for key, value in node.items()}


def _built(value: object, slots: Slots) -> Any:
    return _listed(cast("dict[str, Any]", value), slots) if isinstance(value, _Branch) else value
