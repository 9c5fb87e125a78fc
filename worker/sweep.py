"""The sweep: re-arms shards that nobody drains and re-queues requests that the ledger does not know.

Losing Redis loses nothing: the raw log says what was accepted, the ledger what was stored, the difference is queued again.
Requests that are objects of a bucket are compared in `worker/sweep_objects.py`.
"""

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.core.settings import get_settings
from langfuse_app.core.time import now_us
from langfuse_app.features.ingest import repository_clickhouse as columnar
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest.service import ensure_drain
from langfuse_app.stores.locks import exclusive
from langfuse_app.stores.raw_log import LOCK_S, RAW_LOG_LOCK, BucketRawLog, FileRawLog, FrameHeader, Ref, raw_log
from langfuse_app.stores.redis import key, redis
from worker import sweep_objects

log = logging.getLogger(__name__)

GRACE_US = 20_000_000  # a request this young is on its way
REARM_S, COMPARE_S = 2.0, 15.0
PART_S = 4.0  # one part of a round asks the bucket for no longer than this
HOLD_S = 60  # a round takes less unless a bucket hangs; a holder that was killed is not waited for any longer
LEFT_BEHIND_S = 86_400  # a file that a killed process had begun is removed after this
_known: dict[Path, int] = {}  # the size up to which a segment's requests are all in the ledger: nobody has to look again


def rearm() -> None:
    """Ask for a drain when entries wait and none runs."""
    if any(streams.lengths().values()):
        if not redis().exists(key("drain", "alive")):
            ensure_drain()
    else:
        streams.forget_pending()


def compare() -> int:
    """Re-queue what the ledger misses, seal and move finished segments, drop what has expired; one process at a time.

    Answers how many requests were queued again. A store that is away ends its part of the round, not the others.
    """
    if not redis().set(key("sweep"), b"1", nx=True, px=int(COMPARE_S * 900)):
        return 0
    with exclusive("sweep", hold_s=HOLD_S) as mine:
        return sum(_guarded(part) for part in _parts(raw_log())) if mine else 0


def _parts(store: FileRawLog | BucketRawLog) -> list[Callable[[], int]]:
    if isinstance(store, FileRawLog):
        return [partial(_compare_segments, store), partial(_expire, store)]
    return [
        partial(_compare_segments, store.files),
        partial(sweep_objects.compare, store.objects, GRACE_US, PART_S),
        partial(_move, store.files),
        partial(_expire, store.files),
    ]


def _guarded(part: Callable[[], int]) -> int:
    try:
        return part()
    except ServiceUnavailableError as error:
        log.warning("the sweep goes on without a part of its round: %s", error.__cause__ or error.message)
        return 0


def _compare_segments(files: FileRawLog) -> int:
    waiting, paths = streams.lengths(), files.segments()
    for gone in _known.keys() - set(paths):
        del _known[gone]
    requeued = 0
    for path in paths:
        with exclusive(RAW_LOG_LOCK, hold_s=LOCK_S) as mine:
            if mine:  # else deleted events are being taken out of a segment; the next round comes soon
                requeued += _compare_segment(files, path, waiting)
    return requeued


def _compare_segment(log_files: FileRawLog, path: Path, waiting: dict[tuple[str, int], int]) -> int:
    size = path.stat().st_size  # before the look: what is appended meanwhile counts as unseen
    requeued = 0
    if _known.get(path) != size:
        complete, requeued = _compare_frames(list(log_files.scan(path)), path, waiting)
        if not complete:
            return requeued
        _known[path] = size
    if _finished(path):
        log_files.seal(path)
    return requeued


def _compare_frames(frames: list[tuple[FrameHeader, Ref]], path: Path, waiting: dict[tuple[str, int], int]) -> tuple[bool, int]:
    """Whether the ledger knows every request of a segment, and how many were queued again."""
    ripe = [(header, ref) for header, ref in frames if header.received_at < now_us() - GRACE_US]
    missing = _missing(ripe)
    requeued = 0
    for header, ref, shards in missing:
        lost = {shard for shard in shards if not sweep_objects.awaited(waiting, shard)}
        if lost:
            streams.republish(ref, header.project_id, lost)
            requeued += 1
    if requeued:
        log.warning("%d requests of segment %s were lost on their way and are queued again", requeued, path.name)
        ensure_drain()
    return not missing and len(ripe) == len(frames), requeued


def _missing(frames: list[tuple[FrameHeader, Ref]]) -> list[tuple[FrameHeader, Ref, set[int]]]:
    found: list[tuple[FrameHeader, Ref, set[int]]] = []
    for start in range(0, len(frames), 2_000):
        part = frames[start : start + 2_000]
        # Requests are appended in nearly the order in which they came, and not quite.
        came = [header.received_at for header, _ in part]
        logged = columnar.logged_shards([header.request_id for header, _ in part], min(came), max(came))
        for header, ref in part:
            absent = set(header.routes) - logged.get(header.request_id, set())
            if absent:
                found.append((header, ref, absent))
    return found


def _finished(path: Path) -> bool:
    """Nobody appends any more: rotation would have come by now."""
    age = time.time() - path.stat().st_mtime
    return age > get_settings().LANGFUSE_RAW_LOG_ROTATE_SECONDS + 30


def _move(files: FileRawLog) -> int:
    """Give sealed segments to the bucket: those of which there is time, the others in the next round."""
    until = time.monotonic() + PART_S
    for path in files.sealed():
        with exclusive(RAW_LOG_LOCK, hold_s=LOCK_S) as mine:
            if mine and files.moved and path.exists():
                files.moved.take(path)
        if time.monotonic() >= until:
            break
    return 0


def _expire(files: FileRawLog) -> int:
    limit = time.time() - get_settings().LANGFUSE_RAW_LOG_RETENTION_HOURS * 3600
    _remove(files.sealed(), limit)
    _remove([*files.folder.glob("*.part"), *files.folder.glob("*.erasing")], time.time() - LEFT_BEHIND_S)
    if files.moved:
        files.moved.expire(limit, time.monotonic() + PART_S)
    return 0


def _remove(paths: Iterable[Path], before: float) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                path.unlink()
