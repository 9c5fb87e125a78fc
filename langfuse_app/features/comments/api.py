"""Routes of comments (spec/api.md §3.1)."""

from typing import Annotated

from fastapi import APIRouter, Query

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import answers
from langfuse_app.api.params import StrictPaged
from langfuse_app.core.shapes import PageMeta
from langfuse_app.features.comments import service
from langfuse_app.features.comments.schemas import CommentId, CommentObjectType, CommentOut, CommentQuery, CommentsOut, CreateComment

router = APIRouter(tags=["comments"])


class Comments(StrictPaged):
    """Query of `GET /comments`."""

    object_type: CommentObjectType | None = None
    object_id: str | None = None
    author_user_id: str | None = None


@router.post("/api/public/comments", responses=answers(CommentId, 404))
def create_comment(scope: Project, body: CreateComment) -> CommentId:
    """Comment on a trace, an observation, a session or a prompt."""
    return CommentId(id=service.create_comment(scope, body).id)


@router.get("/api/public/comments", responses=answers(CommentsOut))
def list_comments(scope: Project, params: Annotated[Comments, Query()]) -> CommentsOut:
    """Comments by pages, newest first."""
    query = CommentQuery(params.object_type, params.object_id, params.author_user_id, params.page, params.limit)
    found = service.list_comments(scope, query)
    return CommentsOut(data=[CommentOut.model_validate(row) for row in found.items], meta=PageMeta.model_validate(found.meta()))


@router.get("/api/public/comments/{comment_id}", responses=answers(CommentOut, 404))
def get_comment(scope: Project, comment_id: str) -> CommentOut:
    """One comment."""
    return CommentOut.model_validate(service.get_comment(scope, comment_id))
