"""The traces table: reads the URL, asks the service, holds one screen of strings."""

import asyncio
import time
from typing import Any
from urllib.parse import quote

import reflex as rx

from langfuse_app.core.errors import AppError
from langfuse_app.core.pagination import Page
from langfuse_app.features.accounts.state import AppState, handler
from langfuse_app.features.projects import service as projects
from langfuse_app.features.traces import service
from langfuse_app.features.traces.list_schemas import (
    FILTERS,
    SORTS,
    Bucket,
    Token,
    TraceRow,
    axis_of,
    buckets_of,
    filters_typed,
    tokens_of,
    trace_query,
    trace_row,
)
from langfuse_app.features.traces.schemas import TraceItem
from langfuse_app.ui.listing import Listing, ListView

_BUCKETS = 72
_PLACE = ("peek", "observation", "view", "rows")  # parameters that do not change which traces are listed
_AGES_S = 30.0


class TracesState(AppState):
    """One page of the table. The URL is the truth; these vars are what the page shows of it."""

    rows: list[TraceRow] = []
    view: ListView = ListView()
    buckets: list[Bucket] = []
    axis: list[str] = []
    tokens: list[Token] = []
    density: str = "s"
    other_density: str = ""
    unfiltered: str = ""
    setup: bool = False
    waiting: str = ""
    peek: str = ""
    peek_href: str = ""
    peek_before: str = ""
    peek_after: str = ""
    peek_close: str = ""
    _shown: str = ""
    _ages_at: float = 0.0

    @handler
    async def load(self) -> None:
        """The page was opened, or its address changed."""
        asked = self._listing(SORTS, "timestamp")
        self._read(asked)
        wanted = asked.href(**dict.fromkeys(_PLACE))
        if wanted != self._shown or not self.rows:
            await self._fill(asked, fresh=False)
            self._shown = wanted
        self._place_peek()

    def _read(self, asked: Listing) -> None:
        self.density = "m" if asked.query.get("rows") == "m" else "s"
        self.other_density = asked.href(rows=None if self.density == "m" else "m")
        self.tokens = tokens_of(asked)
        self.unfiltered = asked.href(**dict.fromkeys((*FILTERS, "q", "page", "from", "to")), past="all")

    async def _fill(self, asked: Listing, *, fresh: bool) -> None:
        query = trace_query(asked)
        page, volume = await asyncio.gather(self._ask(service.list_trace_previews, query), self._ask(service.volume, query, _BUCKETS))
        plain = not (page.items or asked.search or self.tokens)
        self.setup = plain and not await self._ask(projects.has_traces)
        self._put(asked, page, fresh=fresh)
        zone = self._zone()
        self.buckets, self.axis = buckets_of(volume, asked, zone), axis_of(volume, zone)

    def _put(self, asked: Listing, page: Page[TraceItem], *, fresh: bool) -> None:
        zone, known = self._zone(), {row["id"] for row in self.rows}
        self.rows = [trace_row(asked, self.base, item, zone, fresh=fresh and item.id not in known) for item in page.items]
        self.view = self._list_view(asked, page.total, len(page.items), SORTS)
        self.waiting, self._ages_at = "", time.monotonic()

    def _place_peek(self) -> None:
        """Which trace is open beside the list, and its neighbours."""
        self.peek = self._query("peek")
        self.peek_href = f"{self.base}/traces/{quote(self.peek, safe='')}"
        ids = [row["id"] for row in self.rows]
        here = ids.index(self.peek) if self.peek in ids else -1
        self.peek_close = self._address(peek=None, observation=None, view=None)
        self.peek_before = self.rows[here - 1]["peek"] if here > 0 else ""
        self.peek_after = self.rows[here + 1]["peek"] if 0 <= here < len(ids) - 1 else ""

    @handler
    async def beat(self, scrolled: float) -> None:
        """Every few seconds on a visible page. Rows come in at the top of the newest page while nobody reads further down;
        otherwise they are announced.
        """
        asked = self._listing(SORTS, "timestamp")
        newest = asked.page == 1 and asked.sort == "timestamp" and asked.descending and asked.window.end is None
        if self.refusal or self.view.status == "loading" or not newest:
            return
        try:
            page = await self._ask(service.list_trace_previews, trace_query(asked))
        except AppError:  # the next beat tries again; what is on screen stays
            return
        known = {row["id"] for row in self.rows}
        new = sum(item.id not in known for item in page.items)
        if new and self.rows and (scrolled > 0 or self.peek):
            self.waiting = f"{new}+" if new == len(page.items) else str(new)
        elif new:
            await self._fill(asked, fresh=True)
        else:
            self._refresh(asked, page)

    def _refresh(self, asked: Listing, page: Page[TraceItem]) -> None:
        """Rows that changed since; ages alone are not worth sending every time."""
        zone = self._zone()
        rows = [trace_row(asked, self.base, item, zone, fresh=False) for item in page.items]
        same = [{**row, "age": "", "fresh": False} for row in rows] == [{**row, "age": "", "fresh": False} for row in self.rows]
        if not same or time.monotonic() - self._ages_at > _AGES_S:
            self.rows, self._ages_at = rows, time.monotonic()

    @handler
    async def show_new(self) -> Any:
        """What was announced comes in, and the table goes to its top."""
        await self._fill(self._listing(SORTS, "timestamp"), fresh=True)
        self._place_peek()
        return rx.call_script("document.querySelector('.lf-tablewrap')?.scrollTo(0, 0)")

    @rx.event
    def search_traces(self, text: str) -> Any:
        """As one types: words of the name or the id; `user:ada ` and the like become filters."""
        found, rest = filters_typed(text)
        if not found:
            return type(self).search_list(text)
        self._typed = "\0"  # so that the field takes its new text from the address
        return rx.redirect(self._address(q=rest or None, page=None, peek=None, **found), replace=True)

    @handler
    async def star(self, trace_id: str, starred: bool) -> None:
        """Set or clear a bookmark."""
        await self._ask(service.set_bookmark, trace_id, starred)
        rows = [row.copy() for row in self.rows]
        for row in rows:
            row["starred"] = starred if row["id"] == trace_id else row["starred"]
        self.rows = rows
