"""Tasks of deletions: erasing from the stores soon after the request, from the raw log within a day or when asked."""

import logging

from langfuse_app.features.accounts.service import worker_scope
from langfuse_app.features.deletions import service
from langfuse_app.features.retention import service as retention
from langfuse_app.stores.queue import enqueue
from langfuse_app.stores.redis import key, redis

log = logging.getLogger(__name__)

RAW_LOG_EVERY_S, RETENTION_EVERY_S = 6 * 3600, 24 * 3600
LOOK_S = 60.0


def erase() -> None:
    """The task of `trace-delete`."""
    count = service.erase_stores()
    if count:
        log.info("%d deletions are erased from the stores", count)


def delete_project(project_id: str, org_id: str) -> None:
    """The task of `project-delete`; the project was marked as deleted by someone who may."""
    service.delete_project(worker_scope(project_id, org_id))


def erase_raw_log() -> None:
    """The other task of `trace-delete`: segments lose what was deleted."""
    count = service.erase_raw_log()
    if count:
        log.info("%d deletions are erased from the raw log", count)


def retain() -> None:
    """The task of `data-retention-queue`."""
    retention.apply()


def look() -> None:
    """A schedule: ask for the tasks a few times a day; whatever an earlier job left is taken up again."""
    if redis().set(key("retention"), b"1", nx=True, ex=RETENTION_EVERY_S):
        enqueue("data-retention-queue", "worker.deletions.retain", retries=5)
    if redis().set(key("erasure"), b"1", nx=True, ex=RAW_LOG_EVERY_S):
        enqueue(service.QUEUE, service.JOB, retries=2)
        enqueue(service.QUEUE, "worker.deletions.erase_raw_log", retries=2, timeout_s=3600)
