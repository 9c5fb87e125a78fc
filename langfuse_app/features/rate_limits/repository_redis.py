"""The counters of the rate limits: fixed windows in Redis, by the library `limits`."""

from functools import lru_cache

from limits import RateLimitItem
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter

from langfuse_app.core.settings import get_settings
from langfuse_app.stores.redis import key, redis


@lru_cache
def _limiter() -> FixedWindowRateLimiter:
    pool = redis().connection_pool
    return FixedWindowRateLimiter(
        RedisStorage(get_settings().REDIS_CONNECTION_STRING, connection_pool=pool, key_prefix=key("limits"), wrap_exceptions=True)
    )


def hit(limit: RateLimitItem, *identifiers: str) -> bool:
    """Count one; False when the window is used up. StorageError when Redis is away."""
    return _limiter().hit(limit, *identifiers)


def reset_at(limit: RateLimitItem, *identifiers: str) -> float:
    """When the window ends, in seconds since the epoch."""
    return _limiter().get_window_stats(limit, *identifiers).reset_time
