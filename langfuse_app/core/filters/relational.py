"""Conditions of a filter for PostgreSQL, as expressions of SQLAlchemy: every value is a bound parameter."""

import operator
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import ARRAY, Boolean, ColumnElement, DateTime, Float, Numeric, String, Text, and_, func, literal, true
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.types import JSON, Integer, TypeDecorator, TypeEngine

from langfuse_app.core.filters.columns import mistyped, unknown
from langfuse_app.core.filters.parse import Filter

_TYPES: tuple[tuple[type[TypeEngine[Any]], tuple[str, ...]], ...] = (
    (JSON, ("stringObject", "numberObject", "booleanObject", "null")),
    (ARRAY, ("arrayOptions", "null")),
    (Boolean, ("boolean", "null")),
    (DateTime, ("datetime", "null")),
    (Integer, ("number", "null")),
    (Numeric, ("number", "null")),
    (Float, ("number", "null")),
    (String, ("string", "stringOptions", "null")),
)


def clauses(filters: Sequence[Filter], columns: Mapping[str, ColumnElement[Any]]) -> list[ColumnElement[bool]]:
    """One expression per condition; NULL never matches but `is null`. InvalidRequestError for unknown or mistyped columns."""
    return [_clause(one, _column(one, columns)) for one in filters]


def _column(one: Filter, columns: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    column = columns.get(one.column)
    if column is None:
        raise unknown(one, columns)
    held = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type  # SQLModel's text is decorated
    allowed = next((types for kind, types in _TYPES if isinstance(held, kind)), ("null",))
    if one.type not in allowed:
        raise mistyped(one, allowed)
    return column


def _clause(one: Filter, column: ColumnElement[Any]) -> ColumnElement[bool]:
    if one.type == "null":
        return column.is_(None) if one.operator == "is null" else column.is_not(None)
    if one.type == "arrayOptions":
        return _array(one, column)
    if one.type.endswith("Object"):
        return _object(one, column)
    if one.type == "stringOptions":
        options = list(cast(tuple[str, ...], one.value))
        return column.in_(options) if one.operator == "any of" else column.not_in(options)
    return _text(one, column) if one.type == "string" else _compare(one, column)


def _compare(one: Filter, column: ColumnElement[Any]) -> ColumnElement[bool]:
    value = Decimal(str(one.value)) if one.type in ("number", "numberObject") else one.value
    return _COMPARE[one.operator](column, value)


_COMPARE: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def _text(one: Filter, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """The text operators, case-sensitive, the text standing for itself."""
    text = cast(str, one.value)
    if one.operator == "=":
        return column == text
    if one.operator == "starts with":
        return func.starts_with(column, text)
    if one.operator == "ends with":
        return func.right(column, len(text)) == text
    if one.operator == "matches":
        return and_(true(), *(func.strpos(column, word) > 0 for word in text.split()))
    found = func.strpos(column, text)
    return found > 0 if one.operator == "contains" else found == 0


def _array(one: Filter, column: ColumnElement[Any]) -> ColumnElement[bool]:
    options = sql_cast(array([literal(option) for option in cast(tuple[str, ...], one.value)]), ARRAY(Text))
    held = sql_cast(func.coalesce(column, sql_cast(array([]), ARRAY(Text))), ARRAY(Text))
    if one.operator == "all of":
        return held.op("@>", is_comparison=True)(options)
    shared = held.op("&&", is_comparison=True)(options)
    return shared if one.operator == "any of" else ~shared


def _object(one: Filter, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """A key of a JSON object, or a dotted path in it; only what has it can match."""
    flat = sql_cast(column, JSONB)
    deep = sql_cast(array([literal(segment) for segment in one.key.split(".")]), ARRAY(Text))
    text = func.coalesce(flat.op("->>")(literal(one.key)), flat.op("#>>")(deep), type_=Text)
    if one.operator in ("is set", "is not set"):
        return text.is_not(None) if one.operator == "is set" else text.is_(None)
    if one.type == "booleanObject":
        return text == str(one.value is (one.operator == "=")).lower()
    if one.type == "numberObject":
        number = func.substring(text, r"^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?$")
        return _compare(one, sql_cast(number, Numeric))
    return _text(one, text)
