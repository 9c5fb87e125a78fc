"""The sweep: re-arms shards that nobody drains and re-queues requests that the ledger does not know.

Losing Redis loses nothing: the raw log says what was accepted, the ledger what was stored, the difference is queued again.
"""

import logging
import time
from pathlib import Path

from langfuse_app.core.settings import get_settings
from langfuse_app.core.time import now_us
from langfuse_app.features.ingest import repository_clickhouse as columnar
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest.service import ensure_drain
from langfuse_app.stores.locks import exclusive
from langfuse_app.stores.raw_log import LOCK_S, RAW_LOG_LOCK, SEALED, FileRawLog, FrameHeader, Ref, raw_log
from langfuse_app.stores.redis import key, redis

log = logging.getLogger(__name__)

GRACE_US = 20_000_000  # a request this young is on its way
REARM_S, COMPARE_S = 2.0, 15.0


def rearm() -> None:
    """Ask for a drain when entries wait and none runs."""
    if any(streams.lengths().values()):
        if not redis().exists(key("drain", "alive")):
            ensure_drain()
    else:
        streams.forget_pending()


def compare() -> int:
    """Re-queue what the ledger misses of unsealed segments, seal finished ones, drop expired ones; one process at a time.

    Answers how many requests were queued again.
    """
    log_files = raw_log()
    if not isinstance(log_files, FileRawLog) or not redis().set(key("sweep"), b"1", nx=True, px=int(COMPARE_S * 900)):
        return 0
    waiting = streams.lengths()
    requeued = 0
    for path in log_files.segments():
        with exclusive(RAW_LOG_LOCK, hold_s=LOCK_S) as mine:
            if mine:  # else deleted events are being taken out of a segment; the next round comes soon
                requeued += _compare_segment(log_files, path, waiting)
    _expire()
    return requeued


def _compare_segment(log_files: FileRawLog, path: Path, waiting: dict[tuple[str, int], int]) -> int:
    frames = list(log_files.scan(path))
    ripe = [(header, ref) for header, ref in frames if header.received_at < now_us() - GRACE_US]
    missing = _missing(ripe)
    requeued = 0
    for header, ref, shards in missing:
        lost = {shard for shard in shards if not any(waiting[(lane, shard)] for lane in streams.LANES)}
        if lost:
            streams.republish(ref, header.project_id, lost)
            requeued += 1
    if requeued:
        log.warning("%d requests of segment %s were lost on their way and are queued again", requeued, path.name)
        ensure_drain()
    if not missing and len(ripe) == len(frames) and _finished(path):
        log_files.seal(path)
    return requeued


def _missing(frames: list[tuple[FrameHeader, Ref]]) -> list[tuple[FrameHeader, Ref, set[int]]]:
    found: list[tuple[FrameHeader, Ref, set[int]]] = []
    for start in range(0, len(frames), 2_000):
        part = frames[start : start + 2_000]
        # Requests are appended in nearly the order in which they came, and not quite.
        logged = columnar.logged_shards([header.request_id for header, _ in part], min(header.received_at for header, _ in part))
        for header, ref in part:
            absent = set(header.routes) - logged.get(header.request_id, set())
            if absent:
                found.append((header, ref, absent))
    return found


def _finished(path: Path) -> bool:
    """Nobody appends any more: rotation would have come by now."""
    age = time.time() - path.stat().st_mtime
    return age > get_settings().LANGFUSE_RAW_LOG_ROTATE_SECONDS + 30


def _expire() -> None:
    folder = get_settings().data_dir / "blobs" / "rawlog"
    limit = time.time() - get_settings().LANGFUSE_RAW_LOG_RETENTION_HOURS * 3600
    for path in folder.glob(f"*{SEALED}"):
        if path.stat().st_mtime < limit:
            path.unlink()
