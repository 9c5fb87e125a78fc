"""Runs the drivers of the chosen clients side by side, once per test run.

The server is a product of this tree; another one is tested by naming it: CLIENTS_TEST_URL, CLIENTS_TEST_KEYS
(`pk-lf-…:sk-lf-…`) and CLIENTS_TEST_PROJECT.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.product import PROJECT_ID, PUBLIC_KEY, SECRET_KEY, Product
from tests.web import web_process

from .environments import NAMES
from .openai_double import openai_double
from .reading import Drive, Target, drive


class _Unparametrised:
    params: dict[str, Any] = {}


@pytest.fixture(scope="session")
def target() -> Iterator[Target]:
    """The server under test."""
    if url := os.environ.get("CLIENTS_TEST_URL"):
        public_key, secret_key = os.environ["CLIENTS_TEST_KEYS"].split(":")
        yield Target(url, public_key, secret_key, os.environ["CLIENTS_TEST_PROJECT"])
        return
    with TemporaryDirectory(prefix="langfuse-app-clients-") as folder:
        running = Product(Path(folder) / "data").start()
        yield Target(running.url, PUBLIC_KEY, SECRET_KEY, PROJECT_ID)
        running.stop()


@pytest.fixture(scope="session")
def host(engines: object) -> Iterator[str]:
    """The API alone, on the engines of this run."""
    with web_process(role="api") as url:
        yield url


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
