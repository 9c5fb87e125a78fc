"""Recording changes: every service that changes something for someone calls `record` when it is done."""

from typing import Any

import orjson

from langfuse_app.core.scopes import OrganizationScope, ProjectScope
from langfuse_app.features.audit import repository
from langfuse_app.features.audit.models import AuditLog


def record(
    scope: ProjectScope | OrganizationScope, action: str, resource_type: str, resource_id: str, *, before: Any = None, after: Any = None
) -> None:
    """Write down that the actor of `scope` did `action` (create, update, delete) to a resource. Give no secrets."""
    by_key = scope.actor_kind in ("api_key", "admin")
    repository.add(
        AuditLog(
            type="API_KEY" if by_key else "USER",
            api_key_id=scope.actor_id if by_key else None,
            user_id=None if by_key else scope.actor_id,
            org_id=scope.org_id,
            project_id=scope.project_id if isinstance(scope, ProjectScope) else None,
            role=None if by_key else scope.role.value,
            resource_type=resource_type,
            resource_id=resource_id,
            action=action,
            before=_text(before),
            after=_text(after),
        )
    )


def _text(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value, default=str).decode()
