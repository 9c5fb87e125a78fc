"""Runs the drivers of the chosen clients side by side, once per test run."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from .environments import NAMES
from .openai_double import openai_double
from .reading import Drive, Target, drive


class _Unparametrised:
    params: dict[str, Any] = {}


@pytest.fixture(scope="session")
def target(server: Any) -> Target:
    """The server under test."""
    return Target(server.base_url, server.public_key, server.secret_key)


@pytest.fixture(scope="session")
def drives(request: pytest.FixtureRequest, target: Target) -> Iterator[Callable[[str], Drive]]:
    """Gives the finished run of a client by name; only clients that a chosen test names are run."""
    chosen = {getattr(item, "callspec", _Unparametrised).params.get("client") for item in request.session.items}
    with openai_double() as openai_url, ThreadPoolExecutor(2) as pool:
        runs: dict[str, Future[Drive]] = {
            name: pool.submit(drive, name, target, f"{name}-{secrets.token_hex(3)}", openai_url) for name in NAMES if name in chosen
        }
        yield lambda name: runs[name].result()


@pytest.fixture
def driven(client: str, drives: Callable[[str], Drive]) -> Drive:
    """The run of the client that the test is parametrised with."""
    return drives(client)
