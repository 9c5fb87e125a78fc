"""Shapes of annotation queues (spec/api.md §3.1, §13 AnnotationQueue)."""

from enum import StrEnum

from pydantic import Field

from langfuse_app.core.shapes import LONGEST_NAME, Body, PageMeta, Shape, StrictBody, WireTime, examples


class QueueStatus(StrEnum):
    """Where an item stands."""

    PENDING = "PENDING"
    COMPLETED = "COMPLETED"


class QueueObjectType(StrEnum):
    """What an item can point at."""

    TRACE = "TRACE"
    OBSERVATION = "OBSERVATION"
    SESSION = "SESSION"


class CreateQueue(StrictBody):
    """Body of POST /annotation-queues."""

    model_config = examples({"name": "To review", "scoreConfigIds": ["5f0eac9f-0ef2-49b0-89f5-31578ffe515a"]})

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    description: str | None = None
    score_config_ids: list[str] = Field(min_length=1)


class CreateItem(Body):
    """Body of POST …/items; the object is not looked up."""

    model_config = examples({"objectId": "trace-1", "objectType": "TRACE"})

    object_id: str = Field(min_length=1, max_length=LONGEST_NAME)
    object_type: QueueObjectType
    status: QueueStatus | None = None


class UpdateItem(Body):
    """Body of PATCH …/items/{id}."""

    model_config = examples({"status": "COMPLETED"})

    status: QueueStatus | None = None


class AssignmentBody(Body):
    """Body of POST and DELETE …/assignments."""

    user_id: str = Field(min_length=1)


class QueueOut(Shape):
    """One queue."""

    id: str
    name: str
    description: str | None
    score_config_ids: list[str]
    created_at: WireTime
    updated_at: WireTime


class QueuesOut(Shape):
    """A page of queues."""

    data: list[QueueOut]
    meta: PageMeta


class ItemOut(Shape):
    """One item of a queue."""

    id: str
    queue_id: str
    object_id: str
    object_type: QueueObjectType
    status: QueueStatus
    completed_at: WireTime | None
    created_at: WireTime
    updated_at: WireTime


class ItemsOut(Shape):
    """A page of items."""

    data: list[ItemOut]
    meta: PageMeta


class ItemDeleted(Shape):
    """The answer to DELETE of an item."""

    success: bool
    message: str


class AssignmentOut(Shape):
    """The answer to POST …/assignments."""

    user_id: str
    queue_id: str
    project_id: str


class AssignmentDeleted(Shape):
    """The answer to DELETE …/assignments."""

    success: bool
