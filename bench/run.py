"""`make bench`: the product and the floor below it, in one run and under one load generator; prints a table.

Everything runs on this machine and on the loopback interface; the load is one process, so it never takes more than one core.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from bench import phases
from bench.phases import Figures
from bench.processes import Meter, probe
from bench.table import render
from bench.targets import Floor, Product, Target
from bench.workload import ENCODERS, Corpus

DEFAULT_OUT = Path(__file__).parent / "results" / "latest.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything."""

    spans: int = 200_000  # per format, in the closed loop
    corpus_spans: int = 40_000
    formats: tuple[str, ...] = ("otlp", "json")
    warm_spans: int = 2_000
    idle_s: float = 20.0
    settle_s: float = 10.0  # after a start, before idling is measured
    floor_s: float = 5.0
    burst_s: float = 10.0
    rate: float = 3_000.0
    steady_s: float = 20.0
    give_up_s: float = 600.0
    seed: int = 7
    settings: tuple[tuple[str, str], ...] = ()


QUICK: dict[str, Any] = {
    "spans": 4_000, "corpus_spans": 2_000, "warm_spans": 300, "idle_s": 2.0, "settle_s": 1.0, "floor_s": 1.0,
    "burst_s": 1.0, "rate": 1_000.0, "steady_s": 4.0, "give_up_s": 120.0,
}  # fmt: skip


@contextmanager
def running(target: Target) -> Generator[Meter]:
    """The target's meter while the target runs; started here unless it runs already."""
    try:
        if not target.running:
            target.start()
        with Meter(target.pid) as meter:
            yield meter
    finally:
        target.stop()


def measure(plan: Plan, folder: Path) -> Figures:
    """The whole run in a folder that may be thrown away afterwards."""
    say("making the workload")
    corpora = {form: Corpus(form, plan.corpus_spans, plan.seed) for form in plan.formats}
    main = corpora[plan.formats[0]]
    results: Figures = {"machine": machine(), "workload": [corpus.describe() for corpus in corpora.values()]}
    say("floor: a bare ASGI app that fsyncs and discards")
    floor = Floor(folder)
    with running(floor) as meter:
        results["floor"] = phases.accepting(floor, meter, main, plan.floor_s)
    product = Product(folder, dict(plan.settings))
    say("starting the product twice")
    try:
        results["start"] = phases.starts(product)
        with running(product) as meter:
            results |= _product(plan, product, meter, corpora)
    finally:
        product.stop()
    results["machine"]["probe_after_ms"] = round(probe(), 1)
    return results


def _product(plan: Plan, product: Product, meter: Meter, corpora: dict[str, Corpus]) -> Figures:
    main = corpora[plan.formats[0]]
    say("idle")
    time.sleep(plan.settle_s)
    results: Figures = {"idle": phases.idle(meter, plan.idle_s), "closed": {}}
    total = phases.warm_up(product, main, plan.warm_spans)
    say(f"open loop: {plan.rate:,.0f} spans/s for {plan.steady_s:.0f} s")
    results["steady"] = phases.steady(product, meter, main, plan.rate, plan.steady_s)
    total += results["steady"]["spans"]
    for form, corpus in corpora.items():
        say(f"closed loop: {plan.spans:,} spans as {form}")
        figures = results["closed"][form] = phases.closed(product, meter, corpus, plan.spans, total, plan.give_up_s)
        total = figures["readable_total"]
    say(f"burst of {plan.burst_s:.0f} s")
    results["burst"] = phases.burst(product, meter, main, plan.burst_s, total, plan.give_up_s)
    results["disk"] = phases.disk(product, results["burst"]["readable_total"])
    return results


def machine() -> Figures:
    """What it is, and how busy."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load1": round(os.getloadavg()[0], 2),
        "probe_ms": round(probe(), 1),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def rows(results: Figures) -> list[tuple[str, Any]]:
    """The table's lines."""
    floor, start, idle, steady, burst = (results[name] for name in ("floor", "start", "idle", "steady", "burst"))
    lines: list[tuple[str, Any]] = [
        ("start, s (tools cached)", {"first": start["first_s"], "later": start["later_s"], "stop": start["stop_s"]}),
        ("idle PSS, MB", {"all": idle["pss_mb"], **idle["pss_mb_by_role"]}),
        ("idle CPU, % of a core", idle["cpu_percent"]),
        (f"open loop {steady['rate_spans_s']:,.0f} spans/s: accept, ms", steady["latency_ms"]),
        ("  until readable, ms", {**steady["freshness_ms"], "probes": steady["probes"], "stale": steady["stale"]}),
        ("  CPU s / 1 000 spans", steady["cpu_s_per_1k"]),
        ("  UI event there and back, ms", steady["ui_ms"]["typed"]),
        ("  the same with the traces table read, ms", steady["ui_ms"]["table"]),
    ]
    for form, figures in results["closed"].items():
        lines += _loop(f"closed loop, {form}", figures)
    lines += _loop("burst", burst)
    lines += [
        ("floor: accepted spans/s", floor["accepted_spans_s"]),
        ("  accept, ms", floor["latency_ms"]),
        ("  CPU s / 1 000 spans", floor["cpu_s_per_1k"]),
        ("burst acceptance / floor", round(burst["accepted_spans_s"] / max(1, floor["accepted_spans_s"]), 3)),
        ("ClickHouse bytes / span (active parts)", {"all": results["disk"]["clickhouse_bytes_per_span"], **results["disk"]["by_table"]}),
        ("ClickHouse folder, bytes / span", results["disk"]["clickhouse_folder_bytes_per_span"]),
        ("raw log bytes / span", results["disk"]["raw_log_bytes_per_span"]),
    ]
    return lines


def _loop(name: str, figures: Figures) -> list[tuple[str, Any]]:
    readable = f"none, {figures['missing']:,} missing" if figures["missing"] else figures["sustained_spans_s"]
    lost = {"missing": figures["missing"], "errors": figures["errors"], "pushed back": figures["pushed_back"]}
    return [
        (f"{name}: sustained spans/s, readable", readable),
        ("  accepted spans/s, fsynced", figures["accepted_spans_s"]),
        ("  accept, ms", figures["latency_ms"]),
        ("  CPU s / 1 000 spans", {"all": figures["cpu_s_per_1k"], **figures["cpu_s_per_1k_by_role"]}),
        ("  cores", {"product": figures["cores"], "load": figures["load_cores"], "others": figures["other_cores"]}),
        ("  peak PSS, MB", figures["peak_pss_mb"]),
        ("  spans", {"sent": figures["spans"], **lost, "lag s": figures["lag_s"]}),
    ]


def say(line: str) -> None:
    """Progress."""
    print(f"· {line}", file=sys.stderr, flush=True)


def parse(arguments: list[str] | None = None) -> tuple[Plan, Path]:
    """The plan and where figures go."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test of half a minute; its figures mean nothing")
    parser.add_argument("--spans", type=int, help="spans per format in the closed loop")
    parser.add_argument("--formats", help=f"of {', '.join(ENCODERS)}; the first also serves burst and open loop")
    parser.add_argument("--seed", type=int, help="of the workload")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the product, e.g. LANGFUSE_SEARCH_INDEX=off"
    )
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="JSON with all figures")
    found = parser.parse_args(arguments)
    chosen: dict[str, Any] = dict(QUICK) if found.quick else {}
    chosen |= {name: value for name in ("spans", "seed") if (value := getattr(found, name)) is not None}
    if found.formats:
        chosen["formats"] = tuple(found.formats.split(","))
    return Plan(**chosen, settings=tuple(tuple(pair.split("=", 1)) for pair in found.set)), found.out


def main() -> None:
    """Measure, print, write."""
    plan, out = parse()
    uvloop.install()
    with tempfile.TemporaryDirectory(prefix="langfuse-app-bench-") as folder:
        results = measure(plan, Path(folder))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1) + "\n")
    machine = results["machine"]
    print(render(rows(results), f"{machine['at']}, {machine['cores']} cores, Python {machine['python']}"))
    print(f"\nAll figures: {out}")


if __name__ == "__main__":
    main()
