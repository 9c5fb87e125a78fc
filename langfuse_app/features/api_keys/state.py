"""The settings of a project: what it is, and its API keys."""

from typing import Any, TypedDict

from langfuse_app.features.accounts.state import AppState, handler
from langfuse_app.features.api_keys import service
from langfuse_app.features.api_keys.schemas import KeyWish
from langfuse_app.features.projects import service as projects
from langfuse_app.ui import format as f
from langfuse_app.ui.text import t


class KeyRow(TypedDict):
    """One key; its secret is known to nobody."""

    id: str
    note: str
    public_key: str
    secret: str
    created: str
    created_title: str
    used: str


class Line(TypedDict):
    """One fact about the project."""

    label: str
    value: str


class SettingsState(AppState):
    """The list, and the one moment in which a new secret can be read."""

    facts: list[Line] = []
    keys: list[KeyRow] = []
    ready: bool = False
    new_public: str = ""
    new_secret: str = ""
    doomed: str = ""

    @handler
    async def load(self) -> None:
        """The page was opened: what was shown once is gone."""
        self.new_public = self.new_secret = ""
        item = await self._ask(projects.get)
        retention = f"{item.retention_days} days" if item.retention_days else "Data is kept"
        known = (
            ("project", item.name),
            ("organisation", item.org_name),
            ("project_id", item.id),
            ("host", str(self.router.url.origin)),
            ("retention", retention),
        )
        self.facts = [Line(label=t(key), value=value) for key, value in known]
        await self._list()

    async def _list(self) -> None:
        zone = self._zone()
        self.keys = [
            KeyRow(
                id=key.id, note=key.note or "", public_key=key.public_key, secret=key.display_secret_key,
                created=f.clock(key.created_at, zone), created_title=f.absolute(key.created_at, zone), used=f"{f.age(key.last_used_at)} ago" if key.last_used_at else t("never"),
            )
            for key in await self._ask(service.list_keys)
        ]  # fmt: skip
        self.ready = True

    @handler
    async def create(self, form: dict[str, Any]) -> None:
        """Make a key pair and show its secret once."""
        made = await self._ask(service.create_key, KeyWish(str(form.get("note") or "").strip()[:200] or None))
        self.new_public, self.new_secret = made.item.public_key, made.secret_key
        await self._list()

    @handler
    async def doom(self, key_id: str) -> None:
        """Which key the question is about."""
        self.doomed = key_id

    @handler
    async def revoke(self) -> None:
        """Refuse the key from now on, everywhere within a second."""
        await self._ask(service.delete_key, self.doomed)
        self.doomed = ""
        await self._list()
