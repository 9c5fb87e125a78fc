"""One isolated, cached environment per client SDK.

The SDK majors exclude each other, so each `tests/clients/<sdk>-<version>/` pins its own packages with hashes
(`requirements.lock` or `package-lock.json`). An environment is built on first use under the user's cache folder, in a
folder named by the hash of its lock, and shared by every later run.

    python -m tests.clients.environments      builds all of them, two at a time, and prints the seconds each took

A client is added by a folder with its wishes (`requirements.in` or `package.json`), its lock and a driver. In the folder:

    uv pip compile requirements.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url \\
        --no-annotate --no-header -o requirements.lock
    npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from langfuse_app.runtime.toolchain import cache_folder

CLIENTS = Path(__file__).resolve().parent
PYTHON_LOCK = "requirements.lock"
NODE_LOCK = "package-lock.json"
Build = Callable[[Path, Path], None]
NAMES = tuple(sorted(path.parent.name for lock in (PYTHON_LOCK, NODE_LOCK) for path in CLIENTS.glob(f"*/{lock}")))

# Settings of the surrounding process that would leak into a client.
_FOREIGN = ("LANGFUSE_", "OTEL_", "OPENAI_", "PYTHON", "NODE_", "VIRTUAL_ENV", "UV_PROJECT")


class MissingToolError(RuntimeError):
    """A program that a client needs is not installed; the message says which."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client SDK that is ready to run: `command` is the interpreter with the driver script as its last argument."""

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]

    def start(self, settings: Mapping[str, str]) -> subprocess.Popen[str]:
        """Starts the driver with `settings` added to a clean environment; stdout carries its JSON lines, and a line to stdin ends a wait."""
        return subprocess.Popen(
            self.command,
            env={**_clean_environ(), **self.environ, **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )


def environment(name: str, driver: str = "drive") -> Client:
    """The client called `name` and one of its drivers, with its environment built if this machine has none for its lock yet."""
    folder = CLIENTS / name
    if (folder / PYTHON_LOCK).exists():
        built = _built(name, folder / PYTHON_LOCK, _build_python, f"{sys.version_info[:2]}{platform.machine()}")
        return Client(name, (str(built / "bin" / "python"), "-u", str(folder / f"{driver}.py")), {"PYTHONPATH": str(CLIENTS)})
    built = _built(name, folder / NODE_LOCK, _build_node)
    return Client(name, (_tool("node"), str(folder / f"{driver}.mjs")), {"CLIENT_MODULES": str(built)})


def _built(name: str, lock: Path, build: Build, salt: str = "") -> Path:
    digest = hashlib.sha256(lock.read_bytes() + salt.encode()).hexdigest()[:16]
    target = _cache() / f"{name}-{digest}"
    with _locked(target.with_name(target.name + ".lock")):
        # A virtual environment cannot be moved, so it is built in place and counts only once the mark is there.
        if not (target / ".ready").exists():
            shutil.rmtree(target, ignore_errors=True)
            build(lock, target)
            (target / ".ready").touch()
    return target


def _build_python(lock: Path, target: Path) -> None:
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    python = str(target / "bin" / "python")
    if uv:
        _run(uv, "venv", "--quiet", "--python", sys.executable, str(target))
        _run(uv, "pip", "install", "--quiet", "--require-hashes", "--python", python, "--requirement", str(lock))
    else:
        _run(sys.executable, "-m", "venv", str(target))
        _run(python, "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", str(lock))


def _build_node(lock: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for file in (lock, lock.with_name("package.json")):
        shutil.copy(file, target)
    _run(_tool("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=target)


def _run(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, env=_clean_environ(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed with code {done.returncode}:\n{done.stdout}{done.stderr}")


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingToolError(f"The JavaScript client tests need {name} on PATH: install Node.js 20 or later.")
    return found


def _cache() -> Path:
    path = cache_folder() / "clients"
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def _locked(path: Path) -> Generator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _clean_environ() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}


def _timed(name: str) -> str:
    start = time.monotonic()
    environment(name)
    return f"{time.monotonic() - start:6.1f} s  {name}"


if __name__ == "__main__":
    with ThreadPoolExecutor(2) as pool:
        for line in pool.map(_timed, NAMES):
            print(line, flush=True)
