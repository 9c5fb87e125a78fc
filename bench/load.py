"""Load from one process: closed loop (send as soon as answered), open loop (send when due), and waiting until all is readable."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.client import Connection
from bench.targets import Target
from bench.workload import Corpus, Request

CONNECTIONS = 8
BUSY = (429, 503)  # the server asks to come again
COME_AGAIN_S = 0.1


@dataclass
class Sent:
    """What became of the requests; times in seconds."""

    begun: float = field(default_factory=time.perf_counter)
    ended: float = 0.0
    spans: int = 0
    bytes: int = 0
    latencies: list[float] = field(default_factory=list)  # of accepted tries, from send or from when it was due
    freshness: list[float] = field(default_factory=list)  # from when it was due until its last trace was complete
    stale: int = 0  # probes that gave up
    refused: int = 0  # tries the server pushed back
    errors: list[str] = field(default_factory=list)
    last: tuple[str, int] = ("", 0)

    @property
    def seconds(self) -> float:
        """From the first send to the last answer."""
        return self.ended - self.begun

    @property
    def rate(self) -> float:
        """Accepted spans per second."""
        return self.spans / self.seconds if self.ended else 0.0


def percentile(values: list[float], part: float) -> float:
    """Interpolated; 0 without values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    at = (len(ordered) - 1) * part
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def milliseconds(values: list[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds."""
    return {f"p{round(part * 100)}": round(percentile(values, part) * 1000, 1) for part in (0.5, 0.95, 0.99)}


class Sender:
    """Sends requests of a corpus to a target and books what it answers."""

    def __init__(self, target: Target, corpus: Corpus) -> None:
        self._target, self._corpus = target, corpus
        self._route = target.route(corpus.form)
        self.sent = Sent()

    async def closed(self, spans: int) -> Sent:
        """Send that many spans over some connections, each sending again as soon as it is answered."""
        return await self._closed(self._corpus.take(spans))

    async def burst(self, seconds: float) -> Sent:
        """The same for a time."""
        return await self._closed(self._until(time.perf_counter() + seconds))

    def _until(self, end: float) -> Iterator[tuple[Request, int]]:
        while time.perf_counter() < end:
            yield self._corpus.next()

    async def _closed(self, requests: Iterator[tuple[Request, int]]) -> Sent:
        self.sent = Sent()
        await asyncio.gather(*(self._serve(requests) for _ in range(CONNECTIONS)))
        return self.sent

    async def _serve(self, requests: Iterator[tuple[Request, int]]) -> None:
        connection = self._target.connect()
        for request, round_ in requests:
            await self._post(connection, request, round_)
        connection.close()

    async def _post(self, connection: Connection, request: Request, round_: int, due: float = 0.0) -> None:
        """One request, again while the server asks for that; latency counts from `due`, else from the accepted try."""
        body = request.body(round_)
        while True:
            begun = time.perf_counter()
            try:
                status, answer = await connection.request("POST", self._route.path, body, self._route.content_type)
            except OSError as error:
                self.sent.errors.append(type(error).__name__)
                return
            if status not in BUSY:
                break
            self.sent.refused += 1
            await asyncio.sleep(COME_AGAIN_S)
        self._book(request, round_, status, answer, time.perf_counter() - (due or begun))

    def _book(self, request: Request, round_: int, status: int, answer: bytes, latency: float) -> None:
        sent = self.sent
        if not self._target.took(status, answer):
            sent.errors.append(f"{status} {answer[:200].decode(errors='replace')}")
            return
        sent.ended = time.perf_counter()
        sent.latencies.append(latency)
        sent.spans += request.spans
        sent.bytes += len(request.template)
        sent.last = request.last_trace(round_)

    async def open(self, rate: float, seconds: float, probe_every: float = 0.5, give_up: float = 30.0) -> Sent:
        """Send at a steady rate of spans whatever the answers do; now and then watch until a request is readable."""
        self.sent = Sent()
        free: asyncio.Queue[Connection] = asyncio.Queue()
        for _ in range(4 * CONNECTIONS):
            free.put_nowait(self._target.connect())
        tasks: list[asyncio.Task[None]] = []
        due = self.sent.begun
        probe_at = due + probe_every / 2
        while due - self.sent.begun < seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            request, round_ = self._corpus.next()
            probed = due >= probe_at
            tasks.append(asyncio.create_task(self._one(free, request, round_, due, give_up if probed else 0.0)))
            probe_at += probe_every if probed else 0.0
            due += request.spans / rate
        await asyncio.gather(*tasks)
        while not free.empty():
            free.get_nowait().close()
        return self.sent

    async def _one(self, free: asyncio.Queue[Connection], request: Request, round_: int, due: float, give_up: float) -> None:
        connection = await free.get()
        try:
            await self._post(connection, request, round_, due)
        finally:
            free.put_nowait(connection)
        if give_up:
            await self._watch(request.last_trace(round_), due, give_up)

    async def _watch(self, trace: tuple[str, int], due: float, give_up: float) -> None:
        if await readable(self._target, trace, give_up):
            self.sent.freshness.append(time.perf_counter() - due)
        else:
            self.sent.stale += 1


async def readable(target: Target, trace: tuple[str, int], give_up: float) -> bool:
    """Wait until all spans of a trace can be read, asking ever less often; False after `give_up` seconds."""
    connection, begun = target.connect(), time.perf_counter()
    try:
        while (waited := time.perf_counter() - begun) < give_up:
            if await target.spans_of(connection, trace[0]) >= trace[1]:
                return True
            await asyncio.sleep(max(0.05, waited / 20))  # 5 % of the answer; a late server must not drown in questions
        return False
    finally:
        connection.close()


async def settled(target: Target, spans: int, give_up: float) -> int:
    """Wait until nothing waits and all spans can be counted; the count as last seen."""
    connection, end, seen = target.connect(), time.perf_counter() + give_up, 0
    try:
        while time.perf_counter() < end:
            if await target.backlog(connection) == 0:
                seen = await target.total(connection)
                if seen >= spans:
                    break
            await asyncio.sleep(target.poll_s)
        return seen
    finally:
        connection.close()
