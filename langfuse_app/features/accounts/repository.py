"""PostgreSQL statements of people and their sign-ins. They run before any scope exists: they are what makes one."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import col, delete, select

from langfuse_app.features.accounts.models import User, UserSession
from langfuse_app.stores.postgres import session


def user_by_email(email: str) -> User | None:
    """The person with that e-mail (lower case)."""
    with session() as current:
        return current.exec(select(User).where(User.email == email)).first()


def first_user() -> User | None:
    """The oldest account."""
    with session() as current:
        return current.exec(select(User).order_by(col(User.created_at), col(User.id)).limit(1)).first()


def add_user(user: User) -> None:
    """Write a new account."""
    with session() as current:
        current.add(user)


def add_session(entry: UserSession) -> None:
    """Write a new sign-in."""
    with session() as current:
        current.add(entry)


def session_with_user(token_hash: str) -> tuple[UserSession, User] | None:
    """The sign-in with that token hash and its person; None when there is none. Expiry is the caller's to check."""
    with session() as current:
        both = select(UserSession, User).join(User, col(User.id) == col(UserSession.user_id))
        return current.exec(both.where(UserSession.token_hash == token_hash)).first()


def touch_session(session_id: str, seen_at: datetime, expires_at: datetime) -> None:
    """Note that the person is still there, and move the end of the sign-in."""
    with session() as current:
        values = {"id": session_id, "seen": seen_at, "expires": expires_at}
        current.connection().execute(text("UPDATE user_sessions SET last_seen_at = :seen, expires_at = :expires WHERE id = :id"), values)


def delete_session(token_hash: str) -> None:
    """End a sign-in."""
    with session() as current:
        current.exec(delete(UserSession).where(col(UserSession.token_hash) == token_hash))
