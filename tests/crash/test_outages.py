"""Stores that are away, frozen or emptied under load: acceptance goes on or says 503, and nothing that it took is lost."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.crash.flood import Flood
from tests.crash.looking import Inside, until
from tests.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@contextmanager
def frozen(product: Product, role: str) -> Iterator[None]:
    """Every process of the role stands still; it takes connections and answers nothing, the worst kind of away."""
    victims = product.roles()[role]
    for process in victims:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in victims:
            process.send_signal(signal.SIGCONT)


@contextmanager
def absent(product: Product, role: str) -> Iterator[None]:
    """Every process of the role is killed again as soon as it is started again."""
    back = threading.Event()

    def keep_away() -> None:
        while not back.wait(0.1):
            for process in product.roles().get(role, []):
                process.kill()

    killer = threading.Thread(target=keep_away, daemon=True)
    killer.start()
    try:
        yield
    finally:
        back.set()
        killer.join()


def complete(inside: Inside, flood: Flood, seconds: float = 120) -> None:
    """Accepted = stored, and the ledger knows; the sweep may need its round."""
    found: list[str] = []

    def settled() -> bool:
        found[:] = inside.problems(flood.acknowledged) if inside.backlog() == 0 else ["entries wait"]
        return not found

    try:
        until(settled, seconds, "not complete")
    except AssertionError as error:
        raise AssertionError(f"{error}: {found}") from None


def outage(product: Product, inside: Inside, figures: dict[str, Any], seconds: float, rate: float) -> None:
    """ClickHouse away for so long while spans come at that rate."""
    with Flood(product.url, rate) as flood:
        until(lambda: flood.spans > rate, 30, "no spans are taken")
        before = inside.redis_megabytes()
        with absent(product, "clickhouse"):
            time.sleep(seconds / 3)
            third, redis_third = flood.spans, inside.redis_megabytes()
            time.sleep(seconds * 2 / 3)
            taken, redis_end = flood.spans - third, inside.redis_megabytes()
        until(product.answers, 30, "the web process does not answer")
    back = until(lambda: inside.count("SELECT 1") == 1, 60, "ClickHouse did not come back")
    drained = inside.drained(60)
    figures |= {
        "outage s": seconds,
        "spans": flood.spans,
        "spans/s taken meanwhile": taken / (seconds * 2 / 3),
        "back after s": back,
        "drained after s": drained,
        "Redis MB before": before,
        "Redis MB after a third": redis_third,
        "Redis MB at the end": redis_end,
    }
    complete(inside, flood)
    assert set(flood.statuses) == {200}, flood.statuses
    assert taken > rate * seconds * 2 / 3 * 0.8
    assert redis_end - before < 30  # references, never payloads


def test_clickhouse_away_for_twenty_seconds(product: Product, inside: Inside, figures: dict[str, Any]) -> None:
    outage(product, inside, figures, 20, 600)


@pytest.mark.long
def test_clickhouse_away_for_five_minutes(product: Product, inside: Inside, figures: dict[str, Any]) -> None:
    outage(product, inside, figures, 300, 1_000)


def test_clickhouse_frozen(product: Product, inside: Inside, figures: dict[str, Any]) -> None:
    """It stands still in the middle of inserts, takes connections, and goes on where it was: what was sent to it again is there once."""
    with Flood(product.url, 600) as flood:
        until(lambda: flood.spans > 600, 30, "no spans are taken")
        with frozen(product, "clickhouse"):
            before = flood.spans
            time.sleep(12)
            taken = flood.spans - before
    figures |= {"spans": flood.spans, "taken meanwhile": taken, "drained after s": inside.drained(90)}
    complete(inside, flood)
    assert set(flood.statuses) == {200}, flood.statuses
    assert taken > 600 * 12 * 0.8


def test_redis_emptied_under_load(product: Product, inside: Inside, figures: dict[str, Any]) -> None:
    with Flood(product.url, 600) as flood:
        until(lambda: flood.spans > 600, 30, "no spans are taken")
        for _ in range(3):
            time.sleep(1)
            with inside.redis() as client:
                client.flushall()
        time.sleep(1)
    started = time.monotonic()
    complete(inside, flood)
    figures |= {"spans": flood.spans, "complete after s": time.monotonic() - started}


@pytest.mark.parametrize("how", [frozen, absent])
def test_postgres_away(product: Product, inside: Inside, figures: dict[str, Any], how: Any) -> None:
    """A key that was seen lately is known without it."""
    with Flood(product.url, 400) as flood:
        until(lambda: flood.spans > 400, 30, "no spans are taken")
        with how(product, "postgres"):
            time.sleep(2)
            before = flood.spans
            time.sleep(6)
            taken = flood.spans - before
        until(product.answers, 60, "the web process does not answer")
    figures |= {"spans": flood.spans, "taken meanwhile": taken}
    complete(inside, flood)
    assert taken > 400 * 6 * 0.7
    assert set(flood.statuses) == {200}, flood.statuses


def test_redis_away_is_said_with_503(product: Product, inside: Inside, figures: dict[str, Any]) -> None:
    with Flood(product.url, 400) as flood:
        until(lambda: flood.spans > 400, 30, "no spans are taken")
        with absent(product, "redis"):
            time.sleep(5)
        until(product.answers, 60, "the web process does not answer")
        before = flood.spans
        until(lambda: flood.spans > before, 60, "no spans are taken any more")
    figures |= {"spans": flood.spans, "answers": dict(flood.statuses)}
    assert set(flood.statuses) <= {200, 503}
    assert flood.statuses[503] > 0
    complete(inside, flood)
