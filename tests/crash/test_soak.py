"""Half an hour of steady load: memory does not grow, parts stay few, and afterwards everything rests."""

import os
import statistics
import time
from typing import Any

import psutil
import pytest

from tests.crash.flood import Flood
from tests.crash.looking import Inside, until
from tests.product import Product

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.timeout(7_200)]

SECONDS = float(os.environ.get("SOAK_SECONDS", "1800"))
RATE = 2_000
WARM = 0.25  # of the time: caches fill, allocators find their size
PARTS = "SELECT count() FROM system.parts WHERE active AND database = 'langfuse'"


def cpu_seconds(product: Product) -> float:
    assert product.process is not None
    root = psutil.Process(product.process.pid)
    return sum(sum(process.cpu_times()[:2]) for process in [root, *root.children(recursive=True)])


def cpu_percent(product: Product, seconds: float = 20) -> float:
    """Of one core, over so many seconds from now."""
    before = cpu_seconds(product)
    time.sleep(seconds)
    return (cpu_seconds(product) - before) / seconds * 100


def test_half_an_hour_of_steady_load(product: Product, inside: Inside, figures: dict[str, Any]) -> None:
    samples: list[tuple[float, float, int]] = []
    with Flood(product.url, RATE, payload=3_400, threads=4) as flood:
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < SECONDS:
            samples.append((passed, inside.megabytes(), inside.count(PARTS)))
            time.sleep(max(1.0, SECONDS / 180))
    drained = inside.drained(120)
    late = [sample for sample in samples if sample[0] > SECONDS * WARM]
    slope = statistics.linear_regression([at for at, _, _ in late], [memory for _, memory, _ in late]).slope * 3600
    figures |= {
        "seconds": SECONDS,
        "spans/s": flood.spans / SECONDS,
        "MB at a quarter": late[0][1],
        "MB at the end": late[-1][1],
        "MB most": max(memory for _, memory, _ in samples),
        "MB/hour": slope,
        "parts most": max(parts for _, _, parts in samples),
        "drained after s": drained,
    }
    idle: list[float] = []
    figures["at rest after s"] = until(lambda: (idle.append(cpu_percent(product)) or idle[-1]) <= 3, 300, "the last merges do not end")
    figures["idle CPU %"] = idle[-1]
    until(lambda: not inside.problems(flood.acknowledged), 120, "not complete")
    assert set(flood.statuses) == {200}, flood.statuses
    assert flood.spans > 0.95 * RATE * SECONDS
    assert late[-1][1] < late[0][1] * 1.2 + 50
    assert max(parts for _, _, parts in samples) < 300
