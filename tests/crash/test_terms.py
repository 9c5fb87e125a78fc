"""SIGTERM under load, as a deployment sends it: a worker finishes or gives back what it holds, and nothing is lost or there twice."""

import signal
import time
from typing import Any

import psutil
import pytest

from langfuse_app.features.ingest.repository_redis import LEASE_MS
from tests.crash.flood import Flood
from tests.crash.looking import Inside, until
from tests.crash.test_outages import complete, frozen
from tests.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

GRACE_S = 30.0  # what the supervisor gives a worker (runtime/supervisor.py)


def owners(inside: Inside) -> set[bytes]:
    """Tokens of the drains that hold shards."""
    with inside.redis() as client:
        keys: Any = list(client.scan_iter("*lease*"))
        return {token for token in client.mget(keys) if token} if keys else set()


def stopped(worker: psutil.Process) -> float:
    """Tell it to stop; how long it took. What it started has ended with it."""
    family, started = [worker, *worker.children(recursive=True)], time.monotonic()
    worker.send_signal(signal.SIGTERM)
    _, alive = psutil.wait_procs(family, timeout=GRACE_S)
    assert alive == []
    return time.monotonic() - started


def test_a_worker_that_is_told_to_stop(product: Product, inside: Inside, figures: dict[str, Any]) -> None:
    seconds: list[float] = []
    with Flood(product.url, 1_500) as flood:
        until(lambda: flood.spans > 1_500, 30, "no spans are taken")
        for _ in range(2):
            until(lambda: bool(owners(inside)), 30, "nobody drains")
            before = owners(inside)
            seconds += [stopped(worker) for worker in product.roles()["worker"] if "cli" in " ".join(worker.cmdline())]
            assert not owners(inside) & before  # the next one need not wait until the leases end by themselves
            until(lambda: "worker" in product.roles(), 30, "no worker was started again")
    figures |= {"spans": flood.spans, "stopped after s": max(seconds)}
    complete(inside, flood)
    assert set(flood.statuses) == {200}, flood.statuses
    assert max(seconds) < LEASE_MS / 1000


@pytest.mark.long
def test_a_worker_that_is_told_to_stop_while_clickhouse_stands_still(product: Product, inside: Inside, figures: dict[str, Any]) -> None:
    """It cannot finish its batch; whoever comes next does."""
    with Flood(product.url, 600) as flood:
        until(lambda: flood.spans > 600, 30, "no spans are taken")
        with frozen(product, "clickhouse"):
            time.sleep(2)
            [worker, *_] = product.roles()["worker"]
            seconds = stopped(worker)
            taken = flood.spans
            until(lambda: flood.spans > taken + 300, 30, "no spans are taken meanwhile")
    figures |= {"spans": flood.spans, "stopped after s": seconds}
    complete(inside, flood)
    assert set(flood.statuses) == {200}, flood.statuses


def test_the_whole_product_is_told_to_stop(product: Product, inside: Inside, figures: dict[str, Any]) -> None:
    with Flood(product.url, 600) as flood:
        until(lambda: flood.spans > 1_000, 30, "no spans are taken")
        started = time.monotonic()
        assert product.process
        product.process.send_signal(signal.SIGTERM)
        code = product.process.wait(2 * GRACE_S)
        seconds = time.monotonic() - started
    product.start(120)
    figures |= {"spans": flood.spans, "stopped after s": seconds}
    complete(inside, flood)
    assert code == 0
    assert {200} <= set(flood.statuses) <= {200, 503, "ConnectError", "ReadError", "RemoteProtocolError"}, flood.statuses
