"""API keys: a request's header becomes a ProjectScope here (spec/api.md §1.1)."""

import base64
import binascii
import logging
import uuid
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import msgspec

from langfuse_app.core.errors import ForbiddenError, NotFoundError, UnauthorizedError
from langfuse_app.core.scopes import Access, ProjectScope, Role
from langfuse_app.core.settings import get_settings
from langfuse_app.core.time import utcnow
from langfuse_app.features.api_keys import repository
from langfuse_app.features.api_keys.models import ApiKey
from langfuse_app.features.api_keys.schemas import ApiKeyItem, NewApiKey
from langfuse_app.features.audit import service as audit
from langfuse_app.stores import cache

log = logging.getLogger(__name__)

_SPACE = "api_keys"
_CHECK_HOST = "Confirm that you've configured the correct host."
_PROJECT, _ORGANIZATION = "PROJECT", "ORGANIZATION"


class _Owner(msgspec.Struct, frozen=True):
    """What the cache keeps of a key."""

    key_id: str
    public_key: str
    scope: str
    project_id: str | None
    org_id: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Credentials:
    """A parsed header. `lookup` names the cache entry: the hash of a secret, or a public key."""

    access: Access
    public_key: str
    lookup: str


def authenticate(authorization: str | None, allow_scores_only: bool = False) -> ProjectScope:
    """The scope of a request's Authorization header.

    Raises UnauthorizedError and ForbiddenError with the texts of the contract; ServiceUnavailableError without PostgreSQL.
    """
    credentials = parse_header(authorization)
    stored = cache.cached(_SPACE, credentials.lookup, lambda: _load(credentials), ttl_s=60)
    return _scope(credentials, stored, allow_scores_only)


def authenticate_cached(authorization: str | None, allow_scores_only: bool = False) -> ProjectScope | None:
    """The same from this process's memory, without any waiting; None when it is not known there."""
    credentials = parse_header(authorization)
    stored = cache.remembered(_SPACE, credentials.lookup)
    return None if stored is None else _scope(credentials, stored, allow_scores_only)


def parse_header(authorization: str | None) -> Credentials:
    """Basic or Bearer, taken apart; UnauthorizedError says what is wrong with it."""
    if not authorization:
        raise UnauthorizedError("No authorization header")
    scheme, _, value = authorization.partition(" ")
    if scheme == "Basic":
        public_key, secret = _basic(value)
        return Credentials(Access.PROJECT, public_key, "secret:" + fast_hash(secret))
    if scheme == "Bearer":
        return Credentials(Access.SCORES, value, "public:" + value)
    raise UnauthorizedError("Invalid authorization header")


def _basic(value: str) -> tuple[str, str]:
    """User and password; what follows a second colon is lost, as the contract has it."""
    try:
        parts = base64.b64decode(value, validate=True).decode().split(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise UnauthorizedError(f"Invalid authorization header. {_CHECK_HOST}") from error
    if len(parts) < 2 or not parts[0] or not parts[1]:
        raise UnauthorizedError(f"Invalid authorization header. {_CHECK_HOST}")
    return parts[0], parts[1]


def fast_hash(secret: str) -> str:
    """The hash under which a secret is stored: quick, because a secret is 122 random bits and not a word."""
    salt = sha256(get_settings().SALT.encode()).hexdigest()
    return sha256((secret + salt).encode()).hexdigest()


def _load(credentials: Credentials) -> bytes:
    kind, _, value = credentials.lookup.partition(":")
    found = repository.owner_by_hash(value) if kind == "secret" else repository.owner_by_public_key(value)
    if found is None:
        return msgspec.msgpack.encode(None)
    repository.touch(found.key_id, utcnow())
    return msgspec.msgpack.encode(_Owner(*found))


def _scope(credentials: Credentials, stored: bytes, allow_scores_only: bool) -> ProjectScope:
    owner = msgspec.msgpack.decode(stored, type=_Owner | None)
    if owner is None or (owner.expires_at is not None and owner.expires_at <= utcnow()):
        what = "credentials" if credentials.access is Access.PROJECT else "public key"
        raise UnauthorizedError(f"Invalid {what}. {_CHECK_HOST}")
    _check_access(credentials, owner, allow_scores_only)
    if owner.project_id is None:
        raise ForbiddenError("Project ID not found for API token. Are you using an organization key?")
    if credentials.public_key != owner.public_key:
        log.warning("key %s was used with another public key", owner.key_id)
    return ProjectScope(
        project_id=owner.project_id,
        org_id=owner.org_id,
        actor_id=owner.key_id,
        actor_kind="api_key",
        access=credentials.access,
        public_key=owner.public_key,
    )


def _check_access(credentials: Credentials, owner: _Owner, allow_scores_only: bool) -> None:
    scores = credentials.access is Access.SCORES
    if scores and owner.scope == _ORGANIZATION:
        raise UnauthorizedError(f"Unauthorized: Cannot use organization key with bearer auth. {_CHECK_HOST}")
    if owner.scope == _ORGANIZATION or (scores and not allow_scores_only):
        raise ForbiddenError("Access denied - insufficient permissions for this endpoint")


def list_keys(scope: ProjectScope) -> list[ApiKeyItem]:
    """The keys of the project, newest first. ForbiddenError for viewers."""
    scope.require(Role.MEMBER)
    return [_item(entry) for entry in repository.keys(scope)]


def create_key(scope: ProjectScope, note: str | None = None) -> NewApiKey:
    """A new key pair of the project: the one time its secret can be read. ForbiddenError for members and viewers."""
    scope.require(Role.ADMIN)
    new = _new_key(scope.project_id, note)
    audit.record(scope, "create", "apiKey", new.item.id, after={"publicKey": new.item.public_key, "note": note})
    return new


def delete_key(scope: ProjectScope, key_id: str) -> None:
    """Revoke a key, everywhere within a second. NotFoundError when the project has none of that id,
    ForbiddenError for members and viewers."""
    scope.require(Role.ADMIN)
    entry = repository.key(scope, key_id)
    if entry is None or not repository.remove(scope, key_id):
        raise NotFoundError("API key not found")
    cache.bump(_SPACE)
    audit.record(scope, "delete", "apiKey", key_id, before={"publicKey": entry.public_key, "note": entry.note})


def first_public_key(project_id: str) -> str | None:
    """The public half of the project's oldest key; for the first start, before anybody can have a scope."""
    return repository.first_public_key(project_id)


def create_first_key(project_id: str) -> NewApiKey:
    """The key pair of the first start, when nobody is signed in yet."""
    return _new_key(project_id, "Made at the first start")


def put_given_key(project_id: str, public_key: str, secret_key: str) -> None:
    """The key pair that the operator's settings name; it is moved here when it existed elsewhere (spec/backend.md §15.2)."""
    known = repository.owner_by_hash(fast_hash(secret_key))
    if known is not None and (known.public_key, known.project_id) == (public_key, project_id):
        return
    repository.put_given(_entry(project_id, public_key, secret_key, "From LANGFUSE_INIT_PROJECT_PUBLIC_KEY"))
    cache.bump(_SPACE)


def _new_key(project_id: str, note: str | None) -> NewApiKey:
    secret_key = f"sk-lf-{uuid.uuid4()}"
    entry = _entry(project_id, f"pk-lf-{uuid.uuid4()}", secret_key, note)
    repository.add(entry)
    cache.bump(_SPACE)  # someone may have tried this key before it existed
    return NewApiKey(_item(entry), secret_key)


def _entry(project_id: str, public_key: str, secret_key: str, note: str | None) -> ApiKey:
    return ApiKey(
        note=note,
        public_key=public_key,
        fast_hashed_secret_key=fast_hash(secret_key),
        display_secret_key=f"{secret_key[:6]}...{secret_key[-4:]}",
        project_id=project_id,
        scope=_PROJECT,
    )


def _item(entry: ApiKey) -> ApiKeyItem:
    return ApiKeyItem(
        id=entry.id,
        public_key=entry.public_key,
        display_secret_key=entry.display_secret_key,
        note=entry.note,
        created_at=entry.created_at,
        expires_at=entry.expires_at,
        last_used_at=entry.last_used_at,
    )
