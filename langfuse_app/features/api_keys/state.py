"""The API keys of a project."""

import asyncio
from typing import Any, TypedDict

import reflex as rx

from langfuse_app.core.errors import AppError, NotFoundError, UnauthorizedError
from langfuse_app.features.accounts.state import SIGN_IN, AppState
from langfuse_app.features.api_keys import service
from langfuse_app.ui import format as f


class KeyRow(TypedDict):
    """One key; its secret is known to nobody."""

    id: str
    note: str
    public_key: str
    secret: str
    created: str
    used: str


class KeysState(AppState):
    """The list, and the one moment in which a new secret can be read."""

    keys: list[KeyRow] = []
    status: str = "loading"  # loading, ready, missing, error
    problem: str = ""
    new_public: str = ""
    new_secret: str = ""

    @rx.event
    async def load(self) -> Any:
        """The page was opened: what was shown once is gone."""
        self.new_public = self.new_secret = ""
        return await self._show()

    async def _show(self) -> Any:
        try:
            found = await asyncio.to_thread(service.list_keys, await self._scope())
        except UnauthorizedError:
            return rx.redirect(SIGN_IN)
        except NotFoundError:
            self.keys, self.status = [], "missing"
            return None
        except AppError as error:
            self.problem, self.status = error.message, "error"
            return None
        zone = self._zone()
        self.keys = [
            KeyRow(
                id=key.id, note=key.note or "", public_key=key.public_key, secret=key.display_secret_key,
                created=f.clock(key.created_at, zone), used=f"{f.age(key.last_used_at)} ago" if key.last_used_at else "never",
            )
            for key in found
        ]  # fmt: skip
        self.status = "ready"
        return None

    @rx.event
    async def create(self, form: dict[str, Any]) -> Any:
        """Make a key pair and show its secret once."""
        try:
            made = await asyncio.to_thread(service.create_key, await self._scope(), str(form.get("note", "")).strip() or None)
        except AppError as error:
            return rx.toast.error(error.message)
        self.new_public, self.new_secret = made.item.public_key, made.secret_key
        return await self._show()

    @rx.event
    async def revoke(self, key_id: str, sure: bool) -> Any:
        """Refuse a key from now on, everywhere within a second; nothing happens when the question was answered with no."""
        if not sure:
            return None
        try:
            await asyncio.to_thread(service.delete_key, await self._scope(), key_id)
        except AppError as error:
            return rx.toast.error(error.message)
        return await self._show()
