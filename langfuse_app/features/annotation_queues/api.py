"""Routes of annotation queues (spec/api.md §3.1)."""

from typing import Annotated

from fastapi import APIRouter, Query

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import answers
from langfuse_app.api.params import Paged, StrictPaged
from langfuse_app.core.shapes import PageMeta
from langfuse_app.features.annotation_queues import service
from langfuse_app.features.annotation_queues.schemas import (
    AssignmentBody,
    AssignmentDeleted,
    AssignmentOut,
    CreateItem,
    CreateQueue,
    ItemDeleted,
    ItemOut,
    ItemsOut,
    QueueOut,
    QueuesOut,
    QueueStatus,
    UpdateItem,
)

router = APIRouter(tags=["annotation queues"])
_QUEUES = "/api/public/annotation-queues"
_ITEMS = _QUEUES + "/{queue_id}/items"
_ASSIGNMENTS = _QUEUES + "/{queue_id}/assignments"


class Items(Paged):
    """Query of `GET …/items`."""

    status: QueueStatus | None = None


@router.get(_QUEUES, responses=answers(QueuesOut))
def list_queues(scope: Project, params: Annotated[StrictPaged, Query()]) -> QueuesOut:
    """Queues by pages, newest first."""
    found = service.list_queues(scope, params.page, params.limit)
    return QueuesOut(data=[QueueOut.model_validate(row) for row in found.items], meta=PageMeta.model_validate(found.meta()))


@router.post(_QUEUES, responses=answers(QueueOut))
def create_queue(scope: Project, body: CreateQueue) -> QueueOut:
    """Make a queue for some score configs."""
    return QueueOut.model_validate(service.create_queue(scope, body))


@router.get(_QUEUES + "/{queue_id}", responses=answers(QueueOut, 404))
def get_queue(scope: Project, queue_id: str) -> QueueOut:
    """One queue."""
    return QueueOut.model_validate(service.get_queue(scope, queue_id))


@router.get(_ITEMS, responses=answers(ItemsOut, 404))
def list_items(scope: Project, queue_id: str, params: Annotated[Items, Query()]) -> ItemsOut:
    """Items of a queue by pages, newest first."""
    found = service.list_items(scope, queue_id, params.status, params.page, params.limit)
    return ItemsOut(data=[ItemOut.model_validate(row) for row in found.items], meta=PageMeta.model_validate(found.meta()))


@router.post(_ITEMS, responses=answers(ItemOut, 404))
def add_item(scope: Project, queue_id: str, body: CreateItem) -> ItemOut:
    """Put a trace, an observation or a session into a queue."""
    return ItemOut.model_validate(service.add_item(scope, queue_id, body))


@router.get(_ITEMS + "/{item_id}", responses=answers(ItemOut, 404))
def get_item(scope: Project, queue_id: str, item_id: str) -> ItemOut:
    """One item."""
    return ItemOut.model_validate(service.get_item(scope, queue_id, item_id))


@router.patch(_ITEMS + "/{item_id}", responses=answers(ItemOut, 404))
def update_item(scope: Project, queue_id: str, item_id: str, body: UpdateItem) -> ItemOut:
    """Complete an item, or open it again."""
    return ItemOut.model_validate(service.update_item(scope, queue_id, item_id, body.status))


@router.delete(_ITEMS + "/{item_id}", responses=answers(ItemDeleted, 404))
def remove_item(scope: Project, queue_id: str, item_id: str) -> ItemDeleted:
    """Take an item out of a queue."""
    service.remove_item(scope, queue_id, item_id)
    return ItemDeleted(success=True, message="Annotation queue item deleted successfully")


@router.post(_ASSIGNMENTS, responses=answers(AssignmentOut, 404))
def assign(scope: Project, queue_id: str, body: AssignmentBody) -> AssignmentOut:
    """Make a person work on a queue; safe to repeat."""
    service.assign(scope, queue_id, body.user_id)
    return AssignmentOut(user_id=body.user_id, queue_id=queue_id, project_id=scope.project_id)


@router.delete(_ASSIGNMENTS, responses=answers(AssignmentDeleted, 404))
def unassign(scope: Project, queue_id: str, body: AssignmentBody) -> AssignmentDeleted:
    """Take a person off a queue."""
    service.unassign(scope, queue_id, body.user_id)
    return AssignmentDeleted(success=True)
