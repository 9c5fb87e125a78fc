"""`python -m bench.queries`: what readers wait for, on a million spans, over HTTP; p50 and p95 beside what is promised.

The product is started in a folder of its own, filled (bench/fill.py), and started again: the first answer of each kind counts as
well. Then all kinds are asked in turn, with other values each time, so that no answer is one that was given before.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench import fill
from bench.client import Connection
from bench.fill import Filled
from bench.targets import Product

OUT = Path(__file__).parent / "results" / "queries.json"
FIRST_MS = 1_000  # the most that the first answer after a start may take


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of question. path: of the n-th time; rows: the least and the most that the answer must hold; the promise in ms."""

    name: str
    path: Callable[[int], str]
    rows: tuple[int, int]
    p50: float
    p95: float


def _list(route: str, **params: Any) -> str:
    return f"/api/public/{route}?{urlencode({name: value for name, value in params.items() if value is not None})}"


def _condition(type: str, column: str, operator: str, value: Any, key: str = "") -> str:
    return json.dumps([{"type": type, "column": column, "operator": operator, "value": value, "key": key}])


def operations(filled: Filled) -> list[Operation]:
    """Everything that is asked."""
    chance = random.Random(7)
    week = (datetime.fromtimestamp(filled.end_us / 1e6, UTC) - timedelta(days=7)).isoformat()
    shown = "core,io,metrics"
    # a page is full where there is a month of traces, less in a short run
    some = (1, 50) if filled.traces > 10_000 else (0, 50)
    page = (50, 50) if filled.traces > 10_000 else some

    def traces(**params: Any) -> str:
        return _list("traces", limit=50, fields=shown, **params)

    def spans(text: str, **params: Any) -> str:
        return _list("v2/observations", limit=50, filter=_condition("string", "input", "contains", text), **params)

    def since(turn: int) -> str:
        """A week, another minute each time."""
        return (datetime.fromisoformat(week) - timedelta(minutes=turn)).isoformat()

    return [
        Operation("50 newest traces with costs", lambda _: traces(), page, 40, 100),
        Operation("traces of a user", lambda n: traces(userId=f"user-{1 + (n * 7) % 1998}"), some, 80, 200),
        Operation("traces of the heavy user", lambda _: traces(userId=fill.HEAVY_USER), page, 80, 200),
        Operation("traces with a tag", lambda n: traces(tags=f"tag-{n % 15}"), page, 80, 200),
        Operation("traces of a name", lambda n: traces(name=f"name-{n % 16}"), page, 80, 200),
        Operation(
            "traces by metadata",
            lambda n: traces(filter=_condition("stringObject", "metadata", "=", f"tenant-{n % 50}", "tenant")),
            page,
            80,
            200,
        ),
        Operation(
            "a trace of 58 spans", lambda _: f"/api/public/traces/{fill.trace_id(chance.randrange(filled.traces))}", (58, 58), 35, 70
        ),
        Operation("rare word in input", lambda _: spans(fill.RARE), page, 120, 250),
        Operation("7 days: rare word", lambda n: spans(fill.RARE, fromStartTime=since(n)), some, 150, 300),
        Operation("7 days: Chinese", lambda n: spans(fill.CHINESE, fromStartTime=since(n)), some, 150, 300),
        Operation("7 days: two words, one rare", lambda n: spans(f" {fill.RARE} ", fromStartTime=since(n)), some, 150, 300),
        Operation("7 days: common words", lambda n: spans(fill.COMMON, fromStartTime=since(n)), page, 750, 1_500),
        Operation("count", lambda n: _list("observations", limit=1, fromStartTime=since(n)), (1, 1), 20, 40),
        Operation("count, by metrics", lambda n: _metric(filled, n, _measure("count", "count")), (1, 1), 20, 40),
        Operation("p95 latency", lambda n: _metric(filled, n, _measure("latency", "p95")), (1, 1), 30, 60),
        Operation(
            "cost per model per day", lambda n: _metric(filled, n, _measure("totalCost", "sum"), "providedModelName"), (1, 500), 60, 120
        ),
    ]


def _measure(measure: str, aggregation: str) -> dict[str, str]:
    return {"measure": measure, "aggregation": aggregation}


def _metric(filled: Filled, turn: int, metric: dict[str, str], dimension: str = "") -> str:
    """Thirty days of observations; with a dimension, by it and by day."""
    end = datetime.fromtimestamp(filled.end_us / 1e6, UTC) - timedelta(minutes=turn)
    query: dict[str, Any] = {"view": "observations", "metrics": [metric], "filters": []}
    query |= {"fromTimestamp": (end - timedelta(days=30)).isoformat(), "toTimestamp": end.isoformat()}
    if dimension:
        query |= {"dimensions": [{"field": dimension}], "timeDimension": {"granularity": "day"}}
    return _list("metrics", query=json.dumps(query))


async def measure(product: Product, filled: Filled, turns: int) -> list[dict[str, Any]]:
    """First and later answers of every operation."""
    connection = product.connect()
    asked = operations(filled)
    first = {operation.name: await _ask(connection, operation, 0) for operation in asked}
    later: dict[str, list[float]] = {operation.name: [] for operation in asked}
    for turn in range(1, turns + 1):
        for operation in asked:
            later[operation.name].append(await _ask(connection, operation, turn))
    return [_figures(operation, first[operation.name], sorted(later[operation.name])) for operation in asked]


async def _ask(connection: Connection, operation: Operation, turn: int) -> float:
    """Milliseconds of one answer, which must be a right one."""
    path = operation.path(turn)
    begun = time.perf_counter()
    status, body = await connection.request("GET", path)
    took = (time.perf_counter() - begun) * 1_000
    answer = json.loads(body)
    rows = len(answer.get("data", answer.get("observations", ()))) if status == 200 else -1
    if not operation.rows[0] <= rows <= operation.rows[1]:
        raise RuntimeError(f"{operation.name}: {status}, {rows} rows for {path}: {body[:300]!r}")
    return took


def _figures(operation: Operation, first: float, later: list[float]) -> dict[str, Any]:
    p50, p95 = later[len(later) // 2], later[min(len(later) - 1, int(len(later) * 0.95))]
    kept = p50 <= operation.p50 and p95 <= operation.p95 and first <= FIRST_MS
    return {
        "name": operation.name,
        "first_ms": round(first),
        "p50_ms": round(p50, 1),
        "p95_ms": round(p95, 1),
        "promised": [operation.p50, operation.p95],
        "kept": kept,
    }


def filled(product: Product, spans: int) -> Filled:
    """Fill the running product's stores."""
    os.environ |= json.loads((product.folder / "run.json").read_text())["environment"]
    from langfuse_app.core.settings import get_settings

    get_settings.cache_clear()
    return fill.fill(spans)


def run(spans: int, turns: int, folder: Path) -> dict[str, Any]:
    """The whole run in a folder that may be thrown away afterwards."""
    product = Product(folder)
    try:
        product.start()
        begun = time.monotonic()
        content = filled(product, spans)
        took = time.monotonic() - begun
        product.stop()
        product.start()
        return {"spans": content.spans, "fill_s": round(took, 1), "operations": asyncio.run(measure(product, content, turns))}
    finally:
        product.stop()


def render(results: dict[str, Any]) -> str:
    """The table."""
    lines = [f"{results['spans']:,} spans, written in {results['fill_s']} s", ""]
    lines.append(f"{'question':<32}{'first':>8}{'p50':>9}{'p95':>9}   promised p50 / p95, ms")
    for row in results["operations"]:
        p50, p95 = row["promised"]
        mark = "" if row["kept"] else "  ✗"
        lines.append(f"{row['name']:<32}{row['first_ms']:>8}{row['p50_ms']:>9.1f}{row['p95_ms']:>9.1f}   {p50:g} / {p95:g}{mark}")
    return "\n".join(lines)


def main() -> None:
    """Fill, measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m bench.queries", description=__doc__)
    parser.add_argument("--spans", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=20, help="how often each question is asked")
    parser.add_argument("--out", type=Path, default=OUT, help="JSON with all figures")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="langfuse-app-bench-") as folder:
        print("· filling", file=sys.stderr, flush=True)
        results = run(asked.spans, asked.turns, Path(folder))
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(results, indent=1) + "\n")
    print(render(results))


if __name__ == "__main__":
    main()
