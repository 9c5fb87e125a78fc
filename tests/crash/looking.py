"""A look inside a running product, past its API: its stores' counts, its memory."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import psutil
import redis as redis_py

from bench.processes import pss
from tests.product import Product

# Acknowledged spans that are not stored, stored ones without a ledger outcome, and rows that are there twice.
_MISSING = "SELECT count() FROM (SELECT arrayJoin(entity_ids) AS id FROM ingestion_log FINAL) WHERE id NOT IN (SELECT id FROM observations)"
_UNTOLD = "SELECT count() FROM observations WHERE id NOT IN (SELECT arrayJoin(entity_ids) FROM ingestion_log)"
_TWICE = "SELECT count() FROM (SELECT trace_id, id FROM observations FINAL GROUP BY trace_id, id HAVING count() > 1)"


class Inside:
    """The engines of a product that was started here."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def _environment(self) -> dict[str, str]:
        return json.loads((self._product.data_dir / "run.json").read_text())["environment"]

    def sql(self, statement: str) -> list[dict[str, Any]]:
        """Rows of a ClickHouse statement."""
        known = self._environment()
        auth = (known["CLICKHOUSE_USER"], known["CLICKHOUSE_PASSWORD"])
        answer = httpx.post(
            known["CLICKHOUSE_URL"], content=statement + " FORMAT JSONEachRow", auth=auth, params={"database": "langfuse"}, timeout=60
        )
        assert answer.status_code == 200 or answer.status_code >= 502, answer.text[:500]
        answer.raise_for_status()
        return [json.loads(line) for line in answer.text.splitlines()]

    def count(self, statement: str) -> int:
        """The one number of a statement."""
        return int(next(iter(self.sql(statement)[0].values())))

    def spans_by_trace(self) -> dict[str, int]:
        """How many spans each trace has."""
        rows = self.sql("SELECT trace_id, count() AS spans FROM observations FINAL GROUP BY trace_id")
        return {row["trace_id"]: int(row["spans"]) for row in rows}

    def problems(self, acknowledged: dict[str, int]) -> list[str]:
        """What breaks invariant 1 for these traces (id → spans); empty when accepted = stored, once, and the ledger complete."""
        stored = self.spans_by_trace()
        wrong = [
            f"trace {trace}: {stored.get(trace, 0)} of {spans} spans" for trace, spans in acknowledged.items() if stored.get(trace) != spans
        ]
        checks = {"are missing": _MISSING, "are not in the ledger": _UNTOLD, "are there twice": _TWICE}
        return wrong[:5] + [f"{count} spans {what}" for what, sql in checks.items() if (count := self.count(sql))]

    def redis(self) -> redis_py.Redis:
        """A client of the product's Redis."""
        return redis_py.Redis.from_url(self._environment()["REDIS_CONNECTION_STRING"])  # pyright: ignore[reportUnknownMemberType]

    def redis_megabytes(self) -> float:
        """What Redis says that it uses."""
        with self.redis() as client:
            return client.info("memory")["used_memory"] / 2**20  # pyright: ignore[reportIndexIssue, reportUnknownVariableType]

    def backlog(self) -> int:
        """Entries that wait."""
        return sum(httpx.get(f"{self._product.url}/health/queues", timeout=10).json()["ingestion"]["backlog"].values())

    def drained(self, seconds: float) -> float:
        """Wait until nothing waits; how long that took."""
        return until(lambda: self.backlog() == 0, seconds, "the backlog did not drain")

    def megabytes(self) -> float:
        """Proportional memory of every process of the product."""
        root = psutil.Process(self._product.process.pid if self._product.process else 0)
        return sum(pss(process.pid) for process in [root, *root.children(recursive=True)]) / 2**20


def until(true: Callable[[], bool], seconds: float, complaint: str) -> float:
    """Ask four times a second until it is true; how long that took."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        try:
            if true():
                return time.monotonic() - started
        except (httpx.HTTPError, KeyError):
            pass  # not there yet
        time.sleep(0.25)
    raise AssertionError(f"{complaint} within {seconds:.0f} s")
