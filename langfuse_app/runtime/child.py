"""One child process under the guard: what it is (`ChildSpec`) and the running thing (`Child`)."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from langfuse_app.runtime.guard import guarded


class StartError(Exception):
    """Something could not be started; the text is one line for the person who ran the command."""


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How to run one process.

    `log` receives stdout and stderr (None: they are shared with the parent); `ready` says whether it serves;
    `stop_seconds` is what it may take from `stop_signal` to its end before it is killed.
    """

    name: str
    command: list[str]
    ready: Callable[[], bool]
    log: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    working_folder: Path | None = None
    uid: int | None = None
    nice: int = 0
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 10.0


class Child:
    """A process started from a spec; it leads its own session, so a Ctrl-C in the terminal reaches only us."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.started_at = time.monotonic()
        self._process = _spawn(spec)
        self.pid = self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; a negative number is the signal that ended it."""
        return self._process.poll()

    def wait(self) -> int:
        """Its exit code, when it has ended."""
        return self._process.wait()

    def wait_ready(self, seconds: float) -> None:
        """Return when it serves; StartError when it ends first or takes longer."""
        deadline = time.monotonic() + seconds
        while not self.spec.ready():
            if (code := self.exit_code()) is not None:
                raise StartError(f"{self.spec.name} ended with {describe_exit(code)}{self._why()}")
            if time.monotonic() > deadline:
                raise StartError(f"{self.spec.name} did not answer within {seconds:.0f} s{self._why()}")
            time.sleep(0.03)

    def ask_to_stop(self) -> None:
        """Send the polite signal."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(self.spec.stop_signal)

    def stop(self) -> None:
        """Ask, wait for `stop_seconds`, then kill it with everything in its process group."""
        self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self.spec.stop_seconds)
        self.kill()

    def kill(self) -> None:
        """End it and its process group now."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def _why(self) -> str:
        line = _last_line(self.spec.log) if self.spec.log else ""
        return f": {line} (see {self.spec.log})" if line else ""


def run_to_end(spec: ChildSpec) -> int:
    """Run it and return its exit code; when we are stopped meanwhile, it and its own children end too."""
    child = Child(spec)
    try:
        return child.wait()
    finally:
        child.kill()


def describe_exit(code: int) -> str:
    """`exit code 3` or `signal SIGKILL`."""
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _spawn(spec: ChildSpec) -> subprocess.Popen[bytes]:
    output = spec.log.open("ab") if spec.log else None
    try:
        return subprocess.Popen(
            guarded(spec.command, spec.stop_signal, uid=spec.uid, nice=spec.nice),
            stdin=subprocess.PIPE,  # held open: its end tells the child that we are gone
            stdout=output,
            stderr=output,
            env={**os.environ, **spec.environment},
            cwd=spec.working_folder,
            start_new_session=True,
        )
    except OSError as error:
        raise StartError(f"{spec.name} cannot be started: {error}") from error
    finally:
        if output:
            output.close()


def _last_line(log: Path) -> str:
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 2000))
        lines = stream.read().decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
