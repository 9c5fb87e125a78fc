"""Conditions of a filter for the column store; every value is bound, only our own columns reach the text."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import cast

from langfuse_app.core.filters.columns import CONDITION, Column, Columns, column_of
from langfuse_app.core.filters.parse import Filter
from langfuse_app.core.filters.search import contains, matches
from langfuse_app.core.sql import Conditions


def apply(conditions: Conditions, filters: Sequence[Filter], columns: Columns) -> None:
    """Add the conditions of a filter, joined by AND; InvalidRequestError for columns that are not there."""
    wrapped: dict[str, list[str]] = {}
    for one in filters:
        column = column_of(one, columns)
        if column.wrap and column.kind in _PLAIN and not _holds_for_zero(one, column):
            wrapped.setdefault(column.wrap, []).append(_BY_KIND[column.kind](conditions, one, column.sql))
        else:
            conditions.add(_alone(conditions, one, column))
    for wrap, parts in wrapped.items():
        conditions.add(wrap.replace(CONDITION, f"({' AND '.join(parts)})"))


_PLAIN = ("string", "payload", "number", "datetime", "boolean", "array", "map")


def condition(conditions: Conditions, one: Filter, columns: Columns) -> str:
    """One condition as text, its values bound in `conditions`: for statements that place it themselves."""
    column = column_of(one, columns)
    return _alone(conditions, one, column)


def _alone(conditions: Conditions, one: Filter, column: Column) -> str:
    part = _BY_KIND[column.kind](conditions, one, column.sql)
    if not column.wrap or (column.kind == "position" and one.key == "root"):
        return part
    if _holds_for_zero(one, column):
        return "NOT " + column.wrap.replace(CONDITION, f"(NOT ifNull({part}, false))")
    inside = column.wrap.replace(CONDITION, part)
    return f"NOT {inside}" if column.kind == "score_categories" and one.operator == "none of" else inside


def _holds_for_zero(one: Filter, column: Column) -> bool:
    """Whether things that the sub-select does not find satisfy the condition."""
    return column.zero and one.type == "number" and _COMPARE[one.operator](0, cast(float, one.value))


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}


def _string(conditions: Conditions, one: Filter, sql: str) -> str:
    if one.type == "null":
        return f"{sql} {'=' if one.operator == 'is null' else '!='} ''"
    if one.type == "stringOptions":
        values = conditions.bind(list(cast(tuple[str, ...], one.value)), "Array(String)")
        # absent text never matches `none of` (spec/api.md §9)
        return f"{sql} IN {values}" if one.operator == "any of" else f"({sql} != '' AND {sql} NOT IN {values})"
    if one.operator == "matches":
        return matches(conditions, sql, cast(str, one.value))
    return _text(conditions, one, sql)


def _text(conditions: Conditions, one: Filter, sql: str) -> str:
    """The text operators, case-sensitive, on text of which '' means that it is absent."""
    value = conditions.bind(one.value, "String")
    if one.operator == "=":
        return f"{sql} = {value}"
    part = {
        "contains": f"position({sql}, {value}) > 0",
        "does not contain": f"position({sql}, {value}) = 0",
        "starts with": f"startsWith({sql}, {value})",
        "ends with": f"endsWith({sql}, {value})",
    }[one.operator]
    return f"({sql} != '' AND {part})"


def _payload(conditions: Conditions, one: Filter, sql: str) -> str:
    """The same with the text indexes where they can help."""
    if one.type == "string" and one.operator == "contains" and one.value:
        return contains(conditions, sql, cast(str, one.value))
    return _string(conditions, one, sql)


def _number(conditions: Conditions, one: Filter, sql: str) -> str:
    if one.type == "null":
        return f"{'isNull' if one.operator == 'is null' else 'isNotNull'}({sql})"
    return f"{sql} {one.operator} {_decimal(conditions, one)}"


def _decimal(conditions: Conditions, one: Filter) -> str:
    """Numbers compare as decimals with 12 digits (spec/api.md §9)."""
    return conditions.bind(f"{Decimal(str(one.value)):.12f}", "Decimal(38, 12)")


def _datetime(conditions: Conditions, one: Filter, sql: str) -> str:
    if one.type == "null":
        return _number(conditions, one, sql)
    return f"{sql} {one.operator} {conditions.moment(cast(datetime, one.value))}"


def _boolean(conditions: Conditions, one: Filter, sql: str) -> str:
    if one.type == "null":
        return _number(conditions, one, sql)
    return f"{sql} {'=' if one.operator == '=' else '!='} {conditions.bind(one.value, 'Bool')}"


def _array(conditions: Conditions, one: Filter, sql: str) -> str:
    if one.type == "null":
        return f"{'empty' if one.operator == 'is null' else 'notEmpty'}({sql})"
    values = conditions.bind(list(cast(tuple[str, ...], one.value)), "Array(String)")
    if one.operator == "all of":
        return f"hasAll({sql}, {values})"
    return f"{'NOT ' if one.operator == 'none of' else ''}hasAny({sql}, {values})"


def _map(conditions: Conditions, one: Filter, sql: str) -> str:
    """Metadata by key or dotted path: only what has the key can match, also for `does not contain`."""
    if one.type == "null":
        return f"{'empty' if one.operator == 'is null' else 'notEmpty'}({sql})"
    places = _places(conditions, sql, one.key)
    if one.operator in ("is set", "is not set"):
        present = " OR ".join(here for here, _ in places)
        return f"({present})" if one.operator == "is set" else f"NOT ({present})"
    return "(" + " OR ".join(f"({here} AND {_found(conditions, one, text)})" for here, text in places) + ")"


def _found(conditions: Conditions, one: Filter, text: str) -> str:
    """The condition on the text that stands under the key; it may be empty there."""
    if one.type == "numberObject":
        return f"toDecimal128OrNull({text}, 12) {one.operator} {_decimal(conditions, one)}"
    if one.type == "booleanObject":
        wanted = conditions.bind(str(one.value is (one.operator == "=")).lower(), "String")
        return f"{text} = {wanted}"
    value = conditions.bind(one.value, "String")
    return {
        "=": f"{text} = {value}",
        "contains": f"position({text}, {value}) > 0",
        "does not contain": f"position({text}, {value}) = 0",
        "starts with": f"startsWith({text}, {value})",
        "ends with": f"endsWith({text}, {value})",
    }[one.operator]


def _places(conditions: Conditions, sql: str, key: str) -> list[tuple[str, str]]:
    """Where a key may stand: (that it is there, its text). `a.b` is the key `a.b`, or `b` inside of the JSON under `a`."""
    segments = key.split(".")
    places: list[tuple[str, str]] = []
    for count in range(len(segments), max(0, len(segments) - 8), -1):
        top, inner = ".".join(segments[:count]), segments[count:]
        name = conditions.bind(top, "String")
        if not inner:
            places.append((f"mapContains({sql}, {name})", f"{sql}[{name}]"))
            continue
        path = ", ".join(conditions.bind(segment, "String") for segment in inner)
        inside = f"{sql}[{name}], {path}"
        text = f"if(JSONType({inside}) = 'String', JSONExtractString({inside}), JSONExtractRaw({inside}))"
        places.append((f"JSONHas({inside})", text))
    return places


def _scores(conditions: Conditions, one: Filter, sql: str) -> str:
    """Inside of scores: one of that name whose number compares."""
    return f"name = {conditions.bind(one.key, 'String')} AND {_NUMBERS} AND value {one.operator} {_decimal(conditions, one)}"


def _score_averages(conditions: Conditions, one: Filter, sql: str) -> str:
    """Inside of scores: those whose average per name compares."""
    named = f"name = {conditions.bind(one.key, 'String')} AND {_NUMBERS}"
    return f"{named} GROUP BY {sql} HAVING avg(value) {one.operator} {_decimal(conditions, one)}"


_NUMBERS = "data_type IN ('NUMERIC', 'BOOLEAN')"


def _score_categories(conditions: Conditions, one: Filter, sql: str) -> str:
    """Inside of scores: one of that name with one of these texts."""
    values = conditions.bind(list(cast(tuple[str, ...], one.value)), "Array(String)")
    return f"name = {conditions.bind(one.key, 'String')} AND data_type = 'CATEGORICAL' AND string_value IN {values}"


def _score_booleans(conditions: Conditions, one: Filter, sql: str) -> str:
    """Inside of scores: one of that name that is true, or is false."""
    wanted = conditions.bind(1 if one.value is (one.operator == "=") else 0, "Float64")
    return f"name = {conditions.bind(one.key, 'String')} AND data_type = 'BOOLEAN' AND value = {wanted}"


def _position(conditions: Conditions, one: Filter, sql: str) -> str:
    """`sql` where a root is asked for; else the place among the observations of the trace, from the end below 0."""
    if one.key == "root":
        return sql
    number = cast(int, one.value or 1)
    return conditions.bind(-number if one.key in ("last", "nthFromEnd") else number, "Int64")


_BY_KIND: dict[str, Callable[[Conditions, Filter, str], str]] = {
    "string": _string,
    "payload": _payload,
    "number": _number,
    "datetime": _datetime,
    "boolean": _boolean,
    "array": _array,
    "map": _map,
    "scores": _scores,
    "score_averages": _score_averages,
    "score_categories": _score_categories,
    "score_booleans": _score_booleans,
    "position": _position,
}
