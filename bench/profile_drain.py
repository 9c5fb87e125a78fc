"""Where the CPU goes: acceptance and drain in this process, over real engines, without a socket.

python -m bench.profile_drain --form otlp --spans 20000
"""

import argparse
import asyncio
import gc
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from bench.client import basic
from bench.processes import Meter, probe
from bench.sampling import sampled
from bench.targets import PUBLIC_KEY, SECRET_KEY, free_port
from bench.workload import Corpus, route
from langfuse_app.core.settings import get_settings
from langfuse_app.runtime.embedded import start_engines

_PIECE = 64 * 1024  # bytes


def _prepare(folder: Path, environment: dict[str, str]) -> None:
    os.environ |= environment | {
        "LANGFUSE_DATA_DIR": str(folder),
        "SALT": "bench",
        "ENCRYPTION_KEY": "0" * 64,
        "NEXTAUTH_SECRET": "bench",
        "PORT": str(free_port()),
        "LANGFUSE_INIT_ORG_ID": "bench-org",
        "LANGFUSE_INIT_PROJECT_ID": "bench-project",
        "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": PUBLIC_KEY,
        "LANGFUSE_INIT_PROJECT_SECRET_KEY": SECRET_KEY,
    }
    get_settings.cache_clear()
    from langfuse_app.runtime.prepare import prepare

    prepare()


class Road:
    """The main road without its socket."""

    def __init__(self, corpus: Corpus) -> None:
        from langfuse_app.api.app import create_app
        from worker.ingestion import Drain

        self._corpus, self._route = corpus, route(corpus.form)
        self._app: Any = create_app()
        self._drain = Drain()
        self.accept_cpu = 0.0

    def accept(self, spans: int) -> int:
        """Accept requests with that many spans, eight at a time; spans accepted."""
        from langfuse_app.stores.redis import aredis

        async def serve(requests: list[bytes]) -> None:
            for body in requests:
                await self._send(body)

        async def run() -> int:
            taken = [(request.spans, bytes(request.body(round_))) for request, round_ in self._corpus.take(spans)]
            begun = time.process_time()
            await asyncio.gather(*(serve([body for _, body in taken[number::8]]) for number in range(8)))
            self.accept_cpu = time.process_time() - begun
            await aredis().aclose()
            return sum(count for count, _ in taken)

        return asyncio.run(run())

    async def _send(self, body: bytes) -> None:
        """One request through the ASGI app of the REST edge, its body in pieces as a server hands it on."""
        where = self._route
        headers = {"content-type": where.content_type, "content-length": str(len(body)), **basic(PUBLIC_KEY, SECRET_KEY)}
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": where.path,
            "raw_path": where.path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        pieces = [body[at : at + _PIECE] for at in range(0, len(body), _PIECE)][::-1]
        status: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": pieces.pop(), "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            status.append(message.get("status", 0))

        await self._app(scope, receive, send)
        if status[0] not in (200, 207):
            raise RuntimeError(f"refused with {status[0]}")

    def drain(self) -> None:
        """Take batches until nothing waits."""
        from langfuse_app.features.ingest import repository_redis as streams

        while any(streams.lengths().values()):
            self._drain._hold()  # pyright: ignore[reportPrivateUsage] - ticks without the pauses between them
            self._drain._tick()  # pyright: ignore[reportPrivateUsage]


def _plain(road: Road, spans: int) -> str:
    with Meter(os.getpid()) as meter:
        count = road.accept(spans)
        meter.mark()
        begun = time.process_time()
        road.drain()
        drained, all_of_it = time.process_time() - begun, meter.read()
    beside = {role: cost for role, cost in all_of_it.roles_per_thousand(count).items() if role in ("clickhouse", "postgres", "redis")}
    return (
        f"CPU s / 1 000 spans: accept {road.accept_cpu / count * 1000:.4f}, drain {drained / count * 1000:.4f}, meanwhile {beside}; "
        f"drain alone {count / all_of_it.wall_s:,.0f} spans/s"
    )


def _sampled(work: Callable[[], object], spans: int, title: str) -> str:
    with sampled() as samples:
        work()
    return f"\n=== {title}, per span\n{samples.report(spans)}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--form", default="otlp")
    parser.add_argument("--spans", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    uvloop.install()
    gc.freeze()  # as a worker does it
    gc.set_threshold(100_000, 20, 100)
    corpus = Corpus(options.form, 20_000)
    with tempfile.TemporaryDirectory(prefix="langfuse-app-profile-") as folder, start_engines(Path(folder)) as urls:
        _prepare(Path(folder), urls.environment())
        road = Road(corpus)
        road.accept(1_000)
        road.drain()
        for _ in range(options.rounds):
            print(_plain(road, options.spans), flush=True)
        print(f"probe {probe():.1f} ms (the same work on an idle machine tells how much these figures are inflated)")
        print(_sampled(lambda: road.accept(options.spans), options.spans, "acceptance"))
        print(_sampled(road.drain, options.spans, "drain"))


if __name__ == "__main__":
    main()
