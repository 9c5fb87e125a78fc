"""Shapes of comments (spec/api.md §3.1, §13 Comment)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from langfuse_app.core.shapes import PageMeta, Shape, StrictBody, WireTime, examples


class CommentObjectType(StrEnum):
    """What can be commented on."""

    TRACE = "TRACE"
    OBSERVATION = "OBSERVATION"
    SESSION = "SESSION"
    PROMPT = "PROMPT"


class CreateComment(StrictBody):
    """Body of POST. projectId is asked for, but the project of the key counts."""

    model_config = examples({"projectId": "project-1", "objectType": "TRACE", "objectId": "trace-1", "content": "Well said."})

    project_id: str
    object_type: CommentObjectType
    object_id: str = Field(min_length=1)
    content: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]
    author_user_id: str | None = None


@dataclass(frozen=True, slots=True)
class CommentQuery:
    """Which comments; `object_id` is only known together with its type."""

    object_type: CommentObjectType | None = None
    object_id: str | None = None
    author_user_id: str | None = None
    page: int = 1
    limit: int = 50


class CommentId(Shape):
    """The answer to POST."""

    id: str


class CommentOut(Shape):
    """One comment; Markdown in `content`."""

    id: str
    project_id: str
    created_at: WireTime
    updated_at: WireTime
    object_type: CommentObjectType
    object_id: str
    content: str
    author_user_id: str | None


class CommentsOut(Shape):
    """A page of comments."""

    data: list[CommentOut]
    meta: PageMeta
