"""Jobs of a queue, moved and removed; no tenant's data is in them."""

from contextlib import suppress
from typing import Any

from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Job
from rq.registry import BaseRegistry, FailedJobRegistry

from langfuse_app.stores.queue import queue
from langfuse_app.stores.redis import redis


def retry_failed(name: str) -> int:
    """Queue the jobs again that failed until now; how many."""
    registry = queue(name).failed_job_registry
    return sum(_requeued(registry, job_id) for job_id in registry.get_job_ids())


def _requeued(registry: FailedJobRegistry, job_id: str) -> bool:
    try:
        registry.requeue(job_id)
    except NoSuchJobError:  # it has expired
        registry.remove(job_id)
        return False
    except InvalidJobOperation:  # somebody else was quicker
        return False
    return True


def remove_waiting(name: str) -> int:
    """Take away what nobody has begun; how many jobs."""
    count: Any = queue(name).empty()  # a script's answer, which RQ calls a text
    return int(count)


def remove_failed(name: str) -> int:
    """Take away what failed for good; how many jobs."""
    return _removed(queue(name).failed_job_registry)


def remove_delayed(name: str) -> int:
    """Take away what waits for its time; how many jobs."""
    return _removed(queue(name).scheduled_job_registry)


def remove_completed(name: str) -> int:
    """Forget what was done; how many jobs."""
    return _removed(queue(name).finished_job_registry)


def _removed(registry: BaseRegistry) -> int:
    """A job that left the registry meanwhile is somebody else's, and stays."""
    mine = [job_id for job_id in registry.get_job_ids() if registry.remove(job_id)]
    for job_id in mine:
        with suppress(NoSuchJobError):  # it has expired
            Job.fetch(job_id, connection=redis()).delete(remove_from_queue=False)
    return len(mine)
