"""Each client's lock pins the version its folder is named after, with hashes and without naming a package registry."""

from __future__ import annotations

import json
import re

import pytest

from .environments import CLIENTS, NAMES, NODE_LOCK, PYTHON_LOCK


@pytest.mark.parametrize("client", NAMES)
def test_a_lock_is_pinned_hashed_and_names_no_registry(client: str) -> None:
    folder = CLIENTS / client
    version = client.rsplit("-", 1)[1]
    if (folder / PYTHON_LOCK).exists():
        _check_python((folder / PYTHON_LOCK).read_text(), version)
    else:
        _check_node(json.loads((folder / NODE_LOCK).read_text()), version)


def _check_python(lock: str, version: str) -> None:
    pins = re.findall(r"^([\w.\-]+)==(\S+)(?=.*\\\n +--hash=sha256:[0-9a-f]{64})", lock, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\w", lock, re.MULTILINE)), "a line of the lock has no hash"
    assert {("langfuse", version), ("opentelemetry-sdk", version)} & set(pins)
    assert "://" not in lock


def _check_node(lock: dict[str, object], version: str) -> None:
    packages = dict(lock["packages"])  # type: ignore[call-overload]
    packages.pop("")
    assert all("integrity" in package and "resolved" not in package for package in packages.values())
    own = {
        path: package["version"]
        for path, package in packages.items()
        if path.split("node_modules/")[-1].startswith(("langfuse", "@langfuse/"))
    }
    assert own
    assert set(own.values()) == {version}
