"""Scheduled exports to blob storage: looking for what is due, and the task that does it."""

from langfuse_app.features.accounts.service import worker_scope
from langfuse_app.features.blob_storage import exports
from langfuse_app.stores.queue import enqueue
from langfuse_app.stores.redis import key, redis

QUEUE = "blobstorage-integration-queue"
LOOK_S = 60.0
_ASKED_S = 3600  # a job that was lost is asked for again after this long


def look() -> None:
    """A schedule: ask once for an export of every project where one is due."""
    for project_id, org_id in exports.due():
        if redis().set(key("blob-export", project_id), b"1", nx=True, ex=_ASKED_S):
            enqueue(QUEUE, "worker.blob_exports.export", project_id, org_id, timeout_s=3600)


def export(project_id: str, org_id: str) -> None:
    """The task: everything that is due of one project."""
    redis().delete(key("blob-export", project_id))
    exports.export(worker_scope(project_id, org_id))
