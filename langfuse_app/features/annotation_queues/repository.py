"""PostgreSQL statements of annotation queues."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import ColumnElement, func
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.annotation_queues.models import AnnotationQueue, AnnotationQueueAssignment, AnnotationQueueItem
from langfuse_app.stores.postgres import session

Row = TypeVar("Row", AnnotationQueue, AnnotationQueueItem)


def _page(current: Session, table: type[Row], where: list[ColumnElement[bool]], limit: int, offset: int) -> tuple[list[Row], int]:
    order = (col(table.created_at).desc(), col(table.id).desc())
    found = current.exec(select(table).where(*where).order_by(*order).limit(limit).offset(offset)).all()
    return list(found), current.exec(select(func.count()).select_from(table).where(*where)).one()


def page(scope: ProjectScope, limit: int, offset: int) -> tuple[list[AnnotationQueue], int]:
    """Queues of the project, newest first, and how many there are."""
    with session() as current:
        return _page(current, AnnotationQueue, [col(AnnotationQueue.project_id) == scope.project_id], limit, offset)


def one(scope: ProjectScope, queue_id: str) -> AnnotationQueue | None:
    """The queue of that id in the project."""
    with session() as current:
        return current.exec(
            select(AnnotationQueue).where(AnnotationQueue.project_id == scope.project_id, AnnotationQueue.id == queue_id)
        ).first()


def add(queue: AnnotationQueue) -> bool:
    """Store a new queue; False when its name is taken."""
    try:
        with session() as current:
            current.add(queue)
    except IntegrityError:
        return False
    return True


def items(scope: ProjectScope, queue_id: str, status: str | None, limit: int, offset: int) -> tuple[list[AnnotationQueueItem], int]:
    """Items of a queue, newest first, and how many there are."""
    where = [col(AnnotationQueueItem.project_id) == scope.project_id, col(AnnotationQueueItem.queue_id) == queue_id]
    if status is not None:
        where.append(col(AnnotationQueueItem.status) == status)
    with session() as current:
        return _page(current, AnnotationQueueItem, where, limit, offset)


def _this(scope: ProjectScope, queue_id: str, item_id: str) -> tuple[ColumnElement[bool], ...]:
    table = AnnotationQueueItem
    return col(table.project_id) == scope.project_id, col(table.queue_id) == queue_id, col(table.id) == item_id


def item(scope: ProjectScope, queue_id: str, item_id: str) -> AnnotationQueueItem | None:
    """The item of that id in the queue."""
    with session() as current:
        return current.exec(select(AnnotationQueueItem).where(*_this(scope, queue_id, item_id))).first()


def add_item(item: AnnotationQueueItem) -> None:
    """Store a new item."""
    with session() as current:
        current.add(item)


def change_item(
    scope: ProjectScope, queue_id: str, item_id: str, change: Callable[[AnnotationQueueItem], None]
) -> AnnotationQueueItem | None:
    """Let `change` set fields of an item that nobody else changes meanwhile; None when the queue has none of that id."""
    with session() as current:
        found = current.exec(select(AnnotationQueueItem).where(*_this(scope, queue_id, item_id)).with_for_update()).first()
        if found is not None:
            change(found)
            found.updated_at = utcnow()
            current.add(found)
        return found


def remove_item(scope: ProjectScope, queue_id: str, item_id: str) -> bool:
    """Delete an item; False when the queue has none of that id."""
    with session() as current:
        return current.exec(delete(AnnotationQueueItem).where(*_this(scope, queue_id, item_id))).rowcount > 0


def assign(scope: ProjectScope, queue_id: str, user_id: str) -> None:
    """Assign a person; once is as good as twice."""
    row = AnnotationQueueAssignment(project_id=scope.project_id, queue_id=queue_id, user_id=user_id)
    with session() as current:
        current.connection().execute(upsert(AnnotationQueueAssignment).values(row.model_dump()).on_conflict_do_nothing())


def unassign(scope: ProjectScope, queue_id: str, user_id: str) -> bool:
    """Take the assignment back; False when there was none."""
    table = AnnotationQueueAssignment
    mine = (col(table.project_id) == scope.project_id, col(table.queue_id) == queue_id, col(table.user_id) == user_id)
    with session() as current:
        return current.exec(delete(table).where(*mine)).rowcount > 0
