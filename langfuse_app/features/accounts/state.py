"""The base of every page's state: who is there, in which project; and the guard in front of every event."""

import asyncio
import functools
from collections.abc import Callable
from datetime import UTC, tzinfo
from http.cookies import CookieError, SimpleCookie
from typing import Any, Concatenate, ParamSpec, TypedDict, TypeVar
from urllib.parse import quote, unquote, urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import reflex as rx
from reflex.event import Event
from reflex.state import BaseState, StateUpdate

from langfuse_app.core.errors import AppError, NotFoundError, QueryTooHeavyError, UnauthorizedError
from langfuse_app.core.scopes import ProjectScope, UserScope
from langfuse_app.features.accounts import service
from langfuse_app.features.projects import service as projects
from langfuse_app.features.projects.schemas import ProjectSummary
from langfuse_app.features.traces import service as traces
from langfuse_app.features.traces.schemas import TraceQuery
from langfuse_app.ui import format as f
from langfuse_app.ui import listing, navigation, ranges
from langfuse_app.ui.listing import Choice, Listing, ListView
from langfuse_app.ui.shell import Who
from langfuse_app.ui.text import t

SIGN_IN = "/auth/sign-in"
P = ParamSpec("P")
T = TypeVar("T")


class Found(TypedDict):
    """One line of the palette. kind: page, project or trace."""

    kind: str
    label: str
    hint: str
    href: str


def handler(function: Callable[..., Any]) -> Any:
    """An event handler of a page. A refusal of a service becomes what the page shows; nothing else is caught."""

    @functools.wraps(function)
    async def guarded(self: "AppState", *args: Any, **named: Any) -> Any:
        try:
            return await function(self, *args, **named)
        except AppError as error:
            return self._refused(error)  # pyright: ignore[reportPrivateUsage]

    return rx.event(guarded)


class AppState(rx.State):
    """What every page shows around its content, and the way from its handlers to the services.

    Nothing in here decides what a person may do: each handler asks again. `refusal` is why the content is not shown:
    '' when it is, "missing" for what is not there or not theirs, else a sentence.
    """

    user_name: str = ""
    user_email: str = ""
    user_initials: str = ""
    org_name: str = ""
    project_name: str = ""
    base: str = ""
    projects: list[Choice] = []
    side: str = ""
    found: list[Found] = []
    refusal: str = ""
    _session_id: str = ""
    _typed: str = ""
    _search_key: int = 0

    @handler
    async def enter(self) -> Any:
        """First handler of every page of a project: fills the frame. A project of others looks as if it did not exist."""
        user = await self._user()
        base = self._base()
        if base != self.base or user.session_id != self._session_id:
            self.reset()
        self.base, self._session_id = base, user.session_id
        self.user_name, self.user_email = user.name or user.email, user.email
        self.user_initials = f.initials(self.user_name)
        members = await self._ask_user(projects.list_for_user)
        self._show_projects(members)

    def _show_projects(self, members: list[ProjectSummary]) -> None:
        here = next((p for p in members if p.id == self._project_id()), None)
        self.projects = [Choice(label=p.name, href=f"/project/{quote(p.id, safe='')}/traces", on=p is here) for p in members]
        self.org_name, self.project_name = (here.org_name, here.name) if here else ("", "")
        self.refusal = "" if here or not self.base else "missing"

    @rx.event
    def toggle_side(self) -> None:
        """Sidebar or rail."""
        self.side = "" if self.side else "rail"

    @handler
    async def find(self, text: str) -> Any:
        """The lines of the palette for what is typed: places, projects, traces."""
        wanted = text.strip().lower()
        places = [entry for group in (*navigation.entries().values(), *navigation.entries(foot=True).values()) for entry in group]
        found = [
            Found(kind="page", label=e.label, hint=t("go_to.page"), href=self.base + e.path) for e in places if wanted in e.label.lower()
        ]
        others = await self._ask_user(projects.list_for_user)
        found += [
            Found(kind="project", label=p.name, hint=p.org_name, href=f"/project/{quote(p.id, safe='')}/traces")
            for p in others[:50] if wanted in p.name.lower() and p.id != self._project_id()
        ]  # fmt: skip
        if len(wanted) > 1 and self._project_id():
            found += await self._find_traces(text.strip())
        self.found = found[:14] if self.base else [line for line in found if line["kind"] == "project"][:14]

    async def _find_traces(self, text: str) -> list[Found]:
        try:
            page = await self._ask(traces.list_trace_previews, TraceQuery(search=text, limit=6))
        except AppError:  # a palette without traces still leads to pages
            return []
        return [
            Found(kind="trace", label=item.name or item.id, hint=f"{f.one_line(item.input, 40)}  {f.age(item.timestamp)}", href=f"{self.base}/traces/{quote(item.id, safe='')}")
            for item in page.items
        ]  # fmt: skip

    @rx.event
    def search_list(self, text: str) -> Any:
        """The search field of a list: an address with another `q`."""
        self._typed = text.strip()
        return rx.redirect(self._address(q=self._typed or None, page=None, peek=None), replace=True)

    @rx.event
    def set_range(self, form: dict[str, Any]) -> Any:
        """The two ends of the time range of a list, as the viewer's clock has them."""
        ends = {name: ranges.local_moment(str(form.get(name) or ""), self._zone()) for name in ("from", "to")}
        if not any(ends.values()):
            return None
        return rx.redirect(
            self._address(past=None, page=None, peek=None, **{name: ranges.iso(end) if end else None for name, end in ends.items()})
        )

    # --- the address -----------------------------------------------------------------------------

    def _param(self, name: str) -> str:
        """A part of the route, such as project_id; '' on pages without it."""
        return str(getattr(self, name, "") or "")

    def _query(self, name: str, default: str = "") -> str:
        return str(self.router.url.query_parameters.get(name, default))

    def _project_id(self) -> str:
        return self._param("project_id")

    def _base(self) -> str:
        return f"/project/{quote(self._project_id(), safe='')}" if self._project_id() else ""

    def _address(self, **changes: str | None) -> str:
        """This page's address with some parameters changed; None removes one."""
        return listing.address(self.router.url.path, self.router.url.query_parameters, **changes)

    def _listing(self, sorts: tuple[str, ...] = (), default_sort: str = "") -> Listing:
        """What the address says about the list on this page."""
        return listing.read(self.router.url.path, self.router.url.query_parameters, sorts=sorts, default_sort=default_sort)

    def _list_view(self, asked: Listing, total: int, shown: int, sorts: tuple[str, ...] = ()) -> ListView:
        """What table, pager and toolbar show. The search field keeps what is being typed, and takes only another address's text."""
        view = asked.view(total, shown, self._zone(), sorts)
        if asked.search != self._typed:
            self._typed, self._search_key = asked.search, self._search_key + 1
        view.search_key = str(self._search_key)
        return view

    # --- the way to the services -----------------------------------------------------------------

    async def _user(self) -> UserScope:
        """Who sent this event; UnauthorizedError without a living session."""
        user = await asyncio.to_thread(service.user_from_cookie, self.router.headers.cookie)
        if user is None:
            raise UnauthorizedError("Sign in first")
        return user

    async def _scope(self) -> ProjectScope:
        """The person's scope in the project of the page. UnauthorizedError without a session, NotFoundError without the project."""
        return await asyncio.to_thread(_member, self.router.headers.cookie, self._project_id())

    async def _ask(self, ask: Callable[Concatenate[ProjectScope, P], T], *args: P.args, **named: P.kwargs) -> T:
        """The answer of a service to this person in this project, from a thread; errors as _scope."""
        return await asyncio.to_thread(_as_member, self.router.headers.cookie, self._project_id(), ask, *args, **named)

    async def _ask_user(self, ask: Callable[Concatenate[UserScope, P], T], *args: P.args, **named: P.kwargs) -> T:
        """The answer of a service to this person, where no project is chosen; UnauthorizedError as _user."""
        return await asyncio.to_thread(ask, await self._user(), *args, **named)

    def _refused(self, error: AppError) -> Any:
        """What the page does about a refusal."""
        if isinstance(error, UnauthorizedError):
            return rx.redirect(sign_in_address(str(self.router.url.path)))
        if isinstance(error, NotFoundError):
            self.refusal = "missing"
        else:
            self.refusal = t("heavy") if isinstance(error, QueryTooHeavyError) else error.message if error.status < 500 else t("away")
        return None

    def _cookie(self, name: str) -> str:
        try:
            jar: SimpleCookie = SimpleCookie(self.router.headers.cookie or "")
        except CookieError:
            return ""
        return unquote(jar[name].value) if name in jar else ""

    def _zone(self) -> tzinfo:
        """The viewer's time zone, from the cookie that the page set before it connected."""
        try:
            return ZoneInfo(self._cookie("lf_tz") or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return UTC


def sign_in_address(next_path: str) -> str:
    """The sign-in page, and where to go afterwards."""
    return f"{SIGN_IN}?{urlencode({'next': next_path})}"


def who() -> Who:
    """The vars and events of the frame."""
    s: Any = AppState
    return Who(
        name=s.user_name, email=s.user_email, initials=s.user_initials, org=s.org_name, project=s.project_name, base=s.base, path=rx.State.router.url.path,
        projects=s.projects, side=s.side, toggle_side=s.toggle_side, found=s.found, find=s.find,
    )  # fmt: skip


class Guard(rx.Middleware):
    """Deny by default: an event needs a session, and what a tab was shown does not outlive the session it was shown to."""

    def __init__(self) -> None:
        self._root = rx.State.get_full_name() + "."

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        """None lets the event through."""
        user = await asyncio.to_thread(service.user_from_cookie, state.router.headers.cookie)
        await self._forget_others(state, user)
        if self._is_framework(event.name):
            return None
        if user is not None and not event.name.endswith(".setvar"):
            return None
        return StateUpdate(events=Event.from_event_type(rx.redirect(sign_in_address(str(state.router.url.path)))))

    async def _forget_others(self, state: BaseState, user: UserScope | None) -> None:
        """A tab keeps its state on the server when its reader signs out; the next one starts from nothing."""
        page = await state.get_state(AppState)
        owner = page._session_id  # pyright: ignore[reportPrivateUsage]
        if owner and (user is None or user.session_id != owner):
            page.reset()

    def _is_framework(self, name: str) -> bool:
        """Reflex's own events: hydrate, on_load and the like; never `setvar`, which writes any var."""
        tail = name.removeprefix(self._root)
        return not name.endswith(".setvar") and ("." not in tail or tail.startswith("reflex___"))


def _member(cookie: str | None, project_id: str) -> ProjectScope:
    user = service.user_from_cookie(cookie)
    if user is None:
        raise UnauthorizedError("Sign in first")
    if not project_id:
        raise NotFoundError("No project")
    return service.project_scope(user, project_id)


def _as_member(cookie: str | None, project_id: str, ask: Callable[..., T], *args: Any, **named: Any) -> T:
    return ask(_member(cookie, project_id), *args, **named)
