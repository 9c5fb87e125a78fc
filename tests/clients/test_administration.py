"""Administration through the SDKs' own REST clients (spec/api.md §4.13, §4.16)."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from tests import factories
from tests.product import free_port

from .environments import CLIENTS, environment

pytestmark = pytest.mark.clients

WITH_ADMINISTRATION = sorted(path.parent.name for path in CLIENTS.glob("*/drive_administration.py"))


@pytest.fixture(scope="module")
def host(engines: object) -> Iterator[str]:
    """The API alone, on the engines of this run."""
    port = free_port()
    command = [sys.executable, "-m", "langfuse_app.cli", "serve", "--role", "api", "--port", str(port)]
    with subprocess.Popen(command, env=dict(os.environ)) as server:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while not _answers(url) and time.monotonic() < deadline:
            time.sleep(0.2)
        yield url
        server.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/public/health").status_code == 200
    except httpx.HTTPError:
        return False


def _pair(headers: dict[str, str]) -> str:
    return base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()


@pytest.mark.parametrize("client", WITH_ADMINISTRATION)
def test_administration(client: str, host: str) -> None:
    scope = factories.project()
    settings = {
        "HOST": host,
        "ORGANIZATION_KEYS": _pair(factories.organization_auth(scope)),
        "PROJECT_KEYS": _pair(factories.basic_auth(scope)),
        "PERSON": factories.person(),
    }
    out, err = environment(client, "drive_administration").start(settings).communicate(timeout=120)
    assert out, err
    assert json.loads(out) == {
        "own project": "test project",
        "project": ["from the SDK", {"team": "red"}, "renamed", {"team": "red"}],
        "key": ["ci", "sk-lf-", True],
        "member": ["MEMBER", "ADMIN", True, True],
        "organisation": [2, 1],
        "scim": ["Ada", True, 2],
        "discovery": [True, 1],
        "deleted": [True, True],
        "project deleted": True,
        "health": "OK",
    }
