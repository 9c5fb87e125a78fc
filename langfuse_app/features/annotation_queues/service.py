"""The rules of annotation queues (spec/api.md §3.1)."""

from langfuse_app.core.errors import InvalidRequestError, NotFoundError
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope, Role
from langfuse_app.core.shapes import plain
from langfuse_app.core.time import utcnow
from langfuse_app.features.annotation_queues import repository
from langfuse_app.features.annotation_queues.models import AnnotationQueue, AnnotationQueueItem
from langfuse_app.features.annotation_queues.schemas import CreateItem, CreateQueue, ItemOut, QueueOut, QueueStatus
from langfuse_app.features.audit import service as audit
from langfuse_app.features.organizations import service as organizations
from langfuse_app.features.score_configs import service as score_configs
from langfuse_app.stores.postgres import transaction

_QUEUE, _ITEM, _ASSIGNMENT = "annotationQueue", "annotationQueueItem", "annotationQueueAssignment"


def list_queues(scope: ProjectScope, page: int = 1, limit: int = 50) -> Page[AnnotationQueue]:
    """Queues of the project, newest first."""
    found, total = repository.page(scope, limit, (page - 1) * limit)
    return Page(found, page, limit, total)


def get_queue(scope: ProjectScope, queue_id: str) -> AnnotationQueue:
    """One queue; NotFoundError."""
    queue = repository.one(scope, queue_id)
    if queue is None:
        raise NotFoundError("Annotation queue not found")
    return queue


@transaction()
def create_queue(scope: ProjectScope, new: CreateQueue) -> AnnotationQueue:
    """Make a queue; InvalidRequestError when a score config is not of the project, or the name is taken."""
    scope.require(Role.MEMBER)
    unknown = set(new.score_config_ids) - score_configs.known_configs(scope, new.score_config_ids)
    if unknown:
        raise InvalidRequestError(f"scoreConfigIds: not found in this project: {', '.join(sorted(unknown))}")
    queue = AnnotationQueue(project_id=scope.project_id, **new.model_dump())
    if not repository.add(queue):
        raise InvalidRequestError("A queue with this name already exists.")
    audit.record(scope, "create", _QUEUE, queue.id, after=plain(QueueOut, queue))
    return queue


def list_items(scope: ProjectScope, queue_id: str, status: QueueStatus | None, page: int = 1, limit: int = 50) -> Page[AnnotationQueueItem]:
    """Items of a queue, newest first; NotFoundError without the queue."""
    get_queue(scope, queue_id)
    found, total = repository.items(scope, queue_id, status, limit, (page - 1) * limit)
    return Page(found, page, limit, total)


def get_item(scope: ProjectScope, queue_id: str, item_id: str) -> AnnotationQueueItem:
    """One item; NotFoundError without queue or item."""
    get_queue(scope, queue_id)
    return _found(repository.item(scope, queue_id, item_id))


@transaction()
def add_item(scope: ProjectScope, queue_id: str, new: CreateItem) -> AnnotationQueueItem:
    """Put an object into a queue, even one that is not there or is in it already; NotFoundError without the queue."""
    scope.require(Role.MEMBER)
    get_queue(scope, queue_id)
    item = AnnotationQueueItem(project_id=scope.project_id, queue_id=queue_id, object_id=new.object_id, object_type=new.object_type)
    _set_status(item, new.status)
    repository.add_item(item)
    audit.record(scope, "create", _ITEM, item.id, after=plain(ItemOut, item))
    return item


@transaction()
def update_item(scope: ProjectScope, queue_id: str, item_id: str, status: QueueStatus | None) -> AnnotationQueueItem:
    """Change an item's status; NotFoundError without queue or item."""
    scope.require(Role.MEMBER)
    before = plain(ItemOut, get_item(scope, queue_id, item_id))
    item = _found(repository.change_item(scope, queue_id, item_id, lambda found: _set_status(found, status)))
    audit.record(scope, "update", _ITEM, item_id, before=before, after=plain(ItemOut, item))
    return item


@transaction()
def remove_item(scope: ProjectScope, queue_id: str, item_id: str) -> None:
    """Take an item out of a queue; NotFoundError without queue or item."""
    scope.require(Role.MEMBER)
    before = plain(ItemOut, get_item(scope, queue_id, item_id))
    if not repository.remove_item(scope, queue_id, item_id):
        raise _missing_item()
    audit.record(scope, "delete", _ITEM, item_id, before=before)


@transaction()
def assign(scope: ProjectScope, queue_id: str, user_id: str) -> None:
    """Make a person work on a queue; NotFoundError without the queue, or when the person cannot open the project."""
    scope.require(Role.ADMIN)
    get_queue(scope, queue_id)
    if organizations.membership(user_id, scope.project_id) is None:
        raise NotFoundError("User not found or not authorized for this project")
    repository.assign(scope, queue_id, user_id)
    audit.record(scope, "create", _ASSIGNMENT, queue_id, after={"userId": user_id, "queueId": queue_id})


@transaction()
def unassign(scope: ProjectScope, queue_id: str, user_id: str) -> None:
    """Take a person off a queue; no matter whether they were on it. NotFoundError without the queue."""
    scope.require(Role.ADMIN)
    get_queue(scope, queue_id)
    if repository.unassign(scope, queue_id, user_id):
        audit.record(scope, "delete", _ASSIGNMENT, queue_id, before={"userId": user_id, "queueId": queue_id})


def _set_status(item: AnnotationQueueItem, status: QueueStatus | None) -> None:
    """Completing stamps the time; going back to pending leaves the stamp, as the contract has it."""
    if status is not None:
        item.status = status
    if status is QueueStatus.COMPLETED:
        item.completed_at = utcnow()


def _found(item: AnnotationQueueItem | None) -> AnnotationQueueItem:
    if item is None:
        raise _missing_item()
    return item


def _missing_item() -> NotFoundError:
    return NotFoundError("Annotation queue item not found")
