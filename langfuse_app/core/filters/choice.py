"""A filter beside simple query parameters: a condition on a column stands instead of the parameter for it (spec/api.md §9)."""

from collections.abc import Sequence
from datetime import datetime

from langfuse_app.core.filters.clickhouse import apply
from langfuse_app.core.filters.columns import Columns, taken
from langfuse_app.core.filters.parse import Filter
from langfuse_app.core.sql import Conditions


class Choice:
    """Adds simple parameters where the filter says nothing about their column; `apply` adds the filter itself."""

    def __init__(self, where: Conditions, filters: Sequence[Filter], columns: Columns) -> None:
        self._where, self._filters, self._columns = where, filters, columns
        self._taken = taken(filters, columns)

    def free(self, name: str) -> bool:
        """Whether the filter says nothing about the column."""
        return self._columns[name] not in self._taken

    def equal(self, name: str, value: str | None) -> None:
        """The column has this text."""
        if value is not None and self.free(name):
            apply(self._where, [Filter("string", name, "=", value)], self._columns)

    def any_of(self, name: str, values: Sequence[str]) -> None:
        """The column has one of these texts; an empty list asks for nothing."""
        if values and self.free(name):
            apply(self._where, [Filter("stringOptions", name, "any of", tuple(values))], self._columns)

    def all_of(self, name: str, values: Sequence[str]) -> None:
        """The array holds all of these texts; an empty list asks for nothing."""
        if values and self.free(name):
            apply(self._where, [Filter("arrayOptions", name, "all of", tuple(values))], self._columns)

    def between(self, name: str, start: datetime | None, end: datetime | None) -> None:
        """The column lies in [start, end); either may be open."""
        if self.free(name):
            self._where.between(self._columns[name].sql, start, end)

    def apply(self) -> None:
        """Add the filter."""
        apply(self._where, self._filters, self._columns)
