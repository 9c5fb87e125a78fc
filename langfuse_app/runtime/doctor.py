"""`langfuse-app doctor`: looks at each store and says what is wrong and how to put it right."""

import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, cast

from langfuse_app.core.settings import Settings
from langfuse_app.stores import blobs, clickhouse, migrations, postgres, redis

_OLDEST_POSTGRES = 14
_OLDEST_REDIS = (6, 2)
_OLDEST_CLICKHOUSE = 26  # the text index is generally available from here
_MIGRATE = "run `langfuse-app migrate`"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its subject, whether it is well, what was seen, and the remedy where it is not."""

    subject: str
    ok: bool
    detail: str
    fix: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


def examine(settings: Settings) -> list[Finding]:
    """All checks in order; a store that does not answer is one finding and stops no other."""
    findings = [_disk(settings)]
    for subject, setting, checks in (
        ("PostgreSQL", "DATABASE_URL", _postgres),
        ("ClickHouse", "CLICKHOUSE_URL", _clickhouse),
        ("Redis", "REDIS_CONNECTION_STRING", _redis),
    ):
        if getattr(settings, setting):
            findings += _guarded(subject, setting, checks)
        else:
            findings.append(Finding(subject, False, "nothing runs here", f"start `langfuse-app up`, or set {setting}"))
    return findings + _guarded("Blobs", "LANGFUSE_S3_EVENT_UPLOAD_*", partial(_blobs, settings))


def report(findings: list[Finding]) -> str:
    """One line per finding, a second one with the remedy where something is wrong."""
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{'ok   ' if finding.ok else 'WRONG'} {finding.subject}: {finding.detail}")
        if not finding.ok:
            lines.append(f"      → {finding.fix}")
    return "\n".join(lines)


def _guarded(subject: str, setting: str, checks: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return checks()
    except Exception as error:  # whatever a driver raises, the other stores are still looked at
        reason = str(error.__cause__ or error).strip().splitlines() or [type(error).__name__]
        return [Finding(subject, False, reason[0][:300], f"check that it runs and that {setting} is right")]


def _disk(settings: Settings) -> Finding:
    folder = next(path for path in (settings.data_dir, *settings.data_dir.parents) if path.exists())
    free, reserve = shutil.disk_usage(folder).free, settings.LANGFUSE_DISK_RESERVE_BYTES
    detail = f"{free >> 20} MB free in {settings.data_dir}"
    return Finding("Disk", free > reserve, detail, f"free some: below {reserve >> 20} MB ingestion answers 503")


def _postgres() -> list[Finding]:
    postgres.ping()
    version = [int(part) for part in postgres.engine().dialect.server_version_info or (0,)]
    name = ".".join(map(str, version))
    return [
        Finding("PostgreSQL", version[0] >= _OLDEST_POSTGRES, f"version {name}", f"use PostgreSQL {_OLDEST_POSTGRES} or newer"),
        _steps("PostgreSQL schema", migrations.pending_postgres()),
    ]


def _clickhouse() -> list[Finding]:
    clickhouse.ping()
    version = str(clickhouse.client("default").server_version)
    good = int(version.split(".", maxsplit=1)[0]) >= _OLDEST_CLICKHOUSE
    return [
        Finding("ClickHouse", good, f"version {version}", f"use ClickHouse {_OLDEST_CLICKHOUSE} or newer"),
        _steps("ClickHouse schema", migrations.pending_clickhouse()),
    ]


def _steps(subject: str, pending: list[str]) -> Finding:
    detail = f"not applied yet: {', '.join(pending)}" if pending else "at the schema of this version"
    return Finding(subject, not pending, detail, _MIGRATE)


def _redis() -> list[Finding]:
    info: dict[str, Any] = cast("dict[str, Any]", redis.redis().info())
    version = tuple(int(part) for part in str(info["redis_version"]).split(".")[:2])
    policy, durable = info.get("maxmemory_policy", "unknown"), bool(info.get("aof_enabled"))
    return [
        Finding("Redis", version >= _OLDEST_REDIS, f"version {info['redis_version']}", "use Redis 6.2 or newer, or Valkey"),
        Finding(
            "Redis persistence", durable, f"append-only file is {'on' if durable else 'off'}", "set `appendonly yes`: queues live here"
        ),
        Finding("Redis memory policy", policy == "noeviction", f"maxmemory-policy is {policy}", "set `maxmemory-policy noeviction`"),
    ]


def _blobs(settings: Settings) -> list[Finding]:
    name, store = f"doctor/{secrets.token_hex(8)}", blobs.blobs()
    store.put(name, b"probe")
    try:
        same = store.get(name) == b"probe"
        listed = not isinstance(store, blobs.S3Blobs) or bool(store.page(name)[0])
    finally:
        store.delete(name)
    where = settings.LANGFUSE_S3_EVENT_UPLOAD_BUCKET or str(settings.data_dir / "blobs")
    advice = "what was read or listed is not what was written: check that store"
    return [Finding("Blobs", same and listed, f"written, read and deleted in {where}", advice)]
