"""The list of sessions."""

from typing import TypedDict
from urllib.parse import quote

from langfuse_app.features.accounts.state import AppState, handler
from langfuse_app.features.sessions import service
from langfuse_app.features.sessions.schemas import SessionQuery
from langfuse_app.ui import format as f
from langfuse_app.ui.listing import ListView


class SessionRow(TypedDict):
    """One session; its address is the list of its traces."""

    id: str
    href: str
    created: str
    age: str
    title: str
    environment: str


class SessionsState(AppState):
    """One page of the list."""

    rows: list[SessionRow] = []
    view: ListView = ListView()

    @handler
    async def load(self) -> None:
        """The page was opened, or its address changed."""
        asked, zone = self._listing(), self._zone()
        page = await self._ask(
            service.list_sessions, SessionQuery(asked.window.start, asked.window.end, page=asked.page, limit=asked.limit)
        )
        self.rows = [
            SessionRow(
                id=item.id, href=f"{self.base}/traces?session={quote(item.id, safe='')}&past=all", environment=item.environment,
                created=f.clock(item.created_at, zone), age=f.age(item.created_at), title=f.absolute(item.created_at, zone),
            )
            for item in page.items
        ]  # fmt: skip
        self.view = self._list_view(asked, page.total, len(page.items))
