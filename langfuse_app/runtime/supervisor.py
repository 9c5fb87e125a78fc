"""`langfuse-app up`: engines, migrations, first project, web, workers, in this order, and back in the other.

One thread, no drivers: it starts children, looks at them twice a second, and starts again what ended by itself.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from langfuse_app.core.paths import resources
from langfuse_app.core.settings import Settings
from langfuse_app.runtime import bundle, embedded, web
from langfuse_app.runtime.banner import banner
from langfuse_app.runtime.child import Child, ChildSpec, StartError, describe_exit
from langfuse_app.runtime.datadir import DataDir
from langfuse_app.runtime.network import can_listen
from langfuse_app.runtime.progress import say

_LOOK_EVERY = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_STEADY_SECONDS = 60.0  # a child that lived so long starts again with the first pause
_WEB_SECONDS = 60.0
_DRAIN_SECONDS = 30.0
_MADE_HERE = ("NEXTAUTH_SECRET", "SALT", "ENCRYPTION_KEY")


class _Stop(BaseException):
    """SIGINT, SIGTERM or SIGHUP came; raised in the main thread wherever it is."""


@dataclass
class _Slot:
    """A child that has to run, and when it may be started again."""

    child: Child
    pause: float = _FIRST_PAUSE
    again_at: float | None = None

    def look(self) -> None:
        """Start it again when it ended and its pause is over."""
        if self.again_at is None:
            if (code := self.child.exit_code()) is not None:
                self._ended(code)
        elif time.monotonic() >= self.again_at:
            self._start_again()

    def _ended(self, code: int) -> None:
        self.child.kill()  # what is left of its process group
        if time.monotonic() - self.child.started_at > _STEADY_SECONDS:
            self.pause = _FIRST_PAUSE
        self._wait(f"{self.child.spec.name} ended with {describe_exit(code)}")

    def _start_again(self) -> None:
        try:
            self.child, self.again_at = Child(self.child.spec), None
        except StartError as error:  # no memory or no processes left: that may pass
            self._wait(str(error))

    def _wait(self, reason: str) -> None:
        say(f"{reason}; starting it again in {self.pause:.0f} s")
        self.again_at = time.monotonic() + self.pause
        self.pause = min(self.pause * 2, _LONGEST_PAUSE)


def up(settings: Settings) -> None:
    """Run the whole system until a stop signal. StartError when it cannot start."""
    host, port = settings.LANGFUSE_HOST_BIND, settings.PORT
    if reason := can_listen(host, port):
        raise StartError(f"port {port} on {host} cannot be used ({reason.lower()}): choose another with --port")
    data = DataDir(settings.data_dir)
    data.open(settings.LANGFUSE_DISK_RESERVE_BYTES)
    with ExitStack() as stack, contextlib.suppress(_Stop):
        stack.callback(data.close)
        with _stop_signals():
            _run(settings, data, stack)
    say("Stopped.")


def _run(settings: Settings, data: DataDir, stack: ExitStack) -> None:
    os.environ |= _base_environment(settings, data)
    bundle.ensure()
    specs, urls = embedded.plan(data, _missing(settings))
    data.end_leftovers()
    engines = _start(stack, specs, embedded.START_SECONDS)
    os.environ |= urls.environment()
    data.write_run({**urls.environment(), **{name: os.environ[name] for name in _MADE_HERE}}, [slot.child.pid for slot in engines])
    first = _prepare()
    workers = [_worker_spec(number + 1, settings.LANGFUSE_WORKERS) for number in range(settings.LANGFUSE_WORKERS)]
    slots = engines + _start(stack, workers, _WEB_SECONDS)
    slots += _start(stack, [web.spec("all", settings.LANGFUSE_HOST_BIND, settings.PORT)], _WEB_SECONDS)
    print(banner(settings.public_url, first), flush=True)
    while True:
        time.sleep(_LOOK_EVERY)
        for slot in slots:
            slot.look()


def _base_environment(settings: Settings, data: DataDir) -> dict[str, str]:
    secrets = data.secrets()
    made = {name: getattr(settings, name) or secrets[name] for name in _MADE_HERE}
    return made | {"LANGFUSE_DATA_DIR": str(data.root)}


def _missing(settings: Settings) -> list[str]:
    urls = {
        "postgres": settings.DATABASE_URL,
        "clickhouse": settings.CLICKHOUSE_URL,
        "redis": settings.REDIS_CONNECTION_STRING,
    }
    return [name for name, url in urls.items() if not url]


def _start(stack: ExitStack, specs: list[ChildSpec], seconds: float) -> list[_Slot]:
    """Start these side by side; the stack will stop them side by side, after what is started later."""
    slots = [_Slot(child) for child in embedded.start_all(specs, seconds)]
    stack.callback(_stop, slots)
    return slots


def _stop(slots: list[_Slot]) -> None:
    embedded.stop_all([slot.child for slot in slots])


# A worker's two threads share the interpreter's lock anyway; an arena for each keeps what the other has freed.
_ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}


def _worker_spec(number: int, of: int) -> ChildSpec:
    """A drain keeps its worker for minutes, so the last of several workers is there for all other jobs."""
    lanes = "default" if number == of > 1 else "all"
    return ChildSpec(
        name=f"worker {number}",
        command=[sys.executable, "-m", "langfuse_app.cli", "worker", "--queues", lanes],
        ready=lambda: True,
        environment=_ONE_ARENA,
        stop_seconds=_DRAIN_SECONDS,
    )


def _prepare() -> dict[str, Any]:
    """Migrations and the first project in a process of their own; FirstStart as a dict."""
    command = [sys.executable, "-m", "langfuse_app.runtime.prepare"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=resources(), check=False)
    if done.returncode:
        raise StartError("the databases could not be prepared: the reason stands above")
    return dict(json.loads(done.stdout))


@contextmanager
def _stop_signals() -> Generator[None]:
    """The first stop signal raises _Stop; while things are being stopped, more of them change nothing."""
    stopping = False

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            say("Stopping …")
            raise _Stop

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    yield
