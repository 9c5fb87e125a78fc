"""The data folder: who owns it now, the secrets made at first start, and the addresses of a running system.

Layout: postgres/ clickhouse/ redis/ blobs/ raw/ logs/ secrets.json run.json lock
"""

import fcntl
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import IO, Any

import psutil

from langfuse_app.runtime.child import StartError

_SECRETS = {
    "postgres_password": 24,
    "clickhouse_password": 24,
    "redis_password": 24,
    "NEXTAUTH_SECRET": 32,
    "SALT": 32,
    "ENCRYPTION_KEY": 32,
}
_LEFTOVER_SECONDS = 20


class DataDir:
    """One data folder. `open` it (create, check, lock) before anything is started in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.logs = root / "logs"
        self._lock: IO[str] | None = None

    def open(self, reserve_bytes: int) -> None:
        """Create, check and lock the folder; StartError says what is wrong in one line."""
        self._create()
        self._take_lock()
        free = shutil.disk_usage(self.root).free
        if free < reserve_bytes:
            self.close()
            raise StartError(
                f"{self.root} has {free >> 20} MB of free disk, fewer than the {reserve_bytes >> 20} MB of "
                "LANGFUSE_DISK_RESERVE_BYTES: free some or choose another --data-dir"
            )

    def close(self) -> None:
        """Give the lock back."""
        if self._lock:
            self._lock.close()
            self._lock = None

    def secrets(self) -> dict[str, str]:
        """Passwords and keys of this folder as hex, made once and kept with mode 600."""
        path = self.root / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        missing = {name: secrets.token_hex(size) for name, size in _SECRETS.items() if name not in known}
        if missing:
            known |= missing
            self.write_private(path, json.dumps(known, indent=1))
        return known

    def write_run(self, environment: dict[str, str], engines: list[int]) -> None:
        """Publish the settings that lead to the running engines, for `doctor` and `worker` beside it, and their processes."""
        born = {str(pid): psutil.Process(pid).create_time() for pid in engines}
        self.write_private(self.root / "run.json", json.dumps({"environment": environment, "engines": born}))

    def running_environment(self) -> dict[str, str]:
        """What `write_run` published, while its writer lives; else empty."""
        return dict(self._run()["environment"]) if self.owner() else {}

    def end_leftovers(self) -> None:
        """Wait for engines of a killed predecessor, which are ending, and kill those that do not."""
        left = [process for pid, born in self._run()["engines"].items() if (process := _alive(int(pid), born))]
        _, stuck = psutil.wait_procs(left, timeout=_LEFTOVER_SECONDS)
        for process in stuck:
            process.kill()
        psutil.wait_procs(stuck, timeout=_LEFTOVER_SECONDS)

    def _run(self) -> dict[str, Any]:
        path = self.root / "run.json"
        return json.loads(path.read_text()) if path.exists() else {"environment": {}, "engines": {}}

    def owner(self) -> int | None:
        """Process id of the holder of the lock; None when nobody holds it."""
        path = self.root / "lock"
        if not path.exists():
            return None
        with path.open("r") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(stream.read().strip() or 0)
        return None

    @staticmethod
    def write_private(path: Path, text: str) -> None:
        """Replace a file at once, readable by its owner only."""
        new = path.with_suffix(path.suffix + ".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(path)

    def _create(self) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.logs.mkdir(exist_ok=True)
            self.write_private(self.root / "probe", "")
            (self.root / "probe").unlink()
        except OSError as error:
            raise StartError(f"{self.root} cannot be used as data folder: {error.strerror}") from error

    def _take_lock(self) -> None:
        path = self.root / "lock"
        stream = path.open("a+")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            holder = stream.read().strip()
            stream.close()
            raise StartError(f"{self.root} is in use by another langfuse-app (process {holder})") from None
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        self._lock = stream


def _alive(pid: int, born: float) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return process if process.create_time() == born else None
    except psutil.NoSuchProcess:
        return None


def rotate_log(path: Path, limit_bytes: int = 10 << 20) -> Path:
    """Move a log that has grown past the limit to `.1`, so that two at most are kept."""
    if path.exists() and path.stat().st_size > limit_bytes:
        path.replace(path.with_name(path.name + ".1"))
    return path
