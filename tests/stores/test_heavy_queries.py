"""Heavy queries end at their limits with 422, and a project that asks for much never holds up another."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from langfuse_app.core.errors import QueryTooHeavyError
from langfuse_app.core.settings import get_settings
from langfuse_app.stores import clickhouse, turns


@pytest.mark.parametrize(
    ("settings", "sql"),
    [
        ({"max_execution_time": 1}, "SELECT count() AS n FROM numbers(100000000000) WHERE sipHash64(number) = 1"),
        ({"max_memory_usage": 10_000_000}, "SELECT groupArray(number) AS n FROM numbers(100000000)"),
    ],
)
def test_limits_answer_422_with_advice(engines: object, settings: dict[str, int], sql: str) -> None:
    with pytest.raises(QueryTooHeavyError, match="narrow the time range") as refusal:
        clickhouse.query(sql, settings=settings)
    assert refusal.value.status == 422
    assert refusal.value.body()["error"] == "Request timed out"


def test_a_busy_project_holds_up_nobody(engines: object, monkeypatch: pytest.MonkeyPatch) -> None:
    most = get_settings().LANGFUSE_QUERY_MAX_PARALLEL
    release, refused = threading.Event(), threading.Semaphore(0)

    def busy() -> bool:
        try:
            with turns.taken("busy"):
                release.wait(20)
        except QueryTooHeavyError:
            refused.release()
            return False
        return True

    with ThreadPoolExecutor(most * 5) as pool:
        running = [pool.submit(busy) for _ in range(most * 5)]
        for _ in range(most):
            assert refused.acquire(timeout=10)  # the line is full
        begun = time.monotonic()
        assert clickhouse.query("SELECT 1 AS n", {"project_id": "quiet"}) == [{"n": 1}]
        assert time.monotonic() - begun < 5
        release.set()
        assert sum(one.result() for one in running) == most * 4
    with turns.taken("busy"):
        assert True


def test_impatience(monkeypatch: pytest.MonkeyPatch, engines: object) -> None:
    monkeypatch.setattr(turns, "_PATIENCE_S", 0.05)
    most = get_settings().LANGFUSE_QUERY_MAX_PARALLEL

    def hold(depth: int) -> None:
        with turns.taken("deep"):
            if depth:
                hold(depth - 1)

    hold(most - 1)
    with pytest.raises(QueryTooHeavyError, match="send fewer in parallel"):
        hold(most)
    hold(most - 1)
