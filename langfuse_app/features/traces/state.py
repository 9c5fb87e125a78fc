"""The traces table: reads the URL, asks the service, holds one screen of strings."""

import asyncio
import json
from datetime import UTC, datetime, tzinfo
from typing import Any, TypedDict
from urllib.parse import quote, urlencode

import reflex as rx

from langfuse_app.core.errors import AppError, NotFoundError, UnauthorizedError
from langfuse_app.core.pagination import Page
from langfuse_app.features.accounts.state import SIGN_IN, AppState
from langfuse_app.features.projects import service as projects
from langfuse_app.features.traces import service
from langfuse_app.features.traces.schemas import ORDER_COLUMNS, TraceItem, TraceQuery, VolumeBucket
from langfuse_app.ui import format as f
from langfuse_app.ui import ranges

SIZES = (25, 50, 100)
DEFAULTS = {"q": "", "range": ranges.DEFAULT, "sort": "timestamp", "dir": "desc", "page": "1", "size": "50", "rows": "s"}


class TraceRow(TypedDict):
    """One line of the table."""

    id: str
    href: str
    starred: bool
    time: str
    age: str
    title: str
    name: str
    input: str
    output: str
    errors: str
    warnings: str
    level: str
    latency: str
    bar: str
    slow: bool
    given: str
    made: str
    cost: str
    user: str
    session: str
    environment: str
    tags: list[str]
    more: str
    fresh: bool


class Bucket(TypedDict):
    """One bar of the volume strip."""

    height: str
    errors: str
    title: str


class TracesState(AppState):
    """One page of the table. The URL is the truth; these vars are what the page shows of it."""

    rows: list[TraceRow] = []
    buckets: list[Bucket] = []
    axis: list[str] = []
    total: int = 0
    first: int = 0
    last: int = 0
    q: str = ""
    range: str = ranges.DEFAULT
    range_label: str = ""
    sort: str = "timestamp"
    descending: bool = True
    page: int = 1
    pages: int = 1
    size: int = 50
    density: str = "s"
    status: str = "loading"  # loading, ready, empty, setup, error, missing
    problem: str = ""
    waiting: int = 0

    @rx.event
    async def load(self) -> Any:
        """The page was opened, or its address changed."""
        self._read_url()
        self.status = "loading" if not self.rows else self.status
        return await self._show()

    def _read_url(self) -> None:
        query = {name: self._query(name, default) for name, default in DEFAULTS.items()}
        self.q, self.range = query["q"], ranges.known(query["range"])
        self.range_label = ranges.RANGES[self.range][0]
        self.sort = query["sort"] if query["sort"] in ORDER_COLUMNS else "timestamp"
        self.descending = query["dir"] != "asc"
        self.page = max(1, int(query["page"])) if query["page"].isdecimal() else 1
        self.size = int(query["size"]) if query["size"] in map(str, SIZES) else 50
        self.density = "m" if query["rows"] == "m" else "s"

    def _write_url(self) -> Any:
        now = {"q": self.q, "range": self.range, "sort": self.sort, "dir": "desc" if self.descending else "asc"}
        now |= {"page": str(self.page), "size": str(self.size), "rows": self.density}
        query = urlencode({name: value for name, value in now.items() if value != DEFAULTS[name]})
        return rx.call_script(f"history.replaceState(history.state,'',location.pathname+{json.dumps('?' + query if query else '')})")

    def _asked(self) -> TraceQuery:
        return TraceQuery(
            search=self.q.strip(), from_time=ranges.start(self.range), order_by=self.sort, descending=self.descending, page=self.page, limit=self.size
        )  # fmt: skip

    async def _show(self, fresh: bool = False) -> Any:
        """Ask the service and put its answer on screen; every outcome has its own status."""
        try:
            scope = await self._scope()
            query = self._asked()
            page, volume = await asyncio.gather(
                asyncio.to_thread(service.list_trace_previews, scope, query), asyncio.to_thread(service.volume, scope, query, 72)
            )
            self._put(page, volume, fresh)
            if not page.items and not self.q:
                self.status = "empty" if await asyncio.to_thread(projects.has_traces, scope) else "setup"
        except UnauthorizedError:
            return rx.redirect(SIGN_IN)
        except NotFoundError:
            self.rows, self.status = [], "missing"
        except AppError as error:
            self.problem, self.status = error.message, "error"
        return None

    def _put(self, page: Page[TraceItem], volume: list[VolumeBucket], fresh: bool) -> None:
        zone, known = self._zone(), {row["id"] for row in self.rows}
        self.rows = [_row(self._param("project_id"), item, zone, fresh and item.id not in known) for item in page.items]
        self.total, self.pages, self.waiting = page.total, max(1, page.pages), 0
        self.first = (page.page - 1) * page.limit + 1 if page.items else 0
        self.last = self.first + len(page.items) - 1 if page.items else 0
        self.buckets, self.axis = _buckets(volume, zone), _axis(volume, zone)
        self.status = "ready" if page.items else "empty"

    @rx.event
    async def beat(self) -> Any:
        """Every few seconds on a visible page: new rows come in at the top of the newest page, elsewhere they are announced."""
        if self.status in ("loading", "missing", "error"):
            return None
        if self.status == "setup":
            return await self._show(fresh=True)
        try:
            scope = await self._scope()
            page = await asyncio.to_thread(service.list_trace_previews, scope, self._asked())
        except AppError:  # the next beat tries again; what is on screen stays
            return None
        if self.page == 1 and self.sort == "timestamp" and self.descending:
            if [item.id for item in page.items] != [row["id"] for row in self.rows] or page.total != self.total:
                return await self._show(fresh=True)
            return None
        self.waiting = max(0, page.total - self.total)
        return None

    async def _turn(self, **changes: Any) -> Any:
        for name, value in changes.items():
            setattr(self, name, value)
        self.range_label = ranges.RANGES[self.range][0]
        return [await self._show(), self._write_url()]

    @rx.event
    async def search(self, text: str) -> Any:
        """Search by name or id."""
        return await self._turn(q=text, page=1)

    @rx.event
    async def pick_range(self, word: str) -> Any:
        """Another time range."""
        return await self._turn(range=ranges.known(word), page=1)

    @rx.event
    async def order(self, column: str) -> Any:
        """Sort by a column; the same one again turns the direction."""
        if column not in ORDER_COLUMNS:
            return None
        return await self._turn(descending=not self.descending if column == self.sort else True, sort=column, page=1)

    @rx.event
    async def go(self, page: int) -> Any:
        """Another page."""
        return await self._turn(page=min(max(1, page), self.pages))

    @rx.event
    async def pick_size(self, size: int) -> Any:
        """Rows per page."""
        return await self._turn(size=size if size in SIZES else 50, page=1)

    @rx.event
    async def pick_density(self) -> Any:
        """One line or two lines of input and output."""
        self.density = "m" if self.density == "s" else "s"
        return self._write_url()

    @rx.event
    async def clear(self) -> Any:
        """Without search and with the widest range."""
        return await self._turn(q="", range="all", page=1)

    @rx.event
    async def star(self, trace_id: str, starred: bool) -> Any:
        """Set or clear a bookmark."""
        try:
            scope = await self._scope()
            await asyncio.to_thread(service.set_bookmark, scope, trace_id, starred)
        except AppError as error:
            return rx.toast.error(error.message)
        self.rows = [row | {"starred": starred} if row["id"] == trace_id else row for row in self.rows]  # pyright: ignore[reportAttributeAccessIssue]
        return None


def _row(project_id: str, item: TraceItem, zone: tzinfo, fresh: bool) -> TraceRow:
    level = "error" if item.error_count else "warning" if item.warning_count else ""
    return TraceRow(
        id=item.id,
        href=f"/project/{project_id}/traces/{quote(item.id, safe='')}",
        starred=item.bookmarked,
        time=f.clock(item.timestamp, zone),
        age=f.age(item.timestamp),
        title=f.absolute(item.timestamp, zone),
        name=item.name or item.id,
        input=f.preview(item.input),
        output=f.preview(item.output),
        errors=str(item.error_count or ""),
        warnings=str(item.warning_count or ""),
        level=level,
        latency=f.latency(item.latency),
        bar=f.latency_bar(item.latency),
        slow=(item.latency or 0) > f.SLOW_SECONDS,
        given=f"{item.input_tokens:,}" if item.total_tokens else "",
        made=f"{item.output_tokens:,}" if item.total_tokens else "",
        cost=f.cost(item.total_cost),
        user=item.user_id or "",
        session=item.session_id or "",
        environment=item.environment,
        tags=item.tags[:2],
        more=f"+{len(item.tags) - 2}" if len(item.tags) > 2 else "",
        fresh=fresh,
    )


def _buckets(volume: list[VolumeBucket], zone: tzinfo) -> list[Bucket]:
    most = max((bucket.count for bucket in volume), default=0) or 1
    return [
        Bucket(
            height=f"{max(6, 100 * (bucket.count - bucket.errors) // most) if bucket.count > bucket.errors else 0}%",
            errors=f"{max(6, 100 * bucket.errors // most) if bucket.errors else 0}%",
            title=f"{f.absolute(bucket.start, zone)[:16]} · {bucket.count} traces, {bucket.errors} with errors",
        )
        for bucket in volume
    ]


def _axis(volume: list[VolumeBucket], zone: tzinfo) -> list[str]:
    if len(volume) < 2:
        return []
    span = (volume[-1].start - volume[0].start).total_seconds()
    picked: list[datetime] = [volume[round(n * (len(volume) - 1) / 4)].start for n in range(5)]
    form = "%H:%M" if span < 2 * 86_400 else "%-d %b"
    return [f"{moment.astimezone(zone or UTC):{form}}" for moment in picked]
