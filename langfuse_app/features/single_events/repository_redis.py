"""Which trace an observation was created in: an update does not say it, and may come before the create can be read."""

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.stores.redis import key, redis

_KEPT_S = 86_400  # by then it has been readable for a long time


def remember(scope: ProjectScope, id: str, trace_id: str) -> None:
    """Keep the trace of an observation for a day."""
    redis().set(key("single", scope.project_id, id), trace_id, ex=_KEPT_S)


def trace_of(scope: ProjectScope, id: str) -> str | None:
    """The trace of an observation that was created lately."""
    found = redis().get(key("single", scope.project_id, id))
    return found.decode() if isinstance(found, bytes) else None
