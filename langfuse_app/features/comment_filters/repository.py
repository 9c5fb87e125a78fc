"""PostgreSQL statements: which objects have comments like that."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, func, not_
from sqlmodel import col, select

from langfuse_app.core.filters.parse import Filter
from langfuse_app.core.filters.relational import clauses
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.comments.models import Comment
from langfuse_app.stores.postgres import session


def with_content(scope: ProjectScope, object_type: str, one: Filter) -> Sequence[str]:
    """The objects that have a comment whose text satisfies the condition."""
    return _objects(scope, object_type, clauses([one], {one.column: cast(ColumnElement[Any], col(Comment.content))}), ())


def with_count(scope: ProjectScope, object_type: str, one: Filter, *, negated: bool) -> Sequence[str]:
    """The objects with comments whose number satisfies the condition; or does not, when negated."""
    condition = clauses([one], {one.column: func.count()})[0]
    return _objects(scope, object_type, (), [not_(condition) if negated else condition])


def _objects(
    scope: ProjectScope, object_type: str, where: Sequence[ColumnElement[bool]], having: Sequence[ColumnElement[bool]]
) -> Sequence[str]:
    statement: Any = select(Comment.object_id).where(Comment.project_id == scope.project_id, Comment.object_type == object_type, *where)
    with session() as current:
        return current.exec(statement.group_by(Comment.object_id).having(*having).order_by(Comment.object_id)).all()
