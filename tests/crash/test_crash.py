"""Invariant 1 under kill -9: an acknowledged event is durable, and ends in the store exactly once."""

import os
import random
import time
from collections.abc import Sequence
from typing import Any

import pytest

from tests.crash.load import Acknowledged, Load, missing
from tests.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SEED = int(os.environ.get("CRASH_SEED") or random.SystemRandom().randrange(2**32))
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


def kill_under_load(product: Product, chosen: random.Random, victims: Sequence[str]) -> Acknowledged:
    """Kill every process of these roles, one role after the other at moments that were drawn."""
    with Load(product.url) as load:
        time.sleep(chosen.uniform(0.5, 1.5))
        for role in victims:
            time.sleep(chosen.uniform(0.2, 2.0))
            for process in product.roles().get(role, []):
                process.kill()
        time.sleep(3)
        product.wait(60)
        time.sleep(1)
    return load.acknowledged


def victims_of(number: int) -> list[str]:
    """Of one of the three rounds: every role is in one of them, one is in two."""
    chosen = random.Random(SEED)
    dealt = [*chosen.sample(ROLES, len(ROLES)), chosen.choice(ROLES)]
    return dealt[2 * number : 2 * number + 2]


@pytest.mark.parametrize("number", range(3))
def test_kill_at_random_under_load(product: Product, figures: dict[str, Any], number: int) -> None:
    """Another order and other moments in each run; CRASH_SEED brings those of an earlier one back."""
    victims = victims_of(number)
    figures |= {"CRASH_SEED": SEED, "killed": " then ".join(victims)}
    acknowledged = kill_under_load(product, random.Random(f"{SEED}/{number}"), victims)
    problems = settled(product, acknowledged)
    assert problems == [], f"CRASH_SEED={SEED} makes this round again"
    assert acknowledged.requests > 20


def test_kill_everything_under_load(product: Product) -> None:
    with Load(product.url) as load:
        time.sleep(random.Random(SEED).uniform(1.5, 3.0))
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
    acknowledged = kill_under_load(product, chosen, chosen.sample(ROLES, chosen.choice((1, 1, 2, 3))))
    assert settled(product, acknowledged) == []
