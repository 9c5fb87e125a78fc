"""WHERE clauses for the column store: conditions with parameters that the server binds, the tenant always first."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import to_us


def summed(details: str, word: str) -> str:
    """The sum over the keys of a map that contain a word, in any case (spec/api.md §4.2, reductions)."""
    return f"arraySum(mapValues(mapFilter((k, v) -> positionCaseInsensitive(k, '{word}') > 0, {details})))"


def known(details: str, word: str) -> str:
    """The same, NULL where no key contains the word."""
    return f"if(arrayExists(k -> positionCaseInsensitive(k, '{word}') > 0, mapKeys({details})), {summed(details, word)}, NULL)"


_PARAMETER_BYTES = 60_000  # escaped, a text may double; the server refuses a value over 128 KiB


def portions(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The list in pieces that each fit one parameter of a query."""
    start = size = 0
    for number, text in enumerate(texts):
        size += len(text.encode()) + 3  # quotes and comma
        if size > _PARAMETER_BYTES and number > start:
            yield texts[start:number]
            start, size = number, len(text.encode()) + 3
    if start < len(texts):
        yield texts[start:]


class Conditions:
    """Conditions joined by AND. Every value travels as a parameter, never inside the SQL text.

    `params` may be given to the query as it is; names made here are p0, p1, … in order.
    reads_payloads: a condition looks into payloads, so that every row in its range costs much.
    """

    def __init__(self, scope: ProjectScope) -> None:
        self._parts = ["project_id = {project_id:String}"]
        self.params: dict[str, Any] = {"project_id": scope.project_id}
        self.reads_payloads = False

    @property
    def sql(self) -> str:
        """The text behind WHERE."""
        return " AND ".join(self._parts)

    @property
    def filtered(self) -> bool:
        """Whether anything but the tenant is asked for."""
        return len(self._parts) > 1

    def bind(self, value: Any, kind: str) -> str:
        """A parameter with that value and ClickHouse type, as it stands in SQL."""
        name = f"p{len(self.params) - 1}"
        self.params[name] = value
        return f"{{{name}:{kind}}}"

    def add(self, condition: str) -> None:
        """A condition whose values were bound before."""
        self._parts.append(condition)

    def equal(self, column: str, value: str | None) -> None:
        """The column has this text; None asks for nothing."""
        if value is not None:
            self.add(f"{column} = {self.bind(value, 'String')}")

    def any_of(self, column: str, values: Sequence[str]) -> None:
        """The column has one of these texts; an empty list asks for nothing."""
        found = [f"{column} IN {self.bind(list(part), 'Array(String)')}" for part in portions(values)]
        if found:
            self.add(found[0] if len(found) == 1 else f"({' OR '.join(found)})")

    def compare(self, column: str, operator: str, moment: datetime | None) -> None:
        """The column is before or after a moment, to the microsecond; None asks for nothing."""
        if moment is not None:
            self.add(f"{column} {operator} {self.moment(moment)}")

    def between(self, column: str, start: datetime | None, end: datetime | None) -> None:
        """The column lies in [start, end); either may be open."""
        self.compare(column, ">=", start)
        self.compare(column, "<", end)

    def moment(self, value: datetime) -> str:
        """A bound moment; as an integer, because the text form of the driver loses microseconds."""
        return f"fromUnixTimestamp64Micro({self.bind(to_us(value), 'Int64')}, 'UTC')"
