"""PostgreSQL statements of API keys. Look-ups by secret or public key come before any scope: they make it."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import col, delete, select

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.api_keys.models import ApiKey
from langfuse_app.stores.postgres import session


class KeyOwner(NamedTuple):
    """A key and whom it speaks for. project_id None: a key of the organisation."""

    key_id: str
    public_key: str
    scope: str
    project_id: str | None
    org_id: str
    expires_at: datetime | None


_OWNER = """
SELECT k.id, k.public_key, k.scope, k.project_id, COALESCE(p.org_id, k.organization_id), k.expires_at
FROM api_keys k LEFT JOIN projects p ON p.id = k.project_id
WHERE (k.project_id IS NULL OR p.deleted_at IS NULL) AND """


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


def touch(key_id: str, used_at: datetime) -> None:
    """Note when the key was used last."""
    with session() as current:
        current.connection().execute(text("UPDATE api_keys SET last_used_at = :at WHERE id = :id"), {"id": key_id, "at": used_at})


def keys(scope: ProjectScope) -> list[ApiKey]:
    """The keys of the project, newest first."""
    with session() as current:
        mine = select(ApiKey).where(ApiKey.project_id == scope.project_id)
        return list(current.exec(mine.order_by(col(ApiKey.created_at).desc(), col(ApiKey.id))).all())


def key(scope: ProjectScope, key_id: str) -> ApiKey | None:
    """One key of the project."""
    with session() as current:
        return current.exec(select(ApiKey).where(ApiKey.project_id == scope.project_id, ApiKey.id == key_id)).first()


def add(entry: ApiKey) -> None:
    """Write a new key."""
    with session() as current:
        current.add(entry)


def remove(scope: ProjectScope, key_id: str) -> bool:
    """Delete one key of the project; False when there is none."""
    with session() as current:
        mine = delete(ApiKey).where(col(ApiKey.project_id) == scope.project_id, col(ApiKey.id) == key_id)
        return current.exec(mine).rowcount > 0


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
