"""Both ingestion endpoints against hostile requests: no 500, no sound event lost beside a bad one, memory flat, all readable."""

import os
import random
import time
import uuid
from typing import Any
from urllib.parse import quote

import httpx
import hypothesis
import hypothesis.strategies as st
import pytest

from tests.crash.looking import Inside, until
from tests.crash.mutations import OTLP, Hostile, make, protobuf
from tests.otlp import encode_proto, export, span
from tests.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
READS = (
    "/api/public/traces?fields=core,io,scores,observations,metrics&limit=100",
    "/api/public/observations?limit=100",
    "/api/public/v2/observations?limit=100&fields=core,basic,time,io,metadata,model,usage,prompt,metrics,trace_context",
    "/api/public/scores?limit=100",
    "/api/public/v2/scores?limit=100",
    "/api/public/v3/scores?limit=100",
    "/api/public/sessions?limit=100",
    "/api/public/ingestion-log?limit=500",
)


class Fuzz:
    """Sends, and remembers what sound siblings were taken."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.siblings: list[str] = []
        self.statuses: dict[int, int] = {}

    def send(self, hostile: Hostile) -> None:
        answer = self._client.post(hostile.path, content=hostile.body, headers=hostile.headers)
        status = answer.status_code
        self.statuses[status] = self.statuses.get(status, 0) + 1
        assert status in (200, 207, 400, 413), (status, answer.text[:300], hostile.path, hostile.headers, hostile.body[:2_000])
        if not hostile.sibling or status == 413:
            return
        if status == 207:
            assert f"{hostile.sibling}-e" in {one["id"] for one in answer.json()["successes"]}, (answer.text[:500], hostile.body[:2_000])
        if status in (200, 207):
            self.siblings.append(hostile.sibling)
        else:
            assert hostile.path == OTLP, (answer.text[:300], hostile.body[:2_000])  # a batch answers for each event alone

    def read_all(self) -> None:
        traces, *_ = [self._read(path) for path in READS]
        for row in traces["data"]:
            answer = self._client.get(f"/api/public/traces/{quote(row['id'], safe='')}")
            assert answer.status_code in (200, 400, 404), (row["id"], answer.status_code, answer.text[:500])

    def _read(self, path: str) -> Any:
        answer = self._client.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return answer.json()


def fuzz(product: Product, inside: Inside, figures: dict[str, Any], seconds: float) -> None:
    sound = encode_proto(export(*[span({"k": "v", "gen_ai.usage.input_tokens": 3}, spanId=f"{n:016x}") for n in range(1, 9)]))
    started, turn, memory = time.monotonic(), 0, 0.0
    with product.client(timeout=30) as client:
        run = Fuzz(client)

        @hypothesis.settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck))
        @hypothesis.given(VALUES, st.integers(0, 2**32))
        def batch(value: Any, number: int) -> None:
            pick = random.Random(number)
            run.send(make(pick, value))
            if number % 3 == 0:
                run.send(protobuf(pick, sound))

        while time.monotonic() - started < seconds:
            hypothesis.seed(turn)(batch)()
            turn += 1
            if not memory and time.monotonic() - started > seconds / 3:
                memory = inside.megabytes()
            if turn % 5 == 0:
                run.read_all()
        inside.drained(120)
        run.read_all()
        growth = inside.megabytes() - memory
        figures |= {
            "requests": sum(run.statuses.values()),
            "answers": run.statuses,
            "siblings": len(run.siblings),
            "memory growth MB": growth,
        }
        stored: dict[str, int] = {}

        def all_there() -> bool:
            stored.update(inside.spans_by_trace())
            return all(stored.get(trace) for trace in run.siblings)

        until(all_there, 30, "sound siblings are missing")
        dead = client.get("/health/queues").json()["ingestion"]["deadLetters"]
    assert dead == 0
    assert growth < 250
    assert len(run.siblings) > 50


def test_a_minute_of_hostile_requests(product: Product, inside: Inside, figures: dict[str, Any]) -> None:
    fuzz(product, inside, figures, float(os.environ.get("FUZZ_SECONDS", "60")))


@pytest.mark.long
def test_ten_minutes_of_hostile_requests(product: Product, inside: Inside, figures: dict[str, Any]) -> None:
    fuzz(product, inside, figures, float(os.environ.get("FUZZ_SECONDS", "600")))


def test_a_trace_of_thirty_thousand_spans_in_pieces(product: Product, inside: Inside, figures: dict[str, Any]) -> None:
    trace, piece = uuid.uuid4().hex, 1_500
    started = time.monotonic()
    with product.client(timeout=60) as client:
        for start in range(0, 30_000, piece):
            spans = [
                span(traceId=trace, spanId=f"{number + 1:016x}", parentSpanId=f"{number // 2:016x}" if number > 1 else "")
                for number in range(start, start + piece)
            ]
            body = encode_proto(export(*spans))
            assert client.post(OTLP, content=body, headers={"Content-Type": "application/x-protobuf"}).status_code == 200
        until(lambda: inside.spans_by_trace().get(trace) == 30_000, 60, "not all spans are there")
        figures["readable after s"] = time.monotonic() - started
        answer = client.get(f"/api/public/v2/observations?traceId={trace}&limit=1000&fields=core")
        assert (answer.status_code, len(answer.json()["data"])) == (200, 1000)
