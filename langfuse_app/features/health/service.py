"""Health: whether the stores answer and data arrives (spec/api.md §4.14)."""

import logging
import threading

from langfuse_app.features.health import repository_clickhouse
from langfuse_app.stores import clickhouse, postgres, redis

log = logging.getLogger(__name__)

OK = "OK"
_stopping = threading.Event()


def status(*, need_database: bool = False, need_recent: bool = False) -> str:
    """OK, or the words of the contract that say what is wrong."""
    try:
        if need_database:
            postgres.ping()
    except Exception:
        log.exception("health check: PostgreSQL does not answer")
        return "Database not available"
    try:
        return _recent() if need_recent else OK
    except Exception:
        log.exception("health check: ClickHouse does not answer")
        return "Health check failed"


def _recent() -> str:
    traces, observations = repository_clickhouse.recent()
    if not traces:
        return "No traces within the last 3 minutes"
    return OK if observations else "No observations within the last 3 minutes"


def readiness() -> str:
    """OK when this process can serve requests now; it cannot while it is stopping or a store is away."""
    if _stopping.is_set():
        return "Shutting down"
    try:
        for store in (postgres, clickhouse, redis):
            store.ping()
    except Exception:
        log.exception("readiness check failed")
        return "Health check failed"
    return OK


def stop_serving() -> None:
    """From now on this process says that it is not ready, so that a load balancer turns away (at SIGTERM)."""
    _stopping.set()


def is_stopping() -> bool:
    """Whether stop_serving was called."""
    return _stopping.is_set()
