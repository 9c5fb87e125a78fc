"""Others beside this product: Phoenix and MLflow, installed from the package index into environments that are kept.

    python -m bench.peers [--rounds 3] [--peers phoenix,mlflow]

In each round every server starts with clean data and gets the same OpenInference traces, as many as it can take in a
short while; ratios are taken within a round. What an answer promises stands beside each rate, as the promises differ.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from bench import phases
from bench.client import Connection
from bench.phases import Figures
from bench.processes import folder_bytes
from bench.run import running, say
from bench.table import render
from bench.targets import Product, Target, free_port
from bench.workload import Corpus, Route, cache_folder

FORM = "openinference"
DEFAULT_OUT = Path(__file__).parent / "results" / "peers.json"


class Peer(Target):
    """A server from the package index. Its folder also holds its data."""

    package = ""
    poll_s = 0.5  # counting is dear for them

    def environment_folder(self) -> Path:
        """Where its packages are."""
        return cache_folder() / "peers" / self.package.replace("==", "-")

    def install(self) -> None:
        """Make its environment unless it is there."""
        folder = self.environment_folder()
        if (folder / "complete").exists():
            return
        say(f"installing {self.package}")
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", self.package], check=True)
        (folder / "complete").touch()

    def program(self, name: str) -> str:
        """A command of its environment."""
        return str(self.environment_folder() / "bin" / name)

    def route(self, form: str) -> Route:
        """OTLP's standard door."""
        return Route("/v1/traces", "application/x-protobuf")


class Phoenix(Peer):
    """Defaults: SQLite; no telemetry."""

    name, package = "phoenix", "arize-phoenix==20.26.1"
    promise = "queued in process memory"

    def command(self) -> list[str]:
        """`phoenix serve`."""
        return [self.program("phoenix"), "serve"]

    def environment(self) -> dict[str, str]:
        """Folder and ports."""
        return {
            "PHOENIX_WORKING_DIR": str(self.folder),
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": str(self.port),
            "PHOENIX_GRPC_PORT": str(free_port()),
            "PHOENIX_TELEMETRY_ENABLED": "false",
            "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
        }

    async def total(self, connection: Connection) -> int:
        """Spans of the default project."""
        _, body = await connection.json("POST", "/graphql", {"query": '{getProjectByName(name:"default"){recordCount}}'})
        return int(((body or {}).get("data", {}).get("getProjectByName") or {}).get("recordCount", 0))


class MLflow(Peer):
    """Defaults: four workers; SQLite; no telemetry, and the bundled price catalogue instead of a download per worker."""

    name, package = "mlflow", "mlflow==3.17.2"
    promise = "committed to SQL"
    ready_path = "/health"

    def command(self) -> list[str]:
        """`mlflow server`."""
        store = f"--backend-store-uri sqlite:///{self.folder}/mlflow.db --artifacts-destination {self.folder}/artifacts"
        return [self.program("mlflow"), "server", "--host", "127.0.0.1", "--port", str(self.port), *store.split()]

    def environment(self) -> dict[str, str]:
        """The documented settings of a closed network; its workers are started by name."""
        path = f"{self.environment_folder() / 'bin'}:/usr/local/bin:/usr/bin:/bin"
        return {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_MODEL_CATALOG_URI": "", "PATH": path}

    def headers(self) -> Mapping[str, str]:
        """The default experiment."""
        return {"x-mlflow-experiment-id": "0"}

    async def total(self, connection: Connection) -> int:
        """The span count of its metrics."""
        asked = {
            "experiment_ids": ["0"],
            "view_type": "SPANS",
            "metric_name": "span_count",
            "aggregations": [{"aggregation_type": "COUNT"}],
        }
        _, body = await connection.json("POST", "/api/3.0/mlflow/traces/metrics", asked)
        return int(sum(sum(point["values"].values()) for point in (body or {}).get("data_points", [])))


PEERS: dict[str, type[Peer]] = {"phoenix": Phoenix, "mlflow": MLflow}
SPANS = {"langfuse_app": 60_000, "phoenix": 1_500, "mlflow": 4_000}


def measure_once(target: Target, corpus: Corpus, spans: int) -> Figures:
    """One server, fresh: sustained rate, CPU, acceptance, memory, disk."""
    say(f"{target.name}: {spans:,} spans")
    with running(target) as meter:
        warm = phases.warm_up(target, corpus, 500)
        before = folder_bytes(target.folder)
        figures = phases.closed(target, meter, corpus, spans, warm, give_up=300)
        return figures | {
            "promise": target.promise,
            "disk_bytes_per_span": round((folder_bytes(target.folder) - before) / figures["spans"]),
        }


def measure(names: list[str], rounds: int) -> Figures:
    """All servers, round after round."""
    corpus = Corpus(FORM, 20_000)
    results: Figures = {"rounds": []}
    for _ in range(rounds):
        found: Figures = {}
        for kind in (Product, *(PEERS[name] for name in names)):
            with tempfile.TemporaryDirectory(prefix="langfuse-app-peers-") as folder:
                target = kind(Path(folder))
                if isinstance(target, Peer):
                    target.install()
                found[target.name] = measure_once(target, corpus, SPANS[target.name])
        results["rounds"].append(found)
    return results


def rows(results: Figures) -> list[tuple[str, Any]]:
    """Per server its figures, then the ratios: the worst round and the median."""
    rounds: list[Figures] = results["rounds"]
    lines: list[tuple[str, Any]] = []
    for name, figures in rounds[-1].items():
        lines += [
            (f"{name} ({figures['promise']}), spans/s", {"sustained": [r[name]["sustained_spans_s"] for r in rounds]}),
            ("  accept, ms", figures["latency_ms"]),
            (
                "  CPU s / 1 000 spans, peak PSS MB, disk B/span",
                [figures[k] for k in ("cpu_s_per_1k", "peak_pss_mb", "disk_bytes_per_span")],
            ),
        ]
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
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    uvloop.install()
    results = measure(options.peers.split(","), options.rounds)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=1) + "\n")
    print(render(rows(results), "side by side"))


if __name__ == "__main__":
    main()
