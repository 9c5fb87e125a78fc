"""What a filter may name: columns of the column store, each with its expression and its kind."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from langfuse_app.core.errors import InvalidRequestError
from langfuse_app.core.filters.parse import Filter

Kind = Literal[
    "string",  # text, '' is absent
    "payload",  # text with the search indexes of input and output
    "number",
    "datetime",
    "boolean",
    "array",  # of text
    "map",  # metadata: top-level key → text, deeper values as JSON inside of it
    "scores",  # any score of that name; sql is not used, wrap selects from scores
    "score_averages",  # the average per name; sql is what is grouped by inside of wrap
    "score_categories",  # wrap selects from scores
    "score_booleans",  # wrap selects from scores
    "position",  # place among the observations of the trace: sql is true of a root, wrap has the place where $condition stands
]

_TYPES: dict[Kind, tuple[str, ...]] = {
    "string": ("string", "stringOptions", "null"),
    "payload": ("string", "stringOptions", "null"),
    "number": ("number", "null"),
    "datetime": ("datetime", "null"),
    "boolean": ("boolean", "null"),
    "array": ("arrayOptions", "null"),
    "map": ("stringObject", "numberObject", "booleanObject", "null"),
    "scores": ("numberObject",),
    "score_averages": ("numberObject",),
    "score_categories": ("categoryOptions",),
    "score_booleans": ("booleanObject",),
    "position": ("positionInTrace",),
}

CONDITION = "$condition"
"""Where the condition goes in `wrap`."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column or an expression.

    sql: our own text, never a client's. wrap: a sub-select around the condition, e.g.
    `trace_id IN (SELECT id FROM traces FINAL WHERE project_id = {project_id:String} AND $condition)`; conditions in the
    same wrap share one sub-select, so it must find at most one row per thing (scores are never joined that way).
    zero: what the sub-select does not find counts as 0 (a trace without observations has 0 errors).
    """

    sql: str
    kind: Kind
    wrap: str = ""
    zero: bool = False


Columns = Mapping[str, Column]


def named(*entries: tuple[str, str, Column]) -> dict[str, Column]:
    """Columns that are found by id and by display name."""
    return {name: column for id, title, column in entries for name in (id, title)}


def plain(kind: Kind, *entries: tuple[str, str, str], wrap: str = "") -> dict[str, Column]:
    """Columns of one kind, each (id, display name, sql)."""
    return named(*((id, title, Column(sql, kind, wrap)) for id, title, sql in entries))


def column_of(one: Filter, columns: Columns) -> Column:
    """The column of a condition; InvalidRequestError when it is unknown or of another type."""
    column = columns.get(one.column)
    if column is None:
        raise unknown(one, columns)
    if one.type not in _TYPES[column.kind]:
        raise mistyped(one, _TYPES[column.kind])
    return column


def taken(filters: Iterable[Filter], columns: Columns) -> frozenset[Column]:
    """The columns that a filter names: simple parameters for the same column do not count then (spec/api.md §9)."""
    return frozenset(column_of(one, columns) for one in filters)


def unknown(one: Filter, columns: Iterable[str]) -> InvalidRequestError:
    """The refusal of a column that is not there, naming those that are."""
    return InvalidRequestError(f"Invalid filter column {one.column[:100]!r}. Columns: {', '.join(dict.fromkeys(columns))}")


def mistyped(one: Filter, types: Iterable[str]) -> InvalidRequestError:
    """The refusal of a condition whose type the column does not have."""
    return InvalidRequestError(f"Invalid filter type {one.type} for column {one.column}. Types: {', '.join(types)}")
