"""Score configs, annotation queues, comments and LLM connections through the SDKs' generated clients (spec/api.md §3.1)."""

from __future__ import annotations

import secrets

import pytest

from .environments import CLIENTS
from .reading import Target, drive

pytestmark = pytest.mark.clients

DRIVEN = sorted(path.parent.name for path in CLIENTS.glob("*/drive_annotation.*"))
WITHOUT_QUEUES = ("langfuse-python-2.60.10",)


@pytest.mark.parametrize("client", DRIVEN)
def test_annotation_through_the_generated_client(client: str, target: Target) -> None:
    seed = f"{client}-{secrets.token_hex(3)}"
    driven = drive(client, target, seed, driver="drive_annotation")
    configs = driven.fact("configs")
    assert configs["listed"] == ["CATEGORICAL (new)", "BOOLEAN (new)", "NUMERIC (new)"]
    assert (configs["categories"], configs["read"]) == ([[], ["True", "False"], ["good"]], 1)
    comments = driven.fact("comments")
    assert (comments["content"], comments["listed"]) == (f"well done, {seed}", True)
    if client in WITHOUT_QUEUES:
        return
    queues = driven.fact("queues")
    assert queues["statuses"] == ["PENDING", "COMPLETED"]
    assert [queues[name] for name in ("completed", "listed", "found", "deleted", "left")] == [True, True, True, True, 0]
    assert driven.fact("archived")["archived"] is True
    connections = driven.fact("connections")
    assert [connections[name] for name in ("same", "secret", "models", "headers")] == [True, "...abcd", ["m"], ["X-A"]]
