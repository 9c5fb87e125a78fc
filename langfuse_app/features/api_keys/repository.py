"""PostgreSQL statements of API keys. Look-ups by secret or public key come before any scope: they make it."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, delete, select

from langfuse_app.core.scopes import InstanceScope, OrganizationScope, ProjectScope
from langfuse_app.features.api_keys.models import ApiKey
from langfuse_app.stores.postgres import session

Scope = ProjectScope | OrganizationScope
"""Whose keys: those of the project, or those of the organisation itself."""


class KeyOwner(NamedTuple):
    """A key and whom it speaks for. project_id None: a key of the organisation."""

    key_id: str
    public_key: str
    scope: str
    project_id: str | None
    org_id: str
    expires_at: datetime | None
    scopes: list[str]


_OWNER = """
SELECT k.id, k.public_key, k.scope, k.project_id, COALESCE(p.org_id, k.organization_id), k.expires_at, k.scopes
FROM api_keys k LEFT JOIN projects p ON p.id = k.project_id
WHERE (k.project_id IS NULL OR p.deleted_at IS NULL) AND """

_PROJECT_OF = "SELECT org_id FROM projects WHERE id = :project_id AND deleted_at IS NULL"


def owner_by_hash(fast_hash: str) -> KeyOwner | None:
    """The owner of the key whose secret has this hash."""
    return _owner("k.fast_hashed_secret_key = :value", fast_hash)


def owner_by_public_key(public_key: str) -> KeyOwner | None:
    """The owner of the key with this public half."""
    return _owner("k.public_key = :value", public_key)


def _owner(condition: str, value: str) -> KeyOwner | None:
    with session() as current:
        row = current.connection().execute(text(_OWNER + condition), {"value": value}).first()
        return KeyOwner(*row) if row else None


def organization_of(scope: InstanceScope | OrganizationScope, project_id: str) -> str | None:
    """The organisation of a living project, None where the scope does not reach."""
    with session() as current:
        org_id: str | None = current.connection().execute(text(_PROJECT_OF), {"project_id": project_id}).scalar()
    return None if isinstance(scope, OrganizationScope) and org_id != scope.org_id else org_id


def organization_exists(scope: InstanceScope, org_id: str) -> bool:
    """Whether there is an organisation of that id."""
    with session() as current:
        return current.connection().execute(text("SELECT 1 FROM organizations WHERE id = :id"), {"id": org_id}).first() is not None


def touch(key_id: str, used_at: datetime) -> None:
    """Note when the key was used last."""
    with session() as current:
        current.connection().execute(text("UPDATE api_keys SET last_used_at = :at WHERE id = :id"), {"id": key_id, "at": used_at})


def _mine(scope: Scope) -> ColumnElement[bool]:
    if isinstance(scope, ProjectScope):
        return col(ApiKey.project_id) == scope.project_id
    return (col(ApiKey.organization_id) == scope.org_id) & (col(ApiKey.scope) == "ORGANIZATION")


def keys(scope: Scope) -> list[ApiKey]:
    """The keys of the project or of the organisation, newest first."""
    with session() as current:
        mine = select(ApiKey).where(_mine(scope))
        return list(current.exec(mine.order_by(col(ApiKey.created_at).desc(), col(ApiKey.id))).all())


def key(scope: Scope, key_id: str) -> ApiKey | None:
    """One of those keys."""
    with session() as current:
        return current.exec(select(ApiKey).where(_mine(scope), ApiKey.id == key_id)).first()


def add(entry: ApiKey) -> bool:
    """Write a new key; False when one of its halves is taken."""
    try:
        with session() as current:
            current.add(entry)
            current.flush()
    except IntegrityError:
        return False
    return True


def remove(scope: Scope, key_id: str) -> bool:
    """Delete one key; False when there is none."""
    with session() as current:
        return current.exec(delete(ApiKey).where(_mine(scope), col(ApiKey.id) == key_id)).rowcount > 0


def remove_all(scope: Scope) -> list[str]:
    """Delete every key of the project or of the organisation; their ids."""
    with session() as current:
        return list(current.exec(delete(ApiKey).where(_mine(scope)).returning(col(ApiKey.id))).scalars().all())


def first_public_key(project_id: str) -> str | None:
    """The public half of the project's oldest key; asked at the first start only."""
    with session() as current:
        oldest = select(ApiKey.public_key).where(ApiKey.project_id == project_id)
        return current.exec(oldest.order_by(col(ApiKey.created_at), col(ApiKey.id)).limit(1)).first()


def put_given(entry: ApiKey) -> None:
    """Write a key whose halves the operator chose; a key that has one of them already is moved and rewritten."""
    with session() as current:
        same = (col(ApiKey.public_key) == entry.public_key) | (col(ApiKey.fast_hashed_secret_key) == entry.fast_hashed_secret_key)
        current.exec(delete(ApiKey).where(same))
        current.add(entry)
