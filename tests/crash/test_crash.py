"""Invariant 1 under kill -9: an acknowledged event is durable, and ends in the store exactly once."""

import random
import time

import pytest

from tests.crash.load import Acknowledged, Load, missing
from tests.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROLES = ("worker", "redis", "web", "clickhouse", "postgres")


def settled(product: Product, acknowledged: Acknowledged, seconds: float = 120) -> list[str]:
    """Problems that remain when the backlog has drained; the sweep may need a round for what Redis lost."""
    deadline = time.monotonic() + seconds
    problems = ["not asked yet"]
    while problems and time.monotonic() < deadline:
        time.sleep(2)
        if not product.answers():
            continue
        with product.client(timeout=30) as client:
            backlog = client.get("/health/queues")
            if backlog.status_code == 200 and not any(backlog.json()["ingestion"]["backlog"].values()):
                problems = missing(client, acknowledged)
    return problems


@pytest.mark.parametrize("role", ROLES)
def test_kill_one_process_under_load(product: Product, role: str) -> None:
    with Load(product.url) as load:
        time.sleep(random.uniform(1.0, 2.5))
        for process in product.roles()[role]:
            process.kill()
        time.sleep(4)
        product.wait(60)
        time.sleep(1)
    assert load.acknowledged.requests > 20
    assert settled(product, load.acknowledged) == []


def test_kill_everything_under_load(product: Product) -> None:
    with Load(product.url) as load:
        time.sleep(random.uniform(1.5, 3.0))
        victims = [process for group in product.roles().values() for process in group]
        product.kill()
        for process in victims:
            if process.is_running():
                process.kill()
    product.start(120)
    assert load.acknowledged.requests > 20
    assert settled(product, load.acknowledged) == []


@pytest.mark.long
@pytest.mark.parametrize("number", range(20))
def test_rounds(product: Product, number: int) -> None:
    """Random victims at random moments, one to three of them in a round."""
    chosen = random.Random(number)
    with Load(product.url) as load:
        for role in chosen.sample(ROLES, chosen.choice((1, 1, 2, 3))):
            time.sleep(chosen.uniform(0.2, 2.5))
            for process in product.roles().get(role, []):
                process.kill()
        time.sleep(3)
        product.wait(60)
        time.sleep(1)
    assert settled(product, load.acknowledged) == []
