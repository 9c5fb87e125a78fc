"""The rules of comments (spec/api.md §3.1)."""

from langfuse_app.core.errors import InvalidRequestError, NotFoundError
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope, Role
from langfuse_app.core.shapes import plain
from langfuse_app.features.audit import service as audit
from langfuse_app.features.comments import repository
from langfuse_app.features.comments.models import Comment
from langfuse_app.features.comments.schemas import CommentObjectType, CommentOut, CommentQuery, CreateComment
from langfuse_app.features.observations import service as observations
from langfuse_app.features.organizations import service as organizations
from langfuse_app.features.prompts import service as prompts
from langfuse_app.features.sessions import service as sessions
from langfuse_app.features.traces import service as traces
from langfuse_app.stores.postgres import transaction


def create_comment(scope: ProjectScope, new: CreateComment) -> Comment:
    """Comment on an object of the project. NotFoundError without the object; InvalidRequestError when the author is no member."""
    scope.require(Role.MEMBER)
    author = new.author_user_id
    if author is not None and not organizations.is_member(scope, author):
        raise InvalidRequestError(f"authorUserId: {author} is not a member of the organisation that owns the project")
    _require_object(scope, new.object_type, new.object_id)
    comment = Comment(
        project_id=scope.project_id, object_type=new.object_type, object_id=new.object_id, content=new.content, author_user_id=author
    )
    with transaction():
        repository.add(comment)
        audit.record(scope, "create", "comment", comment.id, after=plain(CommentOut, comment))
    return comment


def list_comments(scope: ProjectScope, query: CommentQuery) -> Page[Comment]:
    """Comments that match, newest first. InvalidRequestError when an object id comes without its type."""
    if query.object_id is not None and query.object_type is None:
        raise InvalidRequestError("objectType is required when objectId is given")
    found, total = repository.page(scope, query)
    return Page(found, query.page, query.limit, total)


def get_comment(scope: ProjectScope, comment_id: str) -> Comment:
    """One comment; NotFoundError."""
    comment = repository.one(scope, comment_id)
    if comment is None:
        raise NotFoundError("Comment not found within authorized project")
    return comment


def _require_object(scope: ProjectScope, object_type: CommentObjectType, object_id: str) -> None:
    """Each of these raises NotFoundError for what the project does not have."""
    if object_type is CommentObjectType.TRACE:
        traces.get_trace(scope, object_id)
    elif object_type is CommentObjectType.OBSERVATION:
        observations.get(scope, object_id)
    elif object_type is CommentObjectType.SESSION:
        sessions.get_session(scope, object_id)
    else:
        prompts.require_id(scope, object_id)
