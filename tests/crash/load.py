"""A running load that remembers what was acknowledged: JSON batches with later updates, and OTLP exports."""

import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.product import PUBLIC_KEY, SECRET_KEY


@dataclass
class Acknowledged:
    """What the server took: trace → observations, scores → trace, generations whose update it took."""

    observations: dict[str, set[str]] = field(default_factory=dict)
    scores: dict[str, str] = field(default_factory=dict)
    updated: dict[str, str] = field(default_factory=dict)
    requests: int = 0
    refused: int = 0


def _event(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "timestamp": _now(), "type": kind, "body": body}


def _now() -> str:
    return datetime.now(UTC).isoformat()


class Load:
    """A few threads that post until told to stop."""

    def __init__(self, url: str, threads: int = 3, pause: float = 0.02) -> None:
        self.acknowledged = Acknowledged()
        self._url, self._pause = url, pause
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(threads)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, number: int) -> None:
        with httpx.Client(base_url=self._url, auth=(PUBLIC_KEY, SECRET_KEY), timeout=10) as client:
            turn = 0
            while not self._stop.is_set():
                turn += 1
                try:
                    self._otlp(client) if (turn + number) % 3 == 0 else self._json(client)
                except httpx.HTTPError:
                    self._count(refused=True)
                    time.sleep(0.2)
                time.sleep(self._pause)

    def _count(self, *, refused: bool) -> None:
        with self._lock:
            if refused:
                self.acknowledged.refused += 1
            else:
                self.acknowledged.requests += 1

    def _json(self, client: httpx.Client) -> None:
        trace, span, generation, score = (str(uuid.uuid4()) for _ in range(4))
        created = [
            _event("trace-create", {"id": trace, "name": "crash", "timestamp": _now(), "sessionId": "s1", "tags": ["load"]}),
            _event("span-create", {"id": span, "traceId": trace, "name": "step", "startTime": _now()}),
            _event(
                "generation-create",
                {
                    "id": generation,
                    "traceId": trace,
                    "parentObservationId": span,
                    "name": "answer",
                    "model": "gpt-4o",
                    "startTime": _now(),
                    "input": "question",
                },
            ),
            _event("score-create", {"id": score, "traceId": trace, "name": "quality", "value": 0.5}),
        ]
        if not self._post(client, created):
            return
        with self._lock:
            self.acknowledged.observations[trace] = {span, generation}
            self.acknowledged.scores[score] = trace
        output = f"answer {generation}"
        update = _event(
            "generation-update",
            {"id": generation, "traceId": trace, "endTime": _now(), "output": output, "usage": {"input": 10, "output": 5}},
        )
        if self._post(client, [update]):
            with self._lock:
                self.acknowledged.updated[generation] = output

    def _post(self, client: httpx.Client, events: list[dict[str, Any]]) -> bool:
        answer = client.post("/api/public/ingestion", json={"batch": events})
        taken = answer.status_code == 207 and not answer.json()["errors"]
        self._count(refused=not taken)
        return taken

    def _otlp(self, client: httpx.Client) -> None:
        trace = uuid.uuid4().hex
        spans = [uuid.uuid4().hex[:16] for _ in range(8)]
        now = time.time_ns()
        body = {
            "resourceSpans": [
                {
                    "resource": {},
                    "scopeSpans": [{"scope": {"name": "load"}, "spans": [self._span(trace, id, spans[0], now) for id in spans]}],
                }
            ]
        }
        taken = client.post("/api/public/otel/v1/traces", json=body).status_code == 200
        self._count(refused=not taken)
        if taken:
            with self._lock:
                self.acknowledged.observations[trace] = set(spans)

    @staticmethod
    def _span(trace: str, id: str, root: str, now: int) -> dict[str, Any]:
        parent = {} if id == root else {"parentSpanId": root}
        return {
            "traceId": trace,
            "spanId": id,
            "name": "work",
            "startTimeUnixNano": str(now),
            "endTimeUnixNano": str(now + 5_000_000),
            "attributes": [],
            **parent,
        }


def missing(client: httpx.Client, acknowledged: Acknowledged) -> list[str]:
    """What is not there exactly once; empty when accepted = stored."""
    problems: list[str] = []
    stored, total = _stored(client)
    if len(stored) != total:
        problems.append(f"{total} traces are counted, {len(stored)} are different")
    for trace, observations in acknowledged.observations.items():
        found = stored.get(trace)
        if found is None:
            problems.append(f"trace {trace} is missing")
        elif sorted(found[0]) != sorted(observations):
            problems.append(f"trace {trace}: {len(found[0])} observations, {len(observations)} were acknowledged")
    for score, trace in acknowledged.scores.items():
        if score not in stored.get(trace, ([], []))[1]:
            problems.append(f"score {score} is missing")
    return problems + _outputs(client, acknowledged)


def _stored(client: httpx.Client) -> tuple[dict[str, tuple[list[str], list[str]]], int]:
    stored: dict[str, tuple[list[str], list[str]]] = {}
    page, total = 1, 0
    while True:
        answer = client.get("/api/public/traces", params={"page": page, "limit": 100, "fields": "core,observations,scores"})
        answer.raise_for_status()
        body = answer.json()
        total = body["meta"]["totalItems"]
        stored |= {row["id"]: (row["observations"], row["scores"]) for row in body["data"]}
        if page >= body["meta"]["totalPages"]:
            return stored, total
        page += 1


def _outputs(client: httpx.Client, acknowledged: Acknowledged) -> list[str]:
    found: dict[str, Any] = {}
    page = 1
    while True:
        body = client.get("/api/public/observations", params={"page": page, "limit": 100, "type": "GENERATION"}).raise_for_status().json()
        for row in body["data"]:
            if row["id"] in found:
                return [f"generation {row['id']} is there twice"]
            found[row["id"]] = row["output"]
        if page >= body["meta"]["totalPages"]:
            break
        page += 1
    return [f"generation {id}: the update is lost" for id, output in acknowledged.updated.items() if found.get(id) != output]
