"""The sweep of requests that are objects: their names are compared with the ledger, hour by hour.

An hour that is over and whose requests all have all their shards in the ledger is finished: a marker in the bucket says so, and
it is not listed again. Of the others Redis remembers up to which name everything is known; losing that costs a listing.
"""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec

from langfuse_app.core.settings import get_settings
from langfuse_app.core.time import now_us
from langfuse_app.features.ingest import repository_clickhouse as columnar
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest.service import ensure_drain
from langfuse_app.stores.raw_log import ObjectRawLog
from langfuse_app.stores.raw_log.objects import Named, Page, hour_of
from langfuse_app.stores.redis import key, redis

log = logging.getLogger(__name__)

LATE_S = 120  # an accepted object is listed by then: its PUT is given up after 15 s, the rest is for clocks that differ
OVERDUE_S = 86_400  # an hour that never was finished is kept this much longer, and while entries as old as it wait
_READS = 16  # headers at once
Waiting = dict[tuple[str, int], int]
Missing = dict[str, tuple[Named, set[int]]]
"""By name: a request, and its shards without a line in the ledger."""


class Place(msgspec.Struct):
    """How far an hour is: the name up to which everything is known, and the one where a pass without time left goes on."""

    known: str = ""
    resume: str = ""


def compare(objects: ObjectRawLog, grace_us: int, seconds: float) -> int:
    """Re-queue what the ledger misses, then remove what has expired, each for about so many seconds; how many requests were queued again."""
    finished, oldest, now = objects.finished(), objects.oldest(), time.time()
    hours = _unfinished(oldest, set(finished), now)
    waiting, until = streams.lengths(), time.monotonic() + seconds
    requeued = 0
    for left, hour in zip(range(len(hours), 0, -1), hours, strict=True):  # an hour with much to do leaves the others their share
        begun = time.monotonic()
        requeued += _compare_hour(objects, hour, now, grace_us, waiting, begun + (until - begun) / left)
    if requeued:
        log.warning("%d requests were lost on their way and are queued again", requeued)
        ensure_drain()
    _expire(objects, _expired(objects, finished, oldest, now), time.monotonic() + seconds)
    return requeued


def _retention_s() -> float:
    return get_settings().LANGFUSE_RAW_LOG_RETENTION_HOURS * 3600


def _unfinished(oldest: str | None, finished: set[str], now: float) -> list[str]:
    """Hours that have to be compared, newest first."""
    hours = (hour_of(now - back) for back in range(0, int(_retention_s()) + 1, 3600))
    return [hour for hour in hours if oldest and hour >= oldest and hour not in finished]


def _compare_hour(objects: ObjectRawLog, hour: str, now: float, grace_us: int, waiting: Waiting, until: float) -> int:
    place, requeued = _place(hour), 0
    after, unbroken = place.resume or place.known, not place.resume
    while True:
        page = objects.page(hour, after)
        missing = _missing(page.requests, grace_us)
        requeued += _requeue(objects, missing, waiting)
        if unbroken:
            place.known, unbroken = _known(place.known, page, missing, now - LATE_S)
        after = page.last
        if not page.more or time.monotonic() >= until:
            break
    place.resume = after if page.more and not unbroken else ""
    if unbroken and not page.more and hour < hour_of(now - LATE_S):
        objects.finish(hour)
        redis().hdel(key("sweep", "hours"), hour)
    else:
        redis().hset(key("sweep", "hours"), hour, msgspec.msgpack.encode(place))  # pyright: ignore[reportArgumentType]
    return requeued


def _place(hour: str) -> Place:
    found = redis().hget(key("sweep", "hours"), hour)
    return msgspec.msgpack.decode(found, type=Place) if isinstance(found, bytes) else Place()


def _missing(requests: list[Named], grace_us: int) -> Missing:
    ripe = [request for request in requests if request.received_at < now_us() - grace_us]
    if not ripe:
        return {}
    until = ripe[-1].received_at + 1_000_000  # names are cut to the second
    logged = columnar.logged_shards([request.request_id for request in ripe], ripe[0].received_at, until)
    absent = ((request, set(request.shards) - logged.get(request.request_id, set())) for request in ripe)
    return {request.ref.segment: (request, shards) for request, shards in absent if shards}


def _requeue(objects: ObjectRawLog, missing: Missing, waiting: Waiting) -> int:
    """Queue again what nobody waits for. What cannot be read, or was deleted since, is taken out of `missing`."""
    lost = [(request, {shard for shard in shards if not awaited(waiting, shard)}) for request, shards in missing.values()]
    lost = [(request, shards) for request, shards in lost if shards]
    if not lost:
        return 0
    requeued = 0
    with ThreadPoolExecutor(_READS) as pool:
        for (request, shards), routes in zip(lost, pool.map(partial(_routes, objects), [request for request, _ in lost]), strict=True):
            if shards & routes:
                streams.republish(request.ref, request.project_id, shards & routes)
                requeued += 1
            if not missing[request.ref.segment][1] & routes:
                del missing[request.ref.segment]
    return requeued


def awaited(waiting: Waiting, shard: int) -> bool:
    """Whether a shard has entries in any lane: one that is missing in the ledger may be among them."""
    return any(waiting[(lane, shard)] for lane in streams.LANES)


def _routes(objects: ObjectRawLog, request: Named) -> set[int]:
    try:
        return set(objects.header(request.ref).routes)
    except (KeyError, ValueError) as error:
        log.warning("%s is left out of the sweep: %r", request.ref.segment, error)
        return set()


def _known(known: str, page: Page, missing: Missing, late: float) -> tuple[str, bool]:
    """The name up to which everything is known now, and whether that is all of the page."""
    for request in page.requests:
        if request.received_at >= late * 1_000_000 or request.ref.segment in missing:
            return known, False
        known = request.ref.segment
    return page.last, True


def _expire(objects: ObjectRawLog, hours: Iterator[str], until: float) -> None:
    for hour in hours:
        if not objects.drop(hour, until):
            return
        redis().hdel(key("sweep", "hours"), hour)


def _expired(objects: ObjectRawLog, finished: list[str], oldest: str | None, now: float) -> Iterator[str]:
    """Finished hours, then those that never were; each has to be dropped before the next is asked for."""
    yield from (hour for hour in finished if hour < hour_of(now - _retention_s()))
    overdue = hour_of(now - _retention_s() - OVERDUE_S)
    while oldest and oldest < overdue and not _awaited_since(oldest):
        yield oldest
        oldest = objects.oldest()


def _awaited_since(hour: str) -> bool:
    oldest = streams.oldest_waiting()
    return oldest is not None and hour_of(oldest - LATE_S) <= hour
