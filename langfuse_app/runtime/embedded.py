"""The engines whose URL is not set, started in a data folder; everybody else sees URLs only."""

import time
from collections.abc import Collection, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from langfuse_app.runtime import clickhouse, postgres, redis, toolchain
from langfuse_app.runtime.child import Child, ChildSpec, StartError
from langfuse_app.runtime.datadir import DataDir
from langfuse_app.runtime.network import free_ports

ENGINES = ("postgres", "clickhouse", "redis")
_PATIENCE_SECONDS = 10.0
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class EngineURLs:
    """Where the started engines listen; empty for those that were not started here."""

    database_url: str = ""
    clickhouse_url: str = ""
    clickhouse_user: str = ""
    clickhouse_password: str = ""
    redis_url: str = ""

    def environment(self) -> dict[str, str]:
        """The same under the names of the settings, only what is set."""
        names = {
            "DATABASE_URL": self.database_url,
            "CLICKHOUSE_URL": self.clickhouse_url,
            "CLICKHOUSE_USER": self.clickhouse_user,
            "CLICKHOUSE_PASSWORD": self.clickhouse_password,
            "REDIS_CONNECTION_STRING": self.redis_url,
        }
        return {name: value for name, value in names.items() if value}


def plan(data: DataDir, only: Collection[str] = ENGINES, *, durable: bool = True) -> tuple[list[ChildSpec], EngineURLs]:
    """How to start the engines named in `only`, each on a free port, and where they will listen.

    Slow at the first start only: libchdb is downloaded and the PostgreSQL cluster made.
    """
    port = dict(zip(only, free_ports(len(only)), strict=True))
    specs: list[ChildSpec] = []
    urls: dict[str, str] = {}
    if "postgres" in port:
        specs.append(postgres.spec(data, port["postgres"], durable=durable))
        urls["database_url"] = postgres.url(data, port["postgres"])
    if "clickhouse" in port:
        specs.append(clickhouse.spec(data, port["clickhouse"], toolchain.libchdb()))
        urls["clickhouse_url"] = clickhouse.url(port["clickhouse"])
        urls["clickhouse_user"] = clickhouse.USER
        urls["clickhouse_password"] = data.secrets()["clickhouse_password"]
    if "redis" in port:
        specs.append(redis.spec(data, port["redis"]))
        urls["redis_url"] = redis.url(data, port["redis"])
    return specs, EngineURLs(**urls)


def start_all(specs: list[ChildSpec], seconds: float = START_SECONDS) -> list[Child]:
    """Start them side by side and wait until each serves; when one cannot, none is left."""
    with ExitStack() as undo:
        children: list[Child] = []
        for spec in specs:
            children.append(Child(spec))
            undo.callback(children[-1].stop)
        for number, child in enumerate(children):
            children[number] = _serving(child, seconds, undo)
        undo.pop_all()
    return children


def _serving(child: Child, seconds: float, undo: ExitStack) -> Child:
    """The child when it serves. One that ends early is tried again for a while: after a kill -9 of everything, what a
    start left behind (PostgreSQL's backends, a port) may take seconds to go."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            child.wait_ready(seconds)
        except StartError:
            if child.exit_code() is None or time.monotonic() > deadline:
                raise
            time.sleep(0.5)
            child = Child(child.spec)
            undo.callback(child.stop)
        else:
            return child


def stop_all(children: list[Child]) -> None:
    """Stop them side by side."""
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop()


@contextmanager
def start_engines(data_dir: Path, only: Collection[str] = ENGINES, *, durable: bool = True) -> Generator[EngineURLs]:
    """Run the engines in `data_dir` for the time of the block. Call it from the main thread (see guard.py)."""
    data = DataDir(data_dir)
    data.open(reserve_bytes=0)
    try:
        specs, urls = plan(data, only, durable=durable)
        children = start_all(specs)
        try:
            yield urls
        finally:
            stop_all(children)
    finally:
        data.close()
