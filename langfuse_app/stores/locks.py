"""Locks between processes, for work that two must not do at once; they end by themselves when their holder dies."""

from collections.abc import Generator
from contextlib import contextmanager

from redis.exceptions import LockError

from langfuse_app.stores.redis import key, redis


@contextmanager
def exclusive(name: str, *, hold_s: float, wait_s: float = 0) -> Generator[bool]:
    """Yields whether the lock is ours; it is given back at the end, and after `hold_s` at the latest."""
    lock = redis().lock(key("lock", name), timeout=hold_s, blocking=wait_s > 0, blocking_timeout=wait_s or None)
    mine = lock.acquire()
    try:
        yield mine
    finally:
        if mine:
            _release(lock)


def _release(lock: object) -> None:
    try:
        lock.release()  # pyright: ignore[reportAttributeAccessIssue] - redis-py's Lock
    except LockError:
        return  # it had ended by itself: the work took longer than `hold_s`
