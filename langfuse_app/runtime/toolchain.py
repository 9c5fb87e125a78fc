"""Tools that no wheel carries, through npm (or bun): libchdb, which is ClickHouse, and bun, which builds the UI.

tools.json pins version and sha512 of each platform's package. A lock file is written from the pin, so the package
manager itself refuses other bytes; where the packages come from is the user's own configuration of it. They stay in
the user's cache folder; several starts at once wait for one download.
"""

import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langfuse_app.runtime.child import StartError
from langfuse_app.runtime.progress import step

_INSTALL_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of one platform: its exact version, its sha512 and the file wanted from it."""

    package: str
    version: str
    integrity: str
    file: str


def libchdb() -> Path:
    """The ClickHouse library, fetched at first use (180 MB)."""
    return _tool("libchdb", "ClickHouse", "set CLICKHOUSE_URL to a ClickHouse server")


def bun() -> Path:
    """The bun executable, fetched at first use."""
    return _tool("bun", "bun", "build the UI on another machine and install the wheel")


def cache_folder() -> Path:
    """LANGFUSE_CACHE_DIR, else the user's cache folder of this system."""
    if chosen := os.environ.get("LANGFUSE_CACHE_DIR"):
        return Path(chosen).expanduser().resolve()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "langfuse-app"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "langfuse-app"


def install(pin: Pin, label: str) -> Path:
    """The wanted file of a pinned package, installed unless it is there; StartError with the reason of a failure."""
    folder = cache_folder() / "tools" / f"{pin.package.replace('/', '-').lstrip('@')}-{pin.version}"
    wanted = folder / "node_modules" / pin.package / pin.file
    if wanted.exists():
        return wanted
    with alone(folder.with_name(folder.name + ".lock")):
        if not wanted.exists():
            with step(f"Fetching {label} ({pin.package} {pin.version})"):
                _fetch(pin, folder, label)
    return wanted


def _tool(tool: str, label: str, instead: str) -> Path:
    pins: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("tools.json").read_text())[tool]
    here = f"{sys.platform}-{platform.machine()}"
    if here not in pins:
        raise StartError(f"there is no {label} package for {here}: {instead}")
    return install(Pin(**pins[here]), label)


@contextmanager
def alone(path: Path) -> Generator[None]:
    """Hold the lock file for the time of the block; other processes wait for it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("w")
    except OSError as error:
        raise StartError(f"{path.parent} cannot be used as cache folder ({error.strerror}): set LANGFUSE_CACHE_DIR") from error
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _fetch(pin: Pin, folder: Path, label: str) -> None:
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    done = subprocess.run(_write_project(pin, fresh), cwd=fresh, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False)
    if done.returncode or not (fresh / "node_modules" / pin.package / pin.file).exists():
        raise StartError(f"{label} could not be fetched: {_reason(done.stderr + done.stdout)}")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def _write_project(pin: Pin, folder: Path) -> list[str]:
    """Write a project that depends on the package and its lock; the command that installs exactly that."""
    project = {"name": "tools", "dependencies": {pin.package: pin.version}}
    (folder / "package.json").write_text(json.dumps(project))
    if npm := shutil.which("npm"):
        locked = {"version": pin.version, "integrity": pin.integrity}
        packages: dict[str, Any] = {"": project, f"node_modules/{pin.package}": locked}
        (folder / "package-lock.json").write_text(json.dumps({"name": "tools", "lockfileVersion": 3, "packages": packages}))
        return [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if found := shutil.which("bun"):
        locked_packages = {pin.package: [f"{pin.package}@{pin.version}", "", {}, pin.integrity]}
        lock = {"lockfileVersion": 1, "workspaces": {"": project}, "packages": locked_packages}
        (folder / "bun.lock").write_text(json.dumps(lock))
        return [found, "install", "--frozen-lockfile", "--ignore-scripts", "--no-progress"]
    raise StartError("npm (or bun) is needed to fetch tools at the first start, and neither is on PATH: install Node.js")


def _reason(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "EINTEGRITY" in line or "integrity" in line.lower() or "error" in line.lower()]
    return (telling or lines or ["it said nothing"])[0].strip()[:300]
