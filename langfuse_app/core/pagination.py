"""Pages as the contract shapes them (spec/api.md §1.4)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class LazyPage(Generic[T]):
    """One page of a list: `total` counts all rows that match, over all pages. Its items may be read while they are taken, once."""

    items: Iterable[T]
    page: int
    limit: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // self.limit) if self.limit else 0

    def meta(self) -> dict[str, Any]:
        """The `meta` object of the wire."""
        return {"page": self.page, "limit": self.limit, "totalItems": self.total, "totalPages": self.pages}


@dataclass(frozen=True, slots=True)
class Page(LazyPage[T]):
    """One page whose items are all here."""

    items: list[T]


class Place(NamedTuple):
    """The last row of a list by cursor that a reader has seen; the next page begins after it."""

    time: datetime
    id: str


def cut(rows: list[T], limit: int, cursor: Callable[[T], C]) -> tuple[list[T], C | None]:
    """A page of rows that were asked for with one more than `limit`; and the cursor of its last row, None on the last page."""
    return rows[:limit], cursor(rows[limit - 1]) if len(rows) > limit > 0 else None
