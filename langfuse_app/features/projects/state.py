"""The list of projects at the front door."""

import asyncio
from typing import Any, TypedDict
from urllib.parse import quote

import reflex as rx

from langfuse_app.features.accounts.state import SIGN_IN, AppState
from langfuse_app.features.projects import service
from langfuse_app.ui.format import initials


class ProjectCard(TypedDict):
    """One project to open."""

    name: str
    org: str
    role: str
    initials: str
    href: str


class ProjectsState(AppState):
    """The projects of the person."""

    cards: list[ProjectCard] = []
    ready: bool = False

    @rx.event
    async def load(self) -> Any:
        """Fill the list; whoever has one project goes straight to it."""
        user = await self._user()
        if user is None:
            return rx.redirect(SIGN_IN)
        found = await asyncio.to_thread(service.list_for_user, user)
        self.cards = [
            ProjectCard(name=p.name, org=p.org_name, role=p.role.value.title(), initials=initials(p.name), href=f"/project/{quote(p.id, safe='')}/traces")
            for p in found
        ]
        self.ready = True
        return rx.redirect(self.cards[0]["href"], replace=True) if len(self.cards) == 1 and self._query("all") != "1" else None
