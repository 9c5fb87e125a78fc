"""Others beside this product: Phoenix and MLflow, installed from the package index into environments that are kept.

    python -m bench.peers [--rounds 3] [--peers phoenix,mlflow] [--quick]

In each round every server starts with clean data and gets the same OpenInference traces, as many as it can take in a
short while; ratios are taken within a round. What an answer promises stands beside each rate, as the promises differ.
What they take to answer readers is measured by `python -m bench.queries --peers phoenix,mlflow`.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from bench import phases
from bench.peer_targets import PEERS, NotInstalledError, Peer, chosen
from bench.phases import Figures
from bench.processes import folder_bytes
from bench.run import running, say
from bench.table import render
from bench.targets import Product, Target
from bench.workload import Corpus

FORM = "openinference"
DEFAULT_OUT = Path(__file__).parent / "results" / "peers.json"
SPANS = {"langfuse_app": 60_000, "phoenix": 1_500, "mlflow": 4_000}
QUICK = {"langfuse_app": 2_000, "phoenix": 300, "mlflow": 300}  # to see that it works
_WARM = 500


def measure_once(target: Target, corpus: Corpus, spans: int) -> Figures:
    """One server, fresh: sustained rate, CPU, acceptance, memory, disk."""
    say(f"{target.name}: {spans:,} spans")
    with running(target) as meter:
        warm = phases.warm_up(target, corpus, _WARM)
        before = folder_bytes(target.folder)
        figures = phases.closed(target, meter, corpus, spans, warm, give_up=300)
        return figures | {
            "promise": target.promise,
            "disk_bytes_per_span": round((folder_bytes(target.folder) - before) / figures["spans"]),
        }


def measure(peers: Sequence[type[Peer]], rounds: int, sizes: dict[str, int]) -> Figures:
    """All servers that can be installed, round after round."""
    results: Figures = {"rounds": [], "not_installed": {}}
    kinds: list[type[Target]] = [Product]
    for peer in peers:
        try:
            peer.install()
            kinds.append(peer)
        except NotInstalledError as error:
            results["not_installed"][peer.name] = str(error)
    corpus = Corpus(FORM, 20_000)
    for _ in range(rounds):
        found: Figures = {}
        for kind in kinds:
            with tempfile.TemporaryDirectory(prefix="langfuse-app-peers-") as folder:
                target = kind(Path(folder))
                found[target.name] = measure_once(target, corpus, sizes[target.name])
        results["rounds"].append(found)
    return results


def rows(results: Figures) -> list[tuple[str, Any]]:
    """Per server its figures, then the ratios: the worst round and the median."""
    rounds: list[Figures] = results["rounds"]
    lines: list[tuple[str, Any]] = []
    for name, figures in rounds[-1].items():
        lines += [
            (f"{name} ({figures['promise']}), spans/s", {"sustained": [r[name]["sustained_spans_s"] for r in rounds]}),
            ("  missing, in the worst round", max(r[name]["missing"] for r in rounds)),
            ("  accept, ms", figures["latency_ms"]),
            (
                "  CPU s / 1 000 spans, peak PSS MB, disk B/span",
                [figures[k] for k in ("cpu_s_per_1k", "peak_pss_mb", "disk_bytes_per_span")],
            ),
        ]
    lines += [(name, f"not installed: {why}") for name, why in results["not_installed"].items()]
    for name in [name for name in rounds[-1] if name != Product.name]:
        faster = [r[Product.name]["sustained_spans_s"] / max(1, r[name]["sustained_spans_s"]) for r in rounds]
        cheaper = [r[name]["cpu_s_per_1k"] / r[Product.name]["cpu_s_per_1k"] for r in rounds]
        lines.append((f"× {name}: spans/s", {"worst": min(faster), "median": median(faster)}))
        lines.append((f"× {name}: less CPU", {"worst": min(cheaper), "median": median(cheaper)}))
    return lines


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--quick", action="store_true", help="one round of a few hundred spans; its figures mean nothing")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    uvloop.install()
    results = measure(chosen(options.peers), 1 if options.quick else options.rounds, QUICK if options.quick else SPANS)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=1) + "\n")
    print(render(rows(results), "side by side"))


if __name__ == "__main__":
    main()
