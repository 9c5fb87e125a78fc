"""Prompts through every SDK (spec/wire.md §2): labels, versions, cache, placeholders, fallback."""

from __future__ import annotations

import secrets

import pytest

from .environments import CLIENTS
from .reading import Target, drive

pytestmark = pytest.mark.clients


@pytest.mark.parametrize("client", sorted(path.parent.name for path in CLIENTS.glob("*/drive_prompts.*")))
def test_prompts_are_what_was_written(client: str, target: Target) -> None:
    driven = drive(client, target, f"{client}-{secrets.token_hex(3)}", driver="drive_prompts")
    fact = driven.fact("prompts")
    assert set(fact["equal"].values()) == {True}, f"{fact['equal']}\n{driven.failure}"
    with target.http() as http:
        rows = {row["name"]: row for row in http.get("/api/public/v2/prompts", params={"limit": 100}).json()["data"]}
    text, chat = fact["names"]
    assert (rows[text]["versions"], rows[chat]["type"]) == ([1, 2], "chat")
