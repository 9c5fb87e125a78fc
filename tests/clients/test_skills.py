"""Skills through the generated client of the SDK that has them (spec/api.md §11.1)."""

from __future__ import annotations

import base64
import json

import pytest

from tests import factories

from .environments import CLIENTS, environment

pytestmark = pytest.mark.clients


@pytest.mark.parametrize("client", sorted(path.parent.name for path in CLIENTS.glob("*/drive_skills.py")))
def test_skills(client: str, host: str) -> None:
    keys = factories.basic_auth(factories.project())["Authorization"].removeprefix("Basic ")
    settings = {"HOST": host, "PROJECT_KEYS": base64.b64decode(keys).decode()}
    out, err = environment(client, "drive_skills").start(settings).communicate(timeout=120)
    assert out, err
    assert json.loads(out) == {
        "first": [1, "Sorts tickets.", {"owner": "support"}, ["latest"], "first"],
        "files": [["SKILL.md", "text/markdown", 85], ["references/words.txt", "text/plain", 16]],
        "shared": True,
        "labels": [["production", "latest"], 2, []],
        "tags": [2, ["support"], ["support"]],
        "listed": ["triage", 2, 2, True],
        "more": False,
        "contents": True,
        "refused": [[404, "resource_not_found"], [400, "invalid_body"]],
        "deleted": [True, 1],
    }
