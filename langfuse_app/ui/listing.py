"""A list and its URL. The address holds page, order, search and range; this reads it and writes the next addresses.

`Listing` is what a state asks its service with; `ListView` is what the table, the pager and the toolbar show.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TypedDict
from urllib.parse import urlencode

from langfuse_app.ui import ranges
from langfuse_app.ui.text import t

SIZES = (25, 50, 100)
SIZE = 50


class Choice(TypedDict):
    """One entry of a menu that leads to another address."""

    label: str
    href: str
    on: bool


@dataclass
class ListView:
    """One screen of a list, without its rows. Addresses are '' where there is nothing to go to.

    status: loading, ready or none. sort and direction as aria-sort wants them. sorts: column → address that orders by it.
    search_key changes whenever the search field must take its text from the address.
    """

    status: str = "loading"
    shown: str = ""
    total: str = ""
    previous: str = ""
    next: str = ""
    sort: str = ""
    direction: str = "none"
    sorts: dict[str, str] = field(default_factory=dict[str, str])
    size: str = ""
    sizes: list[Choice] = field(default_factory=list[Choice])
    range_label: str = ""
    ranges: list[Choice] = field(default_factory=list[Choice])
    search: str = ""
    search_key: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What the address of a list says. `sort` is one of the page's columns, '' when the service's own order is meant."""

    path: str
    query: Mapping[str, str]
    page: int
    limit: int
    search: str
    sort: str
    descending: bool
    window: ranges.TimeRange

    def href(self, **changes: str | None) -> str:
        """The address with some parameters changed; None and '' remove one."""
        return address(self.path, self.query, **changes)

    def view(self, total: int, shown: int, zone: tzinfo, sorts: Iterable[str] = ()) -> ListView:
        """What the page shows of this list, when `total` rows match and `shown` are on this page."""
        first = (self.page - 1) * self.limit
        return ListView(
            status="ready" if shown else "none",
            shown=f"{first + 1:,}–{first + shown:,}" if shown else "0",
            total=f"{total:,}",
            previous=self.href(page=_page(self.page - 1)) if self.page > 1 else "",
            next=self.href(page=_page(self.page + 1)) if first + shown < total else "",
            sort=self.sort,
            direction="descending" if self.descending else "ascending",
            sorts={column: self._sorted_by(column) for column in sorts},
            size=str(self.limit),
            sizes=[Choice(label=str(n), href=self.href(limit=str(n), page=None), on=n == self.limit) for n in SIZES],
            range_label=self.window.label(zone),
            ranges=[Choice(label=t(f"range.{word}"), href=self._past(word), on=word == self.window.word) for word in ranges.PAST],
            search=self.search,
        )

    def _sorted_by(self, column: str) -> str:
        turned = column == self.sort and self.descending
        return self.href(sort=f"{column}.{'asc' if turned else 'desc'}", page=None)

    def _past(self, word: str) -> str:
        return self.href(past=None if word == ranges.DEFAULT else word, **{"from": None, "to": None}, page=None)


def read(path: str, query: Mapping[str, str], *, sorts: Iterable[str] = (), default_sort: str = "") -> Listing:
    """The listing of an address; what is missing or nonsense becomes the default."""
    column, _, direction = query.get("sort", "").partition(".")
    known = column in sorts
    return Listing(
        path=path,
        query=query,
        page=max(1, _integer(query.get("page", ""), 1)),
        limit=_integer(query.get("limit", ""), SIZE) if query.get("limit", "") in map(str, SIZES) else SIZE,
        search=query.get("q", "").strip(),
        sort=column if known else default_sort,
        descending=direction != "asc" if known else True,
        window=ranges.from_url(query),
    )


def address(path: str, query: Mapping[str, str], **changes: str | None) -> str:
    """A path with a query in which some parameters are changed; None and '' remove one."""
    kept = {name: value for name, value in {**query, **changes}.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path


def _page(number: int) -> str:
    return "" if number <= 1 else str(number)


def _integer(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else default
