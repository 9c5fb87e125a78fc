"""Jobs by name: whoever enqueues never imports the worker, whoever works never guesses a name (worker/queues.py)."""

from datetime import timedelta
from functools import lru_cache
from typing import Any

from rq import Queue, Retry
from rq.job import Job

from langfuse_app.core.settings import get_settings
from langfuse_app.stores.redis import redis


def queue_name(name: str) -> str:
    """The name of a queue in Redis, under the prefix of the installation."""
    return get_settings().REDIS_KEY_PREFIX + name


@lru_cache
def queue(name: str) -> Queue:
    """The RQ queue of that name."""
    return Queue(queue_name(name), connection=redis())


def enqueue(name: str, task: str, *args: Any, delay_s: float = 0, retries: int = 0, timeout_s: int = 600) -> Job:
    """Put a job on a queue. `task` is the dotted name of the function; a failed job leaves no key behind for a year."""
    options: dict[str, Any] = {"job_timeout": timeout_s, "result_ttl": 60, "failure_ttl": 86_400}
    if retries:
        options["retry"] = Retry(max=retries, interval=[5 * 2**n for n in range(retries)])
    if delay_s:
        return queue(name).enqueue_in(timedelta(seconds=delay_s), task, *args, **options)
    return queue(name).enqueue(task, *args, **options)
