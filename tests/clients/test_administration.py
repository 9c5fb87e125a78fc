"""Administration through the SDKs' own REST clients (spec/api.md §4.13, §4.16)."""

from __future__ import annotations

import base64
import json

import pytest

from tests import factories

from .environments import CLIENTS, environment

pytestmark = pytest.mark.clients

WITH_ADMINISTRATION = sorted(path.parent.name for path in CLIENTS.glob("*/drive_administration.py"))


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
