"""Conditions on comments become conditions on ids (spec/api.md §9.1–9.5: commentCount, commentContent)."""

from collections.abc import Sequence

from langfuse_app.core.errors import QueryTooHeavyError
from langfuse_app.core.filters.parse import Filter
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.comment_filters import repository

_COUNT = ("commentCount", "Comment Count")
_CONTENT = ("commentContent", "Comment Content")
_MOST_BYTES = 100_000  # what one parameter of the column store holds


def resolved(scope: ProjectScope, object_type: str, filters: Sequence[Filter]) -> tuple[Filter, ...]:
    """The same filter without conditions on comments; object_type: TRACE, OBSERVATION or SESSION.

    QueryTooHeavyError when too many objects would have to be named.
    """
    return tuple(one if one.column not in (*_COUNT, *_CONTENT) else _on_ids(scope, object_type, one) for one in filters)


def _on_ids(scope: ProjectScope, object_type: str, one: Filter) -> Filter:
    if one.column in _CONTENT:
        return _ids(repository.with_content(scope, object_type, one), "any of")
    uncommented = one.type == "number" and _holds_for_none(one)
    # those without comments are not known here: then the others are named, and left out
    return _ids(repository.with_count(scope, object_type, one, negated=uncommented), "none of" if uncommented else "any of")


def _holds_for_none(one: Filter) -> bool:
    """Whether 0 comments satisfy the condition."""
    assert isinstance(one.value, int | float)
    return {"=": one.value == 0, ">": one.value < 0, "<": one.value > 0, ">=": one.value <= 0, "<=": one.value >= 0}[one.operator]


def _ids(ids: Sequence[str], operator: str) -> Filter:
    if sum(len(id.encode()) + 3 for id in ids) > _MOST_BYTES:
        raise QueryTooHeavyError("too many objects have such comments, add conditions on the comments")
    return Filter("stringOptions", "id", operator, tuple(ids) or ("",))  # no object has the id ''
