"""The list of projects at the front door."""

from typing import Any, TypedDict
from urllib.parse import quote

import reflex as rx

from langfuse_app.features.accounts.state import AppState, handler
from langfuse_app.features.projects import service
from langfuse_app.ui.format import initials


class ProjectCard(TypedDict):
    """One project to open. org: the heading above it, '' where it stands under the one before."""

    name: str
    org: str
    role: str
    initials: str
    href: str


class ProjectsState(AppState):
    """The projects of the person, by organisation."""

    cards: list[ProjectCard] = []
    ready: bool = False

    @handler
    async def load(self) -> Any:
        """Fill the list; whoever has one project goes straight to it."""
        found = await self._ask_user(service.list_for_user)
        if len(found) == 1 and self._query("all") != "1":
            return rx.redirect(f"/project/{quote(found[0].id, safe='')}/traces", replace=True)
        above = ["", *(p.org_id for p in found)]
        self.cards = [
            ProjectCard(name=p.name, org=p.org_name if p.org_id != before else "", role=p.role.value.title(), initials=initials(p.name), href=f"/project/{quote(p.id, safe='')}/traces")
            for p, before in zip(found, above, strict=False)
        ]  # fmt: skip
        self.ready = True
        return None

    @handler
    async def open_first_page(self) -> Any:
        """The address of a project alone leads to its traces."""
        return rx.redirect(f"{self._base()}/traces", replace=True)
