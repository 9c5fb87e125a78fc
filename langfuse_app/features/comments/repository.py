"""PostgreSQL statements of comments."""

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.comments.models import Comment
from langfuse_app.features.comments.schemas import CommentQuery
from langfuse_app.stores.postgres import session


def add(comment: Comment) -> None:
    """Store a new comment."""
    with session() as current:
        current.add(comment)


def one(scope: ProjectScope, comment_id: str) -> Comment | None:
    """The comment of that id in the project."""
    with session() as current:
        return current.exec(select(Comment).where(Comment.project_id == scope.project_id, Comment.id == comment_id)).first()


def page(scope: ProjectScope, query: CommentQuery) -> tuple[list[Comment], int]:
    """Comments that match, newest first, and how many there are."""
    where = _matching(scope, query)
    order = (col(Comment.created_at).desc(), col(Comment.id).desc())
    with session() as current:
        found = current.exec(select(Comment).where(*where).order_by(*order).limit(query.limit).offset((query.page - 1) * query.limit)).all()
        return list(found), current.exec(select(func.count()).select_from(Comment).where(*where)).one()


def _matching(scope: ProjectScope, query: CommentQuery) -> list[ColumnElement[bool]]:
    asked = ((Comment.object_type, query.object_type), (Comment.object_id, query.object_id), (Comment.author_user_id, query.author_user_id))
    return [col(Comment.project_id) == scope.project_id, *(col(column) == value for column, value in asked if value is not None)]
