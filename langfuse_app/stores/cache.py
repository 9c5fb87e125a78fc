"""A cache with an epoch per project: writers bump the epoch after their commit, readers miss at once.

In-process copies live at most a second, so a change is seen everywhere within that second (architecture §4, Redis).
When Redis is down the loader is asked: PostgreSQL is the truth.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.stores.redis import key, redis

log = logging.getLogger(__name__)

_LOCAL_TTL_S = 1.0
_LOCAL_LIMIT = 20_000
_local: dict[tuple[str, str], tuple[float, bytes]] = {}
_bumps: dict[str, int] = {}  # how often this process made a space stale
_lock = threading.Lock()


def cached(space: str, name: str, loader: Callable[[], bytes], ttl_s: int = 300, outlast_s: int = 0) -> bytes:
    """The bytes under `name` in `space` (a project id, or a fixed word); loaded and kept when absent.

    For `outlast_s` after its `ttl_s` a value is answered while it is loaded behind it, so that whoever knows it does not
    need the loader's store; a bumped value never is, nor is an empty one, which says that there is nothing.
    """
    hit = remembered(space, name)
    if hit is not None:
        return hit
    now, bumps = time.monotonic(), _bumps.get(space, 0)
    value = _through_redis(space, name, loader, ttl_s, outlast_s)
    with _lock:
        if len(_local) >= _LOCAL_LIMIT:
            _local.clear()
        if _bumps.get(space, 0) == bumps:  # else a writer came while it was loaded, and it may be of before
            _local[(space, name)] = (now + _LOCAL_TTL_S, value)
    return value


def remembered(space: str, name: str) -> bytes | None:
    """What this process remembers of the last second, without any waiting: for code on the event loop."""
    hit = _local.get((space, name))
    return hit[1] if hit and hit[0] > time.monotonic() else None


def _through_redis(space: str, name: str, loader: Callable[[], bytes], ttl_s: int, outlast_s: int) -> bytes:
    """One round trip fetches the epoch and the value stored with it; a value of an older epoch does not count."""
    entry = key("cache", space, name)
    try:
        answers: Any = redis().mget(key("epoch", space), entry)
    except RedisError:
        return loader()
    epoch, stored = answers
    stamp: bytes = (epoch or b"0") + b"|"

    def load() -> bytes:
        value = loader()
        with suppress(RedisError):  # it is loaded again next time
            redis().set(entry, b"%b%d|%b" % (stamp, time.time() + ttl_s, value), ex=ttl_s + (outlast_s if value else 0))
        return value

    if stored is None or not stored.startswith(stamp):
        return load()
    fresh_until, _, value = stored[len(stamp) :].partition(b"|")
    if int(fresh_until) <= time.time():
        _load_behind((space, name), load)
    return value


_loading: set[tuple[str, str]] = set()


def _load_behind(place: tuple[str, str], load: Callable[[], bytes]) -> None:
    """Load on a thread, one at a time per place: a store that hangs holds one thread and no request."""
    with _lock:
        if place in _loading:
            return
        _loading.add(place)

    def run() -> None:
        try:
            load()
        except ServiceUnavailableError as error:
            log.warning("a cached value of %s stays as it was: %s", place[0], error)
        finally:
            with _lock:
                _loading.discard(place)

    threading.Thread(target=run, name="cache-refresh", daemon=True).start()


def bump(space: str) -> None:
    """Make every cached value of `space` stale; call it after the commit."""
    try:
        redis().incr(key("epoch", space))
    except RedisError:
        # Nobody can read the stale entry while Redis is away; the flag below makes us bump when it is back.
        _pending.add(space)
    with _lock:
        _bumps[space] = _bumps.get(space, 0) + 1
        for entry in [entry for entry in list(_local) if entry[0] == space]:
            _local.pop(entry, None)


_pending: set[str] = set()


def settle() -> None:
    """Bump the spaces that changed while Redis was away; schedules call it."""
    for space in list(_pending):
        redis().incr(key("epoch", space))
        _pending.discard(space)
