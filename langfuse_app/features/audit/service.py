"""Recording changes: every service that changes something for someone calls `record` when it is done."""

import json
from collections.abc import Iterable
from typing import Any

import orjson

from langfuse_app.core.scopes import InstanceScope, OrganizationScope, ProjectScope
from langfuse_app.features.audit import repository
from langfuse_app.features.audit.models import AuditLog


def record(
    scope: ProjectScope | OrganizationScope, action: str, resource_type: str, resource_id: str, *, before: Any = None, after: Any = None
) -> None:
    """Write down that the actor of `scope` did `action` (create, update, delete) to a resource. Give no secrets."""
    repository.add(_entry(scope, action, resource_type, resource_id, _text(before), _text(after)))


def record_all(
    scope: ProjectScope | OrganizationScope | InstanceScope, action: str, resource_type: str, resource_ids: Iterable[str]
) -> None:
    """The same for many resources at once. What belongs to no organisation any more is recorded for the instance."""
    repository.add(*(_entry(scope, action, resource_type, id, None, None) for id in resource_ids))


def _entry(
    scope: ProjectScope | OrganizationScope | InstanceScope,
    action: str,
    resource_type: str,
    resource_id: str,
    before: str | None,
    after: str | None,
) -> AuditLog:
    by_key = scope.actor_kind in ("api_key", "admin")
    return AuditLog(
        type="API_KEY" if by_key else "USER",
        api_key_id=scope.actor_id if by_key else None,
        user_id=None if by_key else scope.actor_id,
        org_id="" if isinstance(scope, InstanceScope) else scope.org_id,
        project_id=scope.project_id if isinstance(scope, ProjectScope) else None,
        role=None if by_key or isinstance(scope, InstanceScope) else scope.role.value,
        resource_type=resource_type,
        resource_id=resource_id,
        action=action,
        before=before,
        after=after,
    )


def _text(value: Any) -> str | None:
    if value is None:
        return None
    try:
        return orjson.dumps(value, default=str).decode()
    except orjson.JSONEncodeError:  # numbers beyond 64 bits, which people may store
        return json.dumps(value, default=str)
