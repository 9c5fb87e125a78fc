"""API keys: a request's credentials become a scope here (spec/api.md §1.1), and keys are made and revoked."""

import base64
import binascii
import hmac
import logging
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import msgspec

from langfuse_app.core.errors import AppError, ConflictError, ForbiddenError, InvalidRequestError, NotFoundError, UnauthorizedError
from langfuse_app.core.scopes import Access, InstanceScope, OrganizationScope, ProjectScope, Right, Role
from langfuse_app.core.settings import get_settings
from langfuse_app.core.time import utcnow
from langfuse_app.features.api_keys import repository
from langfuse_app.features.api_keys.models import ApiKey
from langfuse_app.features.api_keys.repository import Scope
from langfuse_app.features.api_keys.schemas import ApiKeyItem, KeyWish, NewApiKey
from langfuse_app.features.audit import service as audit
from langfuse_app.stores import cache

log = logging.getLogger(__name__)

_SPACE = "api_keys"
_OUTLAST_S = 24 * 3600  # a key that was seen is known so long without PostgreSQL; a revoked one is forgotten at once
_CHECK_HOST = "Confirm that you've configured the correct host."
_PROJECT, _ORGANIZATION = "PROJECT", "ORGANIZATION"
_DENIED = "Access denied - insufficient permissions for this endpoint"
_ADMIN = "ADMIN_KEY"
_TOOLS = "/api/public/mcp"  # whoever has any right may come in there: each tool asks its own route with the same key
_SENDS = ("/api/public/ingestion", "/api/public/otel/", "/v1/traces", "/api/public/scores", "/api/public/media")


class _Owner(msgspec.Struct, frozen=True):
    """What the cache keeps of a key."""

    key_id: str
    public_key: str
    scope: str
    project_id: str | None
    org_id: str
    expires_at: datetime | None
    scopes: tuple[Right, ...] = ()


@dataclass(frozen=True, slots=True)
class Credentials:
    """A parsed header. `lookup` names the cache entry: the hash of a secret, or a public key."""

    access: Access
    public_key: str
    lookup: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request is about, as far as it decides who may come in."""

    method: str = "GET"
    path: str = ""
    allow_scores_only: bool = False


_ANYTHING = Asked()


def authenticate(authorization: str | None, asked: Asked = _ANYTHING) -> ProjectScope:
    """The scope of a request's Authorization header.

    Raises UnauthorizedError and ForbiddenError with the texts of the contract; ServiceUnavailableError without PostgreSQL.
    """
    credentials = parse_header(authorization)
    return _project_scope(credentials, _decoded(credentials, _stored(credentials)), asked)


def authenticate_cached(authorization: str | None, asked: Asked = _ANYTHING) -> ProjectScope | None:
    """The same from this process's memory, without any waiting; None when it is not known there."""
    credentials = parse_header(authorization)
    stored = cache.remembered(_SPACE, credentials.lookup)
    return None if stored is None else _project_scope(credentials, _decoded(credentials, stored), asked)


def authenticate_organization(authorization: str | None, asked: Asked = _ANYTHING) -> OrganizationScope:
    """The scope of an organisation's key; errors as `authenticate`, and ForbiddenError for a project's key."""
    credentials = parse_header(authorization)
    owner = _decoded(credentials, _stored(credentials))
    if owner.scope == _ORGANIZATION and credentials.access is Access.SCORES:
        raise _no_bearer()
    if owner.scope != _ORGANIZATION:
        raise ForbiddenError("Invalid API key. Organization-scoped API key required for this operation.")
    _rights(owner.scopes, asked)
    return OrganizationScope(org_id=owner.org_id, actor_id=owner.key_id, actor_kind="api_key")


def authenticate_admin(authorization: str | None) -> InstanceScope:
    """The scope of ADMIN_API_KEY as a Bearer token (spec/api.md §1.1, §3.2); UnauthorizedError, ForbiddenError."""
    if not authorization:
        raise UnauthorizedError("Unauthorized: No authorization header provided")
    if not get_settings().ADMIN_API_KEY:
        raise ForbiddenError("ADMIN_API_KEY is not set")
    scheme, _, token = authorization.partition(" ")
    if scheme != "Bearer" or not _is_admin_key(token):
        raise UnauthorizedError("Unauthorized: Invalid token")
    return InstanceScope(actor_id=_ADMIN)


def authenticate_admin_for_project(authorization: str | None, admin_key: str, project_id: str | None) -> ProjectScope:
    """ADMIN_API_KEY, said twice, acting for a project (spec/api.md §1.1).

    AppError (500) when none is set, UnauthorizedError, InvalidRequestError without a project, NotFoundError for an unknown one.
    """
    if not get_settings().ADMIN_API_KEY:
        raise AppError("ADMIN_API_KEY is not set")
    scope = authenticate_admin(authorization)
    if not _is_admin_key(admin_key):
        raise UnauthorizedError("Unauthorized: Invalid token")
    if not project_id:
        raise InvalidRequestError("x-langfuse-project-id header is required for admin API key authentication")
    return project_in(scope, project_id)


def project_in(scope: OrganizationScope | InstanceScope, project_id: str) -> ProjectScope:
    """The scope to act in a project of the organisation (of any, for the admin key); NotFoundError outside of it."""
    org_id = repository.organization_of(scope, project_id)
    if org_id is None:
        raise NotFoundError("Project not found or you don't have access to it")
    role = scope.role if isinstance(scope, OrganizationScope) else Role.OWNER
    return ProjectScope(project_id=project_id, org_id=org_id, actor_id=scope.actor_id, actor_kind=scope.actor_kind, role=role)


def organization_in(scope: InstanceScope, org_id: str) -> OrganizationScope:
    """The scope to act in an organisation with the admin key; NotFoundError."""
    if not repository.organization_exists(scope, org_id):
        raise NotFoundError("Organization not found")
    return OrganizationScope(org_id=org_id, actor_id=scope.actor_id, actor_kind=scope.actor_kind)


def operator_in(project_id: str | None, org_id: str | None) -> Scope:
    """The scope of someone at the machine, in a project or else in an organisation; NotFoundError.

    Only for the command line: access to the data folder is the proof.
    """
    return project_in(operator(), project_id) if project_id else organization_in(operator(), org_id or "")


def operator() -> InstanceScope:
    """The scope of someone at the machine, for the whole instance; only for the command line, as `operator_in`."""
    return InstanceScope(actor_id="operator", actor_kind="operator")


def _is_admin_key(text: str) -> bool:
    return hmac.compare_digest(text.encode(), get_settings().ADMIN_API_KEY.encode())


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


def _stored(credentials: Credentials) -> bytes:
    return cache.cached(_SPACE, credentials.lookup, lambda: _load(credentials), ttl_s=60, outlast_s=_OUTLAST_S)


def _load(credentials: Credentials) -> bytes:
    kind, _, value = credentials.lookup.partition(":")
    found = repository.owner_by_hash(value) if kind == "secret" else repository.owner_by_public_key(value)
    if found is None:
        return b""
    repository.touch(found.key_id, utcnow())
    return msgspec.msgpack.encode(_Owner(*found[:-1], scopes=tuple(Right(right) for right in found.scopes)))


def _decoded(credentials: Credentials, stored: bytes) -> _Owner:
    owner = msgspec.msgpack.decode(stored, type=_Owner) if stored else None
    if owner is None or (owner.expires_at is not None and owner.expires_at <= utcnow()):
        what = "credentials" if credentials.access is Access.PROJECT else "public key"
        raise UnauthorizedError(f"Invalid {what}. {_CHECK_HOST}")
    if credentials.public_key != owner.public_key:
        log.warning("key %s was used with another public key", owner.key_id)
    return owner


def _project_scope(credentials: Credentials, owner: _Owner, asked: Asked) -> ProjectScope:
    scores = credentials.access is Access.SCORES
    if scores and owner.scope == _ORGANIZATION:
        raise _no_bearer()
    if owner.scope == _ORGANIZATION and asked.path == "/api/public/projects":
        raise ForbiddenError("Invalid API key. Are you using an organization key?")
    if owner.scope == _ORGANIZATION or (scores and not asked.allow_scores_only):
        raise ForbiddenError(_DENIED)
    if owner.project_id is None:
        raise ForbiddenError("Project ID not found for API token. Are you using an organization key?")
    return ProjectScope(
        project_id=owner.project_id,
        org_id=owner.org_id,
        actor_id=owner.key_id,
        actor_kind="api_key",
        access=_scores_only(owner.scopes) if scores else _rights(owner.scopes, asked),
        public_key=owner.public_key,
    )


def _no_bearer() -> UnauthorizedError:
    return UnauthorizedError(f"Unauthorized: Cannot use organization key with bearer auth. {_CHECK_HOST}")


def _rights(rights: Collection[Right], asked: Asked) -> Access:
    """What a key that is narrowed to some rights may do with this request; ForbiddenError when that is nothing."""
    reads = asked.method in ("GET", "HEAD")
    sends = asked.method in ("POST", "PATCH") and asked.path.startswith(_SENDS)
    if not rights or asked.path == _TOOLS or (reads and Right.READ in rights) or (sends and Right.INGEST in rights):
        return Access.PROJECT
    if asked.allow_scores_only and not reads and Right.SCORES in rights:
        return Access.SCORES
    raise ForbiddenError(_DENIED)


def _scores_only(rights: Collection[Right]) -> Access:
    """A public key alone writes scores, unless the key is narrowed to other things."""
    if rights and not {Right.SCORES, Right.INGEST} & set(rights):
        raise ForbiddenError(_DENIED)
    return Access.SCORES


def list_keys(scope: Scope) -> list[ApiKeyItem]:
    """The keys of the project or of the organisation, newest first. ForbiddenError for viewers."""
    scope.require(Role.MEMBER if isinstance(scope, ProjectScope) else Role.OWNER)
    return [_item(entry) for entry in repository.keys(scope)]


def create_key(scope: Scope, wish: KeyWish = KeyWish()) -> NewApiKey:  # noqa: B008 - frozen
    """A new key pair: the one time its secret can be read.

    ForbiddenError for members and viewers (an organisation's keys are its owners'), InvalidRequestError for halves
    that do not fit and for a past expiry, ConflictError for halves that are taken.
    """
    scope.require(Role.ADMIN if isinstance(scope, ProjectScope) else Role.OWNER)
    if wish.expires_at is not None and wish.expires_at <= utcnow():
        raise InvalidRequestError("expiresAt must lie in the future")
    pair = _pair(wish)
    entry = _entry(scope, *pair, wish)
    if not repository.add(entry):
        raise ConflictError("API key with the provided publicKey or secretKey already exists")
    cache.bump(_SPACE)  # someone may have tried this key before it existed
    audit.record(scope, "create", "apiKey", entry.id, after=_audited(entry))
    return NewApiKey(_item(entry), pair[1])


def _pair(wish: KeyWish) -> tuple[str, str]:
    """Public and secret half, the given ones or new ones."""
    if not wish.public_key and not wish.secret_key:
        return f"pk-lf-{uuid.uuid4()}", f"sk-lf-{uuid.uuid4()}"
    if not wish.public_key or not wish.secret_key:
        raise InvalidRequestError("Both publicKey and secretKey must be provided together when specifying predefined keys")
    if not wish.public_key.startswith("pk-lf-"):
        raise InvalidRequestError("publicKey must start with 'pk-lf-'")
    if not wish.secret_key.startswith("sk-lf-"):
        raise InvalidRequestError("secretKey must start with 'sk-lf-'")
    return wish.public_key, wish.secret_key


def delete_key(scope: Scope, key_id: str) -> None:
    """Revoke a key, everywhere within a second. NotFoundError when the project or organisation has none of that id,
    ForbiddenError for members and viewers."""
    scope.require(Role.ADMIN if isinstance(scope, ProjectScope) else Role.OWNER)
    entry = repository.key(scope, key_id)
    if entry is None or not repository.remove(scope, key_id):
        raise NotFoundError("API key not found")
    cache.bump(_SPACE)
    audit.record(scope, "delete", "apiKey", key_id, before=_audited(entry))


def revoke_all(scope: Scope) -> None:
    """Revoke every key of a project or an organisation that is being deleted, everywhere within a second."""
    revoked = repository.remove_all(scope)
    cache.bump(_SPACE)
    for key_id in revoked:
        audit.record(scope, "delete", "apiKey", key_id)


def forget_cached() -> None:
    """Have every key looked up again at its next use, everywhere within a second."""
    cache.bump(_SPACE)


def first_public_key(project_id: str) -> str | None:
    """The public half of the project's oldest key; for the first start, before anybody can have a scope."""
    return repository.first_public_key(project_id)


def create_first_key(project_id: str) -> NewApiKey:
    """The key pair of the first start, when nobody is signed in yet."""
    wish = KeyWish(note="Made at the first start")
    public_key, secret_key = _pair(wish)
    entry = _entry(_nobody(project_id), public_key, secret_key, wish)
    repository.add(entry)
    cache.bump(_SPACE)
    return NewApiKey(_item(entry), secret_key)


def put_given_key(project_id: str, public_key: str, secret_key: str) -> None:
    """The key pair that the operator's settings name; it is moved here when it existed elsewhere (spec/backend.md §15.2)."""
    known = repository.owner_by_hash(fast_hash(secret_key))
    if known is not None and (known.public_key, known.project_id) == (public_key, project_id):
        return
    wish = KeyWish(note="From LANGFUSE_INIT_PROJECT_PUBLIC_KEY")
    repository.put_given(_entry(_nobody(project_id), public_key, secret_key, wish))
    cache.bump(_SPACE)


def _nobody(project_id: str) -> ProjectScope:
    return ProjectScope(project_id=project_id, org_id="", actor_id="", actor_kind="operator")


def _entry(scope: Scope, public_key: str, secret_key: str, wish: KeyWish) -> ApiKey:
    of_project = isinstance(scope, ProjectScope)
    return ApiKey(
        note=wish.note,
        public_key=public_key,
        fast_hashed_secret_key=fast_hash(secret_key),
        display_secret_key=f"{secret_key[:6]}...{secret_key[-4:]}",
        project_id=scope.project_id if of_project else None,
        organization_id=None if of_project else scope.org_id,
        scope=_PROJECT if of_project else _ORGANIZATION,
        scopes=[right.value for right in wish.scopes],
        expires_at=wish.expires_at,
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
        scopes=tuple(Right(right) for right in entry.scopes),
    )


def _audited(entry: ApiKey) -> dict[str, object]:
    return {"publicKey": entry.public_key, "note": entry.note, "scopes": entry.scopes, "expiresAt": entry.expires_at}
