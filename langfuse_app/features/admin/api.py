"""Routes of the operator's tools (spec/api.md §12): POST /api/admin/api-keys, …/bullmq, …/ingestion-replay, and reads of the last two."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from langfuse_app.api import cursors
from langfuse_app.api.auth import Admin
from langfuse_app.api.documented import admin_answers
from langfuse_app.core.shapes import Message
from langfuse_app.features.admin import service
from langfuse_app.features.admin.schemas import (
    MOST,
    AddRequests,
    ApiKeysAction,
    DeadLettersOut,
    QueueAction,
    QueueActionOut,
    QueueCountsOut,
    ReplayOfDeadLetters,
    ReplayOfKeys,
    ReplayOut,
    ReplayRequest,
    RetryJobs,
)
from langfuse_app.features.ledger import service as ledger
from langfuse_app.features.ledger.schemas import Replay

router = APIRouter(tags=["admin"])
_QUEUES, _REPLAY = "/api/admin/bullmq", "/api/admin/ingestion-replay"


@router.post("/api/admin/api-keys", responses=admin_answers(Message, 404))
def change_keys(scope: Admin, body: ApiKeysAction) -> Message:
    """Revoke the keys of projects, or have them looked up again at their next use."""
    if body.action == "delete":
        service.delete_keys(scope, body.project_ids)
        return Message(message="API keys deleted")
    service.invalidate_keys(scope, body.project_ids)
    return Message(message="API keys invalidated")


@router.get(_QUEUES, responses=admin_answers(list[QueueCountsOut]))
def list_queues(scope: Admin) -> list[dict[str, Any]]:
    """Queues with their jobs by state, the lanes of ingestion and its dead letters among them."""
    return service.queue_counts(scope)


@router.post(_QUEUES, responses=admin_answers(QueueActionOut))
def change_queues(scope: Admin, body: QueueAction) -> QueueActionOut:
    """Retry what failed, remove jobs of a state, or queue stored requests again."""
    if isinstance(body, RetryJobs):
        return QueueActionOut(message="Retried all jobs", count=service.retry(scope, body.queue_names))
    if isinstance(body, AddRequests):
        count = service.replay_keys(scope, body.keys).queued
        return QueueActionOut(message=f"Added {count} requests to {body.queue_name}", count=count)
    return QueueActionOut(message="Removed all jobs", count=service.remove(scope, body.queue_names, body.bull_status))


@router.get(_REPLAY, responses=admin_answers(DeadLettersOut))
def list_dead_letters(
    scope: Admin,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    after: Annotated[str, Query(description="The id of the last one seen")] = "",
) -> DeadLettersOut:
    """Entries that failed for good and can be replayed, oldest first."""
    return DeadLettersOut.model_validate({"data": ledger.dead_letters(scope, limit, after)})


@router.post(_REPLAY, responses=admin_answers(ReplayOut, 404), response_model_exclude_none=True)
def replay(scope: Admin, body: ReplayRequest) -> ReplayOut:
    """Store accepted requests again: named ones, those of a project and a time, or dead letters.

    The rows become what they are or were meant to be, however often this is asked; what was deleted stays deleted.
    """
    if isinstance(body, ReplayOfKeys):
        return _shaped(service.replay_keys(scope, body.keys))
    if isinstance(body, ReplayOfDeadLetters):
        return _shaped(service.replay_dead_letters(scope, body.dead_letters))
    return _shaped(service.replay_period(scope, body, cursors.place(body.cursor)))


def _shaped(done: Replay) -> ReplayOut:
    return ReplayOut(queued=done.queued, skipped=len(done.errors), errors=done.errors, cursor=cursors.meta(done.last).cursor)
