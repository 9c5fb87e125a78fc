"""The measurements, each a dict of figures with their units in the names."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any

from bench.load import Sender, Sent, milliseconds, settled
from bench.processes import Meter, Usage, folder_bytes
from bench.targets import Product, Target
from bench.workload import Corpus

Figures = dict[str, Any]
_REST_S = 1.0  # after all is readable, what still runs counts too


def starts(product: Product) -> Figures:
    """Start with an empty folder (tools and UI bundle are in the cache), stop, start again; the product runs afterwards."""
    first = product.start()
    begun = time.monotonic()
    product.stop()
    stopped = time.monotonic() - begun
    return {"first_s": round(first, 1), "stop_s": round(stopped, 1), "later_s": round(product.start(), 1)}


def idle(meter: Meter, seconds: float) -> Figures:
    """Memory of all processes and CPU while nothing happens."""
    meter.mark()
    time.sleep(seconds)
    usage = meter.read()
    memory = meter.memory()
    megabytes = {name: round(size / 1e6) for name, size in sorted(memory.items(), key=lambda item: -item[1])}
    return {"pss_mb": sum(megabytes.values()), "cpu_percent": round(100 * usage.cpu_s / usage.wall_s, 2), "pss_mb_by_role": megabytes}


def warm_up(target: Target, corpus: Corpus, spans: int, give_up: float = 120.0) -> int:
    """Lazy imports, first connections and price tables are not what is measured; spans readable afterwards."""

    async def run() -> int:
        sent = await Sender(target, corpus).closed(spans)
        return await settled(target, sent.spans, give_up)

    return asyncio.run(run())


def closed(target: Target, meter: Meter, corpus: Corpus, spans: int, before: int, give_up: float) -> Figures:
    """Send as fast as answers come, and wait until every span can be read."""
    return _to_the_end(target, meter, lambda: Sender(target, corpus).closed(spans), before, give_up)


def burst(target: Target, meter: Meter, corpus: Corpus, seconds: float, before: int, give_up: float) -> Figures:
    """The same for some seconds, whatever piles up behind."""
    return _to_the_end(target, meter, lambda: Sender(target, corpus).burst(seconds), before, give_up)


def _to_the_end(target: Target, meter: Meter, send: Callable[[], Awaitable[Sent]], before: int, give_up: float) -> Figures:
    async def run() -> tuple[Sent, int, float]:
        sent = await send()
        seen = await settled(target, before + sent.spans, give_up)
        readable = time.perf_counter() - sent.begun
        await asyncio.sleep(_REST_S)
        return sent, seen, readable

    meter.mark()
    sent, seen, readable = asyncio.run(run())
    return _sent(sent, meter.read()) | {
        "readable_s": round(readable, 2),
        "lag_s": round(readable - sent.seconds, 2),
        "sustained_spans_s": round(sent.spans / readable),
        "missing": before + sent.spans - seen,
        "readable_total": seen,
        "peak_pss_mb": round(meter.peak_pss / 1e6),
    }


def accepting(target: Target, meter: Meter, corpus: Corpus, seconds: float) -> Figures:
    """Acceptance alone, for a server that keeps nothing."""
    meter.mark()
    sent = asyncio.run(Sender(target, corpus).burst(seconds))
    return _sent(sent, meter.read())


def steady(target: Target, meter: Meter, corpus: Corpus, rate: float, seconds: float) -> Figures:
    """Open loop: latency of acceptance and time until readable, counted from when a request was due."""
    with _tab(target, seconds) as events:
        meter.mark()
        sent = asyncio.run(Sender(target, corpus).open(rate, seconds))
    fresh = {"freshness_ms": milliseconds(sent.freshness), "probes": len(sent.freshness), "stale": sent.stale}
    return _sent(sent, meter.read()) | fresh | {"ui_ms": events, "rate_spans_s": rate, "peak_pss_mb": round(meter.peak_pss / 1e6)}


@contextmanager
def _tab(target: Target, seconds: float) -> Generator[Figures]:
    """An open tab of the UI beside the load; what its events took is there when the load has ended."""
    tab = subprocess.Popen([sys.executable, "-m", "bench.tab", target.url, str(seconds)], stdout=subprocess.PIPE, text=True)
    events: Figures = {}
    try:
        yield events
        found = json.loads(tab.communicate(timeout=60)[0])
        events |= {name: milliseconds(times) for name, times in found.items()}
    finally:
        tab.kill()


def _sent(sent: Sent, usage: Usage) -> Figures:
    return {
        "spans": sent.spans,
        "accepted_spans_s": round(sent.rate),
        "accepted_mb_s": round(sent.bytes / 1e6 / max(1e-9, sent.seconds), 1),
        "latency_ms": milliseconds(sent.latencies),
        "cpu_s_per_1k": round(usage.per_thousand(sent.spans), 4),
        "cpu_s_per_1k_by_role": usage.roles_per_thousand(sent.spans),
        "cores": round(usage.cpu_s / usage.wall_s, 2),
        "load_cores": round(usage.client_s / usage.wall_s, 2),
        "other_cores": round(usage.others_s / usage.wall_s, 2),
        "pushed_back": sent.refused,
        "errors": len(sent.errors),
        "first_error": sent.errors[0] if sent.errors else "",
    }


def disk(product: Product, spans: int) -> Figures:
    """Bytes per span that ClickHouse's active parts, its whole folder and the raw log take."""
    tables = product.clickhouse_bytes()
    return {
        "clickhouse_bytes_per_span": round(sum(tables.values()) / spans),
        "by_table": {name: round(size / spans) for name, size in sorted(tables.items(), key=lambda item: -item[1]) if size / spans >= 1},
        "clickhouse_folder_bytes_per_span": round(folder_bytes(product.folder / "clickhouse") / spans),
        "raw_log_bytes_per_span": round(folder_bytes(product.raw_log) / spans),
    }
