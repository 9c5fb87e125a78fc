"""Pages as the contract shapes them (spec/api.md §1.4)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list: `total` counts all rows that match, over all pages."""

    items: list[T]
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


class Place(NamedTuple):
    """The last row of a list by cursor that a reader has seen; the next page begins after it."""

    time: datetime
    id: str
