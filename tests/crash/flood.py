"""Spans at a steady rate over protobuf, and what was acknowledged of them. A span that was refused comes again, as SDKs do it."""

import threading
import time
import uuid
from collections import Counter

import httpx

from tests.otlp import encode_proto, export, span
from tests.product import PUBLIC_KEY, SECRET_KEY

SPANS = 50  # of a request, which is a trace
_MARK = "0af7651916cd43dd8448eb211c80319c"


def _template(payload: int) -> bytes:
    attributes = {"langfuse.observation.input": "lorem ipsum " * (payload // 12), "langfuse.environment": "flood"}
    spans = [span(attributes, traceId=_MARK, spanId=f"{number:016x}", name="work") for number in range(1, SPANS + 1)]
    return encode_proto(export(*spans))


class Flood:
    """Threads that send `rate` spans a second until told to stop."""

    def __init__(
        self, url: str, rate: float, payload: int = 600, threads: int = 2, auth: tuple[str, str] = (PUBLIC_KEY, SECRET_KEY)
    ) -> None:
        self.acknowledged: dict[str, int] = {}
        self.statuses: Counter[int | str] = Counter()
        self._url, self._auth, self._every = url, auth, SPANS * threads / rate
        self._body, self._stop = _template(payload), threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def __enter__(self) -> "Flood":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    @property
    def spans(self) -> int:
        """How many were acknowledged."""
        return sum(list(self.acknowledged.values()))

    def _run(self) -> None:
        due = time.monotonic()
        with httpx.Client(base_url=self._url, auth=self._auth, timeout=15) as client:
            while not self._stop.is_set():
                self._deliver(client, uuid.uuid4().hex)
                due = max(due + self._every, time.monotonic() - 5)  # what was missed is made up for, within bounds
                self._stop.wait(max(0.0, due - time.monotonic()))

    def _deliver(self, client: httpx.Client, trace: str) -> None:
        ids = {bytes.fromhex(f"{number:016x}"): uuid.uuid4().bytes[:8] for number in range(1, SPANS + 1)}
        body = self._body.replace(bytes.fromhex(_MARK), bytes.fromhex(trace))
        for old, new in ids.items():
            body = body.replace(old, new)
        while not self._stop.is_set():
            status = self._send(client, body)
            self.statuses[status] += 1
            if status == 200:
                self.acknowledged[trace] = SPANS
                return
            self._stop.wait(0.3)

    @staticmethod
    def _send(client: httpx.Client, body: bytes) -> int | str:
        try:
            answer = client.post("/api/public/otel/v1/traces", content=body, headers={"Content-Type": "application/x-protobuf"})
        except httpx.HTTPError as error:
            return type(error).__name__
        if answer.status_code in (429, 503):
            assert int(answer.headers["retry-after"]) > 0
        return answer.status_code
