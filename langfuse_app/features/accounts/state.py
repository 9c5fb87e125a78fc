"""The base of every page's state: who is there, in which project; and the guard in front of every event."""

import asyncio
from datetime import UTC, tzinfo
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import reflex as rx
from reflex.event import Event
from reflex.state import BaseState, StateUpdate

from langfuse_app.core.errors import NotFoundError, UnauthorizedError
from langfuse_app.core.scopes import ProjectScope, UserScope
from langfuse_app.features.accounts import service
from langfuse_app.features.projects import service as projects
from langfuse_app.ui.format import initials
from langfuse_app.ui.shell import Who

SIGN_IN = "/auth/sign-in"


class AppState(rx.State):
    """Small, since every page's state loads it. Nothing in here decides what a person may do: each handler asks again."""

    user_name: str = ""
    user_initials: str = ""
    org_name: str = ""
    project_name: str = ""
    base: str = ""
    missing: bool = False

    @rx.event
    async def enter(self) -> Any:
        """First handler of every page of a project: fills the frame, or sends a stranger to the sign-in."""
        user = await self._user()
        if user is None:
            self.reset()
            return rx.redirect(f"{SIGN_IN}?next={quote(self.router.url.path)}")
        self.user_name, self.user_initials = user.name or user.email, initials(user.name or user.email)
        self.base = f"/project/{self._param('project_id')}"
        found = [p for p in await asyncio.to_thread(projects.list_for_user, user) if p.id == self._param("project_id")]
        self.missing = not found
        self.org_name, self.project_name = (found[0].org_name, found[0].name) if found else ("", "")
        return None

    def _param(self, name: str) -> str:
        """A part of the route, such as project_id; '' on pages without it."""
        return str(getattr(self, name, "") or "")

    def _query(self, name: str, default: str = "") -> str:
        return str(self.router.url.query_parameters.get(name, default))

    async def _user(self) -> UserScope | None:
        return await asyncio.to_thread(service.user_from_cookie, self.router.headers.cookie)

    async def _scope(self) -> ProjectScope:
        """The person's scope in the project of the page. UnauthorizedError without a session, NotFoundError without the project."""
        user = await self._user()
        if user is None:
            raise UnauthorizedError("Sign in first")
        project_id = self._param("project_id")
        if not project_id:
            raise NotFoundError("No project")
        return await asyncio.to_thread(service.project_scope, user, project_id)

    def _zone(self) -> tzinfo:
        """The viewer's time zone, from the cookie that the page set before it connected."""
        cookie: SimpleCookie = SimpleCookie(self.router.headers.cookie or "")
        name = unquote(cookie["lf_tz"].value) if "lf_tz" in cookie else "UTC"
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            return UTC


def who() -> Who:
    """The vars of the frame."""
    state = AppState
    return Who(state.user_name, state.user_initials, state.org_name, state.project_name, state.base, rx.State.router.url.path)


class Guard(rx.Middleware):
    """Deny by default: an event of an app state needs a session; `enter` itself sends strangers away."""

    def __init__(self) -> None:
        self._root = rx.State.get_full_name() + "."
        self._public = {f"{AppState.get_full_name()}.enter"}

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        """None lets the event through."""
        if event.name in self._public or self._is_framework(event.name):
            return None
        if not event.name.endswith(".setvar") and await asyncio.to_thread(service.user_from_cookie, state.router.headers.cookie):
            return None
        return StateUpdate(events=Event.from_event_type(rx.redirect(SIGN_IN)))

    def _is_framework(self, name: str) -> bool:
        """Reflex's own events: hydrate, on_load and the like; never `setvar`, which writes any var."""
        tail = name.removeprefix(self._root)
        return not name.endswith(".setvar") and ("." not in tail or tail.startswith("reflex___"))
