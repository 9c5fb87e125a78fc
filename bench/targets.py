"""What load needs to know of a server: how to start and stop it, where to send, and how to ask what is readable."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

import psutil

from bench.client import Connection, basic
from bench.workload import Route, route

ROOT = Path(__file__).resolve().parents[1]
PUBLIC_KEY, SECRET_KEY = "pk-lf-bench", "sk-lf-bench"
PROJECT, EMAIL, PASSWORD = "bench-project", "bench@example.com", "bench-password"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Target(ABC):
    """A server in a folder of its own, on a free port of the loopback interface."""

    name = ""
    promise = ""  # what its answer promises
    ready_path = "/"
    start_seconds = 240.0
    poll_s = 0.25  # how often to ask what is readable

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder / self.name, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    # --- life ---------------------------------------------------------------------------------

    @abstractmethod
    def command(self) -> list[str]:
        """What starts it."""

    def environment(self) -> dict[str, str]:
        """Settings beside the environment of this process."""
        return {}

    def start(self) -> float:
        """Start it and wait until it answers; seconds that took."""
        self.folder.mkdir(parents=True, exist_ok=True)
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command(), cwd=ROOT, env=self._clean() | self.environment(), stdout=log, stderr=log)
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() - begun > self.start_seconds:
                raise RuntimeError(f"{self.name} did not start:\n{self._tail()}")
            time.sleep(0.1)
        return time.monotonic() - begun

    def answers(self) -> bool:
        """Whether it is there."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", self.ready_path)
            return connection.getresponse().status < 400
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """SIGTERM, and after 60 s the end; only processes that were started here."""
        if self._process is None:
            return
        below = psutil.Process(self._process.pid).children(recursive=True) if self._process.poll() is None else []
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
        for child in psutil.wait_procs(below, timeout=5)[1]:
            child.kill()
        self._process = None

    @property
    def pid(self) -> int:
        """The process that holds all others."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started here."""
        return self._process is not None

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.folder.with_suffix(".log")

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def _clean(self) -> dict[str, str]:
        """This environment without settings of another instance."""
        ours = ("LANGFUSE_", "DATABASE_", "CLICKHOUSE_", "REDIS_", "NEXTAUTH_", "SALT", "ENCRYPTION_KEY", "QUEUE_CONSUMER_", "PORT")
        return {name: value for name, value in os.environ.items() if not name.startswith(ours) or name == "LANGFUSE_CACHE_DIR"}

    # --- wire ---------------------------------------------------------------------------------

    def headers(self) -> Mapping[str, str]:
        """Headers of every request."""
        return {}

    def connect(self) -> Connection:
        """A new connection."""
        return Connection(self.url, self.headers())

    def route(self, form: str) -> Route:
        """Path and content type of a format."""
        return route(form)

    def took(self, status: int, answer: bytes) -> bool:
        """Whether an answer means that all of the request was accepted."""
        return status == 200

    async def spans_of(self, connection: Connection, trace_id: str) -> int:
        """Spans of the trace that can be read."""
        raise NotImplementedError(f"{self.name} keeps nothing that could be read span by span")

    async def total(self, connection: Connection) -> int:
        """Spans that can be read altogether."""
        raise NotImplementedError(f"{self.name} keeps nothing that could be read span by span")

    async def backlog(self, connection: Connection) -> int:
        """What waits to be processed; 0 where the server does not tell."""
        return 0


class Product(Target):
    """This product, as a user runs it."""

    name = "langfuse_app"
    promise = "fsynced"
    ready_path = "/api/public/health"

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(folder)
        self._settings = dict(settings or {})

    def command(self) -> list[str]:
        """`langfuse-app up`, bound to the loopback interface."""
        options = f"--host 127.0.0.1 --port {self.port} --data-dir".split()
        return [sys.executable, "-m", "langfuse_app.cli", "up", *options, str(self.folder)]

    def environment(self) -> dict[str, str]:
        """Known keys."""
        return {
            "LANGFUSE_INIT_ORG_ID": "bench-org",
            "LANGFUSE_INIT_PROJECT_ID": PROJECT,
            "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": PUBLIC_KEY,
            "LANGFUSE_INIT_PROJECT_SECRET_KEY": SECRET_KEY,
            "LANGFUSE_INIT_USER_EMAIL": EMAIL,
            "LANGFUSE_INIT_USER_PASSWORD": PASSWORD,
            **self._settings,
        }

    def headers(self) -> Mapping[str, str]:
        """The project's keys."""
        return basic(PUBLIC_KEY, SECRET_KEY)

    def took(self, status: int, answer: bytes) -> bool:
        """200 of OTLP, or 207 without errors."""
        return status == 200 or (status == 207 and b'"errors":[]' in answer)

    async def spans_of(self, connection: Connection, trace_id: str) -> int:
        """Observations of GET /traces/{id}."""
        status, body = await connection.json("GET", f"/api/public/traces/{trace_id}")
        return len(body["observations"]) if status == 200 else 0

    async def total(self, connection: Connection) -> int:
        """The count of GET /observations."""
        status, body = await connection.json("GET", "/api/public/observations?limit=1")
        return int(body["meta"]["totalItems"]) if status == 200 else 0

    async def backlog(self, connection: Connection) -> int:
        """Entries of the ingestion streams."""
        _, body = await connection.json("GET", "/health/queues")
        return sum(body["ingestion"]["backlog"].values())

    def clickhouse_bytes(self) -> dict[str, int]:
        """Bytes on disk of active parts by table, as ClickHouse counts them."""
        sql = (
            "SELECT table, sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = 'langfuse' GROUP BY table FORMAT JSON"
        )
        return {row["table"]: int(row["bytes"]) for row in self._clickhouse(sql)}

    def _clickhouse(self, sql: str) -> list[dict[str, Any]]:
        run = json.loads((self.folder / "run.json").read_text())["environment"]
        request = HttpRequest(f"{run['CLICKHOUSE_URL']}/?{urlencode({'query': sql})}")
        for name, value in basic(run["CLICKHOUSE_USER"], run["CLICKHOUSE_PASSWORD"]).items():
            request.add_header(name, value)
        try:
            with urlopen(request, timeout=30) as answer:
                return list(json.load(answer)["data"])
        except HTTPError as error:
            raise RuntimeError(error.read().decode()[:500]) from error

    @property
    def raw_log(self) -> Path:
        """The folder of the raw log."""
        return self.folder / "blobs" / "rawlog"


class Floor(Target):
    """The least that a durable answer costs here: bench/floor.py under the product's own server."""

    name = "floor"
    promise = "fsynced, then discarded"

    def command(self) -> list[str]:
        """granian, one worker, as the product runs it."""
        options = f"--interface asgi --host 127.0.0.1 --port {self.port} --workers 1 --loop uvloop --no-access-log"
        return [sys.executable, "-m", "granian", *options.split(), "bench.floor:app"]

    def environment(self) -> dict[str, str]:
        """Where its journal goes."""
        return {"FLOOR_JOURNAL": str(self.folder / "journal")}
