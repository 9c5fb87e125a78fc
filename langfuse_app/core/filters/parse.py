"""Filter JSON → conditions (spec/api.md §9). Columns are checked where they are known: by the compilers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any

import orjson

from langfuse_app.core.errors import InvalidRequestError, ValidationFailedError
from langfuse_app.core.time import parse_iso

TEXT_OPERATORS = ("=", "contains", "does not contain", "starts with", "ends with")
ORDER_OPERATORS = ("=", ">", "<", ">=", "<=")
POSITIONS = ("root", "first", "last", "nthFromStart", "nthFromEnd")
LIMIT = 100  # conditions in one filter: more would outgrow the statement

Value = str | float | bool | datetime | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition. `value` is of the type's kind (options: a tuple); `key` names a metadata key, a score or a position, else ''."""

    type: str
    column: str
    operator: str
    value: Value
    key: str = ""


def parse_filters(text: str | None) -> tuple[Filter, ...]:
    """The conditions of a `filter` parameter, joined by AND; none for an absent one.

    InvalidRequestError for malformed JSON, ValidationFailedError with the path of what is wrong.
    """
    if not text:
        return ()
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidRequestError("Invalid JSON in filter parameter") from error
    return filters_of(given)


def filters_of(given: Any, path: tuple[str | int, ...] = ()) -> tuple[Filter, ...]:
    """The same for a list that came inside of other JSON, at `path` in it. ValidationFailedError as parse_filters."""
    if not isinstance(given, list):
        raise _wrong(path, "Expected an array of conditions")
    if len(given) > LIMIT:
        raise _wrong(path, f"At most {LIMIT} conditions are possible")
    return tuple(_condition(item, (*path, number)) for number, item in enumerate(given))


def _condition(item: Any, path: tuple[str | int, ...]) -> Filter:
    if not isinstance(item, dict):
        raise _wrong(path, "Expected an object")
    kind = _KINDS.get(_text(item.get("type"), (*path, "type")))
    if kind is None:
        raise _wrong((*path, "type"), f"Expected one of {', '.join(_KINDS)}")
    operator = _text(item.get("operator"), (*path, "operator"))
    if operator not in kind.operators:
        raise _wrong((*path, "operator"), f"Expected one of {', '.join(kind.operators)}")
    key = _text(item.get("key"), (*path, "key")) if kind.keyed else ""
    value = kind.read(item.get("value"), operator, key, (*path, "value"))
    return Filter(item["type"], _text(item.get("column"), (*path, "column")), operator, value, key)


Reader = Callable[[Any, str, str, tuple[str | int, ...]], Value]


@dataclass(frozen=True, slots=True)
class _Kind:
    operators: tuple[str, ...]
    read: Reader
    keyed: bool = False


def _wrong(path: tuple[str | int, ...], message: str) -> ValidationFailedError:
    return ValidationFailedError([{"code": "custom", "path": ["filter", *path], "message": message}])


def _text(value: Any, path: tuple[str | int, ...]) -> str:
    if not isinstance(value, str):
        raise _wrong(path, "Expected a string")
    return value.replace("\0", "")


def _string(value: Any, operator: str, key: str, path: tuple[str | int, ...]) -> str:
    """Of `is set` and the like the value is empty, whatever was sent."""
    return "" if operator.startswith("is ") else _text(value, path)


def _number(value: Any, operator: str, key: str, path: tuple[str | int, ...]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or abs(value) >= 1e18:
        raise _wrong(path, "Expected a number below 1e18")
    return value


def _boolean(value: Any, operator: str, key: str, path: tuple[str | int, ...]) -> bool:
    if not isinstance(value, bool):
        raise _wrong(path, "Expected a boolean")
    return value


def _moment(value: Any, operator: str, key: str, path: tuple[str | int, ...]) -> datetime:
    try:
        moment = parse_iso(_text(value, path))
    except (ValueError, OverflowError) as error:
        raise _wrong(path, "Expected an ISO 8601 time with its offset") from error
    return moment


def _options(value: Any, operator: str, key: str, path: tuple[str | int, ...]) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _wrong(path, "Expected an array of strings")
    return tuple(_text(option, (*path, number)) for number, option in enumerate(value))


def _some_options(value: Any, operator: str, key: str, path: tuple[str | int, ...]) -> tuple[str, ...]:
    options = _options(value, operator, key, path)
    if not options:
        raise _wrong(path, "Expected at least one option")
    return options


def _array_options(value: Any, operator: str, key: str, path: tuple[str | int, ...]) -> tuple[str, ...]:
    """An empty list is meant only where it has a meaning: all of nothing, none of nothing."""
    return (_some_options if operator == "any of" else _options)(value, operator, key, path)


def _nothing(value: Any, operator: str, key: str, path: tuple[str | int, ...]) -> None:
    return None


def _position(value: Any, operator: str, key: str, path: tuple[str | int, ...]) -> float | None:
    if key not in POSITIONS:
        raise _wrong((*path[:-1], "key"), f"Expected one of {', '.join(POSITIONS)}")
    if not key.startswith("nth"):
        return None
    number = _number(value, operator, key, path)
    if number < 1 or number != int(number):
        raise _wrong(path, "Expected a whole number from 1 on")
    return int(number)


_KINDS = {
    "datetime": _Kind((">", "<", ">=", "<="), _moment),
    "string": _Kind((*TEXT_OPERATORS, "matches"), _string),
    "stringOptions": _Kind(("any of", "none of"), _some_options),
    "categoryOptions": _Kind(("any of", "none of"), _some_options, keyed=True),
    "arrayOptions": _Kind(("any of", "none of", "all of"), _array_options),
    "number": _Kind(ORDER_OPERATORS, _number),
    "stringObject": _Kind((*TEXT_OPERATORS, "is set", "is not set"), _string, keyed=True),
    "numberObject": _Kind(ORDER_OPERATORS, _number, keyed=True),
    "booleanObject": _Kind(("=", "<>"), _boolean, keyed=True),
    "boolean": _Kind(("=", "<>"), _boolean),
    "null": _Kind(("is null", "is not null"), _nothing),
    "positionInTrace": _Kind(("=",), _position, keyed=True),
}
