"""`python -m bench.queries`: what readers wait for, on a million spans, over HTTP; p50 and p95 beside what is promised.

The product is started in a folder of its own, filled (bench/fill.py), and started again: the first answer of each kind counts as
well. Then all kinds are asked in turn, with other values than the last time, so that no answer is one that was just given. After another
start prompts are read by label. With --peers the same questions go to others too, on as many spans as those can take.
"""

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvloop

from bench import fill
from bench.client import Connection
from bench.fill import Filled
from bench.peer_targets import PEERS, Peer, chosen
from bench.reads import beside, paths, prompts
from bench.reads.asking import Call, Rows, WrongAnswerError, listed, shares, timed
from bench.reads.known import Read
from bench.run import machine, say
from bench.targets import Product

OUT = Path(__file__).parent / "results" / "queries.json"
BIG = "a trace of 58 spans"
READS_PER_TURN = 25  # of prompts, per number of clients and state of the cache
FIRST_MS = 1_000  # the most that the first answer after a start may take


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of question. path: of the n-th time; rows: the least and the most that the answer must hold; the promise in ms."""

    name: str
    path: Callable[[int], str]
    rows: tuple[int, int]
    p50: float
    p95: float
    counted: Rows = listed


def operations(filled: Filled) -> list[Operation]:
    """Everything that is asked."""
    chance = random.Random(7)
    end = datetime.fromtimestamp(filled.end_us / 1e6, UTC)
    # a page is full where there is a month of traces, less in a short run
    some = (1, 50) if filled.traces > 10_000 else (0, 50)
    page = (50, 50) if filled.traces > 10_000 else some

    def since(turn: int) -> datetime:
        """A week, another minute each time."""
        return end - timedelta(days=7, minutes=turn)

    def month(turn: int) -> tuple[datetime, datetime]:
        """Thirty days, likewise."""
        return end - timedelta(days=30, minutes=turn), end - timedelta(minutes=turn)

    def any_trace(_: int) -> str:
        return paths.trace(fill.trace_id(chance.randrange(filled.traces)))

    def costs(turn: int) -> str:
        return paths.metric("totalCost", "sum", month(turn), "providedModelName")

    return [
        Operation(Read.NEWEST, lambda _: paths.traces(), page, 40, 100),
        Operation(Read.USER, lambda n: paths.traces(userId=f"user-{1 + (n * 7) % 1998}"), some, 80, 200),
        Operation("traces of the heavy user", lambda _: paths.traces(userId=fill.HEAVY_USER), page, 80, 200),
        Operation(Read.TAG, lambda n: paths.traces(tags=f"tag-{n % 15}"), page, 80, 200),
        Operation(Read.NAME, lambda n: paths.traces(name=f"name-{n % 16}"), page, 80, 200),
        Operation(Read.METADATA, lambda n: paths.tenant(f"tenant-{n % 50}"), page, 80, 200),
        Operation(BIG, any_trace, (58, 58), 35, 70, lambda answer: len(answer["observations"])),
        Operation(Read.RARE, lambda _: paths.containing(fill.RARE), page, 120, 250),
        Operation("7 days: rare word", lambda n: paths.containing(fill.RARE, since(n)), some, 150, 300),
        Operation(Read.CHINESE, lambda n: paths.containing(fill.CHINESE, since(n)), some, 150, 300),
        Operation("7 days: two words, one rare", lambda n: paths.containing(f" {fill.RARE} ", since(n)), some, 150, 300),
        Operation(Read.COMMON, lambda n: paths.containing(fill.COMMON, since(n)), page, 750, 1_500),
        Operation(Read.COUNT, lambda n: paths.counted(since(n)), (1, 1), 20, 40),
        Operation("count, by metrics", lambda n: paths.metric("count", "count", month(n)), (1, 1), 20, 40),
        Operation(Read.LATENCY, lambda n: paths.metric("latency", "p95", month(n)), (1, 1), 30, 60),
        Operation(Read.COST, costs, (1, 500), 60, 120),
    ]


async def measure(product: Product, filled: Filled, turns: int) -> list[dict[str, Any]]:
    """First and later answers of every operation."""
    connection = product.connect()
    asked = operations(filled)
    first = {operation.name: await _ask(connection, operation, 0) for operation in asked}
    later: dict[str, list[float]] = {operation.name: [] for operation in asked}
    for turn in range(1, turns + 1):
        for operation in asked:
            later[operation.name].append(await _ask(connection, operation, turn))
    return [_figures(operation, first[operation.name], later[operation.name]) for operation in asked]


async def _ask(connection: Connection, operation: Operation, turn: int) -> float:
    """Milliseconds of one answer, which must be a right one."""
    path = operation.path(turn)
    took, rows = await timed(connection, Call(path, operation.counted))
    if not operation.rows[0] <= rows <= operation.rows[1]:
        raise WrongAnswerError(f"{operation.name}: {rows} rows for {path}")
    return took


def _figures(operation: Operation, first: float, later: list[float]) -> dict[str, Any]:
    took = shares(later, 0.5, 0.95)
    kept = took["p50_ms"] <= operation.p50 and took["p95_ms"] <= operation.p95 and first <= FIRST_MS
    return {"name": operation.name, "first_ms": round(first), **took, "promised": [operation.p50, operation.p95], "kept": kept}


def filled(product: Product, spans: int) -> Filled:
    """Fill the running product's stores."""
    os.environ |= json.loads((product.folder / "run.json").read_text())["environment"]
    from langfuse_app.core.settings import get_settings

    get_settings.cache_clear()
    return fill.fill(spans)


async def _write_prompts(product: Product) -> None:
    connection = product.connect()
    await prompts.write(connection)
    connection.close()


def run(spans: int, turns: int, folder: Path) -> dict[str, Any]:
    """This product alone, in a folder that may be thrown away afterwards."""
    product = Product(folder)
    try:
        say(f"filling {spans:,} spans")
        product.start()
        begun = time.monotonic()
        content = filled(product, spans)
        results: dict[str, Any] = {"machine": machine(), "spans": content.spans, "fill_s": round(time.monotonic() - begun, 1)}
        asyncio.run(_write_prompts(product))
        product.stop()
        product.start()
        say(f"{turns} turns of questions")
        results["operations"] = asyncio.run(measure(product, content, turns))
        product.stop()
        product.start()
        say("prompts by label")
        return results | {"prompts": prompts.measure(product, READS_PER_TURN * turns)}
    finally:
        product.stop()


def render(results: dict[str, Any]) -> str:
    """The tables."""
    about = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    lines = [f"{results['spans']:,} spans, written in {results['fill_s']} s; {about}", ""]
    lines.append(f"{'question':<32}{'first':>8}{'p50':>9}{'p95':>9}   promised p50 / p95, ms")
    for row in results["operations"]:
        p50, p95 = row["promised"]
        mark = "" if row["kept"] else "  ✗"
        lines.append(f"{row['name']:<32}{row['first_ms']:>8}{row['p50_ms']:>9.1f}{row['p95_ms']:>9.1f}   {p50:g} / {p95:g}{mark}")
    return "\n".join([*lines, "", prompts.render(results["prompts"])])


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m bench.queries", description=__doc__)
    parser.add_argument("--spans", type=int, default=1_000_000, help="20000 for a smoke test, whose figures mean nothing")
    parser.add_argument("--turns", type=int, default=40, help="how often each question is asked")
    parser.add_argument("--peers", type=_peers, default=[], metavar="NAMES", help=f"ask these too: {','.join(PEERS)}")
    parser.add_argument("--peer-spans", type=int, default=3_000, help="what everybody is asked about then")
    parser.add_argument("--out", type=Path, default=OUT, help="JSON with all figures")
    return parser.parse_args(arguments)


def _peers(names: str) -> list[type[Peer]]:
    try:
        return chosen(names)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def main() -> None:
    """Fill, measure, print, write."""
    asked = parse()
    uvloop.install()
    with tempfile.TemporaryDirectory(prefix="langfuse-app-bench-") as folder:
        results = run(asked.spans, asked.turns, Path(folder))
    _write(asked.out, results)
    print(render(results), flush=True)
    if asked.peers:
        results["beside"] = beside.measure(asked.peers, asked.peer_spans, asked.turns)
        _write(asked.out, results)
        print("\n" + beside.render(results["beside"], _by_read(results), results["spans"]))


def _by_read(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Figures of the large run by the questions that others are asked too; of prompts those of one client, warm."""
    rows: dict[str, dict[str, Any]] = {row["name"]: row for row in results["operations"]}
    rows[Read.TRACE], rows[Read.PROMPT] = rows[BIG], results["prompts"]["rows"][0]
    return rows


def _write(out: Path, results: dict[str, Any]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
