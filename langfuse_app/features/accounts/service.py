"""Sign-in, sign-out, and the scopes that a signed-in person gets."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie

import msgspec
from passlib.context import CryptContext

from langfuse_app.core import ids
from langfuse_app.core.errors import ForbiddenError, NotFoundError, UnauthorizedError
from langfuse_app.core.scopes import InstanceScope, ProjectScope, Role, UserScope
from langfuse_app.core.settings import get_settings
from langfuse_app.core.time import utcnow
from langfuse_app.features.accounts import repository
from langfuse_app.features.accounts.models import User, UserSession
from langfuse_app.features.organizations import service as organizations
from langfuse_app.stores import cache

COOKIE = "langfuse_app_session"
_SPACE = "user_sessions"
_TOUCH_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    id: str
    email: str
    name: str | None
    created_at: datetime
    updated_at: datetime


class _SignIn(msgspec.Struct, frozen=True):
    """What the cache keeps of a sign-in."""

    user_id: str
    email: str
    name: str
    session_id: str
    expires_at: datetime


@lru_cache
def _passwords() -> CryptContext:
    return CryptContext(schemes=["argon2"])


def create_user(email: str, name: str, password: str | None) -> str:
    """A new account; its id. The e-mail must not be taken."""
    hashed = None if password is None else _passwords().hash(password)
    user = User(email=normal_email(email), name=name or None, password=hashed)
    repository.add_user(user)
    return user.id


def ensure_user(email: str, name: str | None) -> str:
    """The id of the account with that e-mail; a new one without a password where there is none."""
    return repository.ensure_user(User(email=normal_email(email), name=name or None)).id


def person(user_id: str) -> Person | None:
    """The person of that id."""
    found = repository.user(user_id)
    return found and Person(found.id, found.email, found.name, found.created_at, found.updated_at)


def reset_password(email: str, password: str) -> None:
    """Set a new password and end every sign-in of the person; NotFoundError for an unknown e-mail.

    Only for the command line: access to the data folder is the proof.
    """
    user = repository.user_by_email(normal_email(email))
    if user is None:
        raise NotFoundError(f"Nobody has the e-mail {normal_email(email)}")
    repository.set_password(user.id, _passwords().hash(password))
    cache.bump(_SPACE)


def user_id(email: str) -> str | None:
    """The id of the account with that e-mail."""
    user = repository.user_by_email(normal_email(email))
    return user.id if user else None


def first_email() -> str | None:
    """The e-mail of the oldest account, None in an empty installation."""
    user = repository.first_user()
    return user.email if user else None


def normal_email(email: str) -> str:
    """E-mails are compared without case and outer spaces."""
    return email.strip().lower()


def sign_in(email: str, password: str, user_agent: str = "") -> str:
    """Check the password (slow on purpose: not on the event loop) and open a session; its token.

    UnauthorizedError says the same for an unknown e-mail and for a wrong password, and takes as long.
    """
    user = repository.user_by_email(normal_email(email))
    if user is None or user.password is None:
        _passwords().dummy_verify()
        raise UnauthorizedError("Invalid credentials")
    if not _passwords().verify(password, user.password):
        raise UnauthorizedError("Invalid credentials")
    token = ids.token()
    repository.add_session(
        UserSession(token_hash=_hash(token), user_id=user.id, expires_at=utcnow() + _lifetime(), user_agent=user_agent[:500])
    )
    return token


def sign_out(cookie_header: str | None) -> None:
    """End the session of the cookie, everywhere within a second; no session is no error."""
    token = _token(cookie_header)
    if token:
        repository.delete_session(_hash(token))
        cache.bump(_SPACE)


def user_from_cookie(cookie_header: str | None) -> UserScope | None:
    """The person whose session the cookie names, None without a living session. At most a second behind a sign-out."""
    token = _token(cookie_header)
    if not token:
        return None
    hashed = _hash(token)
    stored = cache.cached(_SPACE, hashed, lambda: _load(hashed), ttl_s=60)
    person = msgspec.msgpack.decode(stored, type=_SignIn | None)
    if person is None or person.expires_at <= utcnow():
        return None
    return UserScope(user_id=person.user_id, email=person.email, name=person.name, session_id=person.session_id)


def project_scope(user: UserScope, project_id: str) -> ProjectScope:
    """The person's scope in a project. NotFoundError where they are no member: it looks as if it did not exist."""
    found = organizations.membership(user.user_id, project_id)
    if found is None:
        raise NotFoundError("Project not found")
    return ProjectScope(project_id=found.project_id, org_id=found.org_id, actor_id=user.user_id, actor_kind="user", role=Role(found.role))


def instance_scope(user: UserScope) -> InstanceScope:
    """The scope of a person who administers this instance; ForbiddenError for everybody else."""
    found = repository.user(user.user_id)
    if found is None or not found.admin:
        raise ForbiddenError("Only administrators of this instance may do this")
    return InstanceScope(actor_id=user.user_id, actor_kind="user")


def make_admin(email: str) -> None:
    """Let the person administer this instance. Only for the start and the command line, which the operator controls."""
    repository.make_admin(normal_email(email))


def operator_scope(project_id: str) -> ProjectScope:
    """The scope of someone at the machine, for the command line: access to its data folder is the proof."""
    return ProjectScope(project_id=project_id, org_id="", actor_id="operator", actor_kind="operator")


def worker_scope(project_id: str, org_id: str) -> ProjectScope:
    """The scope of a job that nobody waits for: its project comes from the database or from an authenticated request."""
    return ProjectScope(project_id=project_id, org_id=org_id, actor_id="worker", actor_kind="worker")


def _load(hashed: str) -> bytes:
    """The sign-in for the cache; a living one is extended, so that who comes daily stays signed in."""
    found = repository.session_with_user(hashed)
    if found is None:
        return msgspec.msgpack.encode(None)
    entry, user = found
    now = utcnow()
    expires_at = entry.expires_at
    if now < expires_at and now - entry.last_seen_at > _TOUCH_AFTER:
        expires_at = now + _lifetime()
        repository.touch_session(entry.id, now, expires_at)
    return msgspec.msgpack.encode(_SignIn(user.id, user.email, user.name or "", entry.id, expires_at))


def _lifetime() -> timedelta:
    return timedelta(minutes=get_settings().AUTH_SESSION_MAX_AGE)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _token(cookie_header: str | None) -> str | None:
    if not cookie_header or COOKIE not in cookie_header:
        return None
    try:
        morsel = SimpleCookie(cookie_header).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None
