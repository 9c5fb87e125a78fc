"""Redis: one pool per process; every key carries the prefix of the installation."""

import asyncio
from functools import lru_cache
from weakref import WeakKeyDictionary

import redis as redis_py
from redis.asyncio import Redis as AsyncRedis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from langfuse_app.core.settings import get_settings


@lru_cache
def redis() -> redis_py.Redis:
    """The client of this process; answers are bytes."""
    return redis_py.Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - untyped **kwargs in redis-py
        get_settings().REDIS_CONNECTION_STRING,
        socket_connect_timeout=3,
        socket_timeout=10,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 2),
        health_check_interval=30,
    )


def key(*parts: object) -> str:
    """A key in our name space: prefix, `lf`, parts joined by colons."""
    return ":".join([get_settings().REDIS_KEY_PREFIX + "lf", *map(str, parts)])


def ping() -> None:
    """Raise when the server does not answer."""
    redis().ping()


def aredis() -> AsyncRedis:
    """The client for code on the event loop; one per loop, since its connections belong to a loop."""
    loop = asyncio.get_running_loop()
    if loop not in _by_loop:
        _by_loop[loop] = AsyncRedis.from_url(  # pyright: ignore[reportUnknownMemberType] - untyped **kwargs in redis-py
            get_settings().REDIS_CONNECTION_STRING, socket_connect_timeout=3, socket_timeout=5, health_check_interval=30
        )
    return _by_loop[loop]


_by_loop: "WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncRedis]" = WeakKeyDictionary()
