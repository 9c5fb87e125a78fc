"""The trace page: reads the URL, asks the services, holds what is on screen. The tree itself stays in `opened`."""

import asyncio
import functools
import json
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import quote

import reflex as rx

from langfuse_app.core.errors import AppError, NotFoundError, UnauthorizedError
from langfuse_app.features.accounts.state import SIGN_IN, AppState
from langfuse_app.features.traces import opened, service, trace_view
from langfuse_app.features.traces.opened import Opened
from langfuse_app.features.traces.trace_schemas import Panel, Section, TraceHead, trace_head
from langfuse_app.ui import tree

Handler = TypeVar("Handler", bound=Callable[..., Any])
VIEWS, TABS, MODES = ("timeline", "tree"), ("preview", "scores", "metadata"), ("formatted", "json")


def calm(handler: Handler) -> Handler:
    """Every refusal ends calmly: in the sign-in, in nothing to see, or in what went wrong."""

    @functools.wraps(handler)
    async def guarded(self: "TraceState", *arguments: Any, **named: Any) -> Any:
        try:
            return await handler(self, *arguments, **named)
        except UnauthorizedError:
            return rx.redirect(SIGN_IN)
        except NotFoundError:
            self.reset()
            self.status = "missing"
        except AppError as error:
            if self.status == "ready":
                return rx.toast.error(error.message)
            self.status, self.problem = "error", error.message
        return None

    return cast("Handler", guarded)


class TraceState(AppState):
    """One screen of a trace. The URL says which view and which observation."""

    status: str = "loading"  # loading, ready, missing, error
    problem: str = ""
    head: TraceHead = {}  # pyright: ignore[reportAssignmentType]
    rows: list[tree.Row] = []
    first: int = 0  # rows above and below those in the page
    below: int = 0
    ticks: list[tree.Tick] = []
    mini: list[tree.Mini] = []
    shares: list[tree.Share] = []
    busy: str = ""
    view: str = VIEWS[0]
    find: str = ""
    selected: str = ""
    folded: bool = False
    panel: Panel = {}  # pyright: ignore[reportAssignmentType]
    sections: list[Section] = []
    tab: str = TABS[0]
    mode: str = MODES[0]
    _closed: frozenset[str] = frozenset()
    _trace: str = ""
    _mark: str = ""

    def _trace_id(self) -> str:
        """The trace of this page, or the one that is open beside the list."""
        return self._param("trace_id") or self._query("peek")

    def _usual_view(self) -> str:
        """Beside the list there is room for the tree only."""
        return "tree" if self._query("peek") else VIEWS[0]

    @rx.event
    def load_peek(self) -> Any:
        """The list was opened, or its address changed: the trace beside it, if there is one."""
        return type(self).load if self._query("peek") else None

    @rx.event
    @calm
    async def load(self) -> Any:
        """The page was opened."""
        if self._trace != self._trace_id():
            self.reset()
            self._trace = self._trace_id()
        now = await self._now(0)
        self.view = self._query("view") if self._query("view") in VIEWS else self._usual_view()
        wanted = self._query("observation")
        self.selected = wanted if wanted in now.tree.place else now.tree.nodes[0].id
        self._closed = self._closed - frozenset(tree.above(now.tree, self.selected))
        await self._show(now)
        place = await self._draw(now)
        self.status = "ready"
        return _reveal(place) if wanted else None

    @rx.event
    @calm
    async def beat(self) -> None:
        """Every few seconds: what is new in the trace appears; selection, closed rows and search stay."""
        if self.status != "ready":
            return
        now = await self._now(trace_view.patience(await self._now()))
        if now.mark != self._mark:
            self.selected = self.selected if self.selected in now.tree.place else now.tree.nodes[0].id
            await self._show(now)
            await self._draw(now, self.first + tree.AHEAD)

    async def _now(self, max_age: float = opened.KEEP_SECONDS) -> Opened:
        """The trace of the page, for a person who may see it."""
        return await asyncio.to_thread(opened.get, await self._scope(), self._trace_id(), max_age)

    async def _show(self, now: Opened) -> None:
        """Everything but the rows."""
        self._mark = now.mark
        project, trace = quote(self._param("project_id"), safe=""), quote(now.trace.id, safe="")
        self.head = trace_head(
            now.trace, now.nodes, self._zone(), f"/api/traces/{trace}/download?project_id={project}", f"/project/{project}"
        )
        self.ticks, self.mini = tree.ticks(now.tree), tree.minimap(now.tree)
        self.shares, self.busy = await asyncio.to_thread(tree.shares, now.nodes, now.tree)
        await self._open(now)

    async def _draw(self, now: Opened, top: int | None = None) -> int:
        """Puts a window of rows on the page; the row of the selected node."""
        self.rows, self.first, self.below, place = await asyncio.to_thread(
            trace_view.window, now, self._closed, self.find, self.selected, top
        )
        return place

    async def _open(self, now: Opened) -> None:
        """Fills the panel."""
        scope, zone = await self._scope(), self._zone()
        self.panel, self.sections = await asyncio.to_thread(trace_view.inside, scope, now, self.selected, self.tab, self.mode, zone)

    async def _pick(self, now: Opened, id: str) -> Any:
        if id != self.selected and id in now.tree.place:
            self.selected = id
            await self._open(now)
        view = self.view if self.view != self._usual_view() else None
        observation = self.selected if now.tree.place.get(self.selected) else None
        return rx.call_script(f"history.replaceState(history.state,'',{json.dumps(self._address(view=view, observation=observation))})")

    @rx.event
    @calm
    async def pick(self, id: str) -> Any:
        """Select an observation."""
        return await self._pick(await self._now(), id)

    @rx.event
    @calm
    async def key(self, word: str) -> Any:
        """An arrow key: up, down, left, right."""
        now = await self._now()
        selected, closed = await asyncio.to_thread(tree.moved, now.tree, self._closed, self.find, self.selected, word)
        same, self._closed = closed == self._closed, closed
        written = await self._pick(now, selected)
        return [written, _reveal(-1 if same and self._near(selected) else await self._draw(now))]

    def _near(self, id: str) -> bool:
        """Whether the row of a node is in the page, and not at an edge of the window."""
        edge = tree.AHEAD // 2
        safe = self.rows[edge if self.first else 0 : -edge if self.below else None]
        return any(row["id"] == id for row in safe)

    @rx.event
    @calm
    async def toggle(self, id: str) -> None:
        """Open or close what is below an observation."""
        self._closed = self._closed ^ {id}
        await self._draw(await self._now(), self.first + tree.AHEAD)

    @rx.event
    @calm
    async def fold(self) -> Any:
        """Close everything below the first level, or open everything."""
        now = await self._now()
        self.folded = not self.folded
        self._closed = tree.branches(now.tree) if self.folded else frozenset()
        return _reveal(await self._draw(now))

    @rx.event
    @calm
    async def search(self, text: str) -> Any:
        """Only observations with this in their name, type, model or id, and what is above them."""
        self.find = text[:200]
        await self._draw(await self._now(), 0)
        return rx.call_script("document.getElementById('lf-rows')?.scrollTo(0,0)")

    @rx.event
    @calm
    async def scroll(self, row: str) -> None:
        """The reader scrolled: this row is on top now."""
        await self._draw(await self._now(), int(row) if row.isdecimal() else 0)

    @rx.event
    @calm
    async def turn(self, view: str) -> Any:
        """The tree alone, or with the timeline."""
        self.view = view if view in VIEWS else self.view
        return await self._pick(await self._now(), self.selected)

    @rx.event
    @calm
    async def show(self, tab: str, mode: str) -> None:
        """Another tab of the panel, or payloads in another form; '' leaves as it is."""
        self.tab, self.mode = tab if tab in TABS else self.tab, mode if mode in MODES else self.mode
        await self._open(await self._now())

    @rx.event
    @calm
    async def copy_part(self, part: str) -> Any:
        """A whole payload for the clipboard: the page holds only a form of it for reading."""
        _, known = await asyncio.to_thread(trace_view.chosen, await self._scope(), await self._now(), self.selected)
        return [rx.set_clipboard(known.get(part, ("", ""))[1] or ""), rx.toast("Copied", duration=1500)]

    @rx.event
    @calm
    async def star(self) -> None:
        """Set or clear the bookmark."""
        scope, starred = await self._scope(), not self.head["starred"]
        await asyncio.to_thread(service.set_bookmark, scope, self._trace_id(), starred)
        opened.forget(scope, self._trace_id())
        self.head = self.head | {"starred": starred}  # pyright: ignore[reportAttributeAccessIssue]


def _reveal(place: int) -> Any:
    """Scroll the tree until a row is on screen, for -1 the selected one in the page (trace_page.SCRIPT)."""
    return rx.call_script(f"window.lfReveal&&lfReveal({place})")
