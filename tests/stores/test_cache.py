"""The cache: a bumped value is gone at once, and what may outlast its store does."""

import threading
import time

import pytest

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.core.settings import Settings
from langfuse_app.stores import cache
from langfuse_app.stores.redis import redis


@pytest.fixture(autouse=True)
def no_copies(engines: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    redis().flushdb()
    monkeypatch.setattr(cache, "_LOCAL_TTL_S", 0)


def away() -> bytes:
    raise ServiceUnavailableError("away")


def get(loader: object, ttl_s: int = 0, outlast_s: int = 60) -> bytes:
    return cache.cached("space", "name", loader, ttl_s, outlast_s)  # pyright: ignore[reportArgumentType]


def test_a_value_outlasts_the_store_it_came_from() -> None:
    assert get(lambda: b"known") == b"known"
    assert get(away) == b"known"


def test_a_store_that_hangs_holds_nobody_up_and_is_asked_once() -> None:
    get(lambda: b"old")
    asked, go = [], threading.Event()

    def slow() -> bytes:
        asked.append(1)
        go.wait(5)
        return b"new"

    started = time.monotonic()
    assert {get(slow) for _ in range(5)} == {b"old"}
    assert (time.monotonic() - started < 1, len(asked)) == (True, 1)
    go.set()
    deadline = time.monotonic() + 5
    while get(lambda: b"new") != b"new":
        assert time.monotonic() < deadline


def test_a_bumped_value_is_loaded_at_once() -> None:
    get(lambda: b"old")
    cache.bump("space")
    with pytest.raises(ServiceUnavailableError):
        get(away)
    assert get(lambda: b"new") == b"new"


def test_an_empty_value_outlasts_nothing() -> None:
    get(lambda: b"", ttl_s=1)
    time.sleep(1.1)
    assert get(lambda: b"found") == b"found"
