"""PostgreSQL statements of people and their sign-ins. They run before any scope exists: they are what makes one."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, select

from langfuse_app.core.time import utcnow
from langfuse_app.features.accounts.models import User, UserSession
from langfuse_app.stores.postgres import session


def user_by_email(email: str) -> User | None:
    """The person with that e-mail (lower case)."""
    with session() as current:
        return current.exec(select(User).where(User.email == email)).first()


def user(user_id: str) -> User | None:
    """The person of that id."""
    with session() as current:
        return current.get(User, user_id)


def ensure_user(user: User) -> User:
    """Write a new account unless its e-mail is taken; the stored one, whose it may be."""
    values = user.model_dump()
    with session() as current:
        current.connection().execute(insert(User).values(**values).on_conflict_do_nothing(index_elements=["email"]))
        return current.exec(select(User).where(User.email == user.email)).one()


def set_password(user_id: str, password: str) -> None:
    """Store the hash of a new password, and end every sign-in of the person."""
    with session() as current:
        values = {"id": user_id, "password": password, "now": utcnow()}
        current.connection().execute(text("UPDATE users SET password = :password, updated_at = :now WHERE id = :id"), values)
        current.exec(delete(UserSession).where(col(UserSession.user_id) == user_id))


def make_admin(email: str) -> None:
    """Make the person with that e-mail an administrator of the instance."""
    with session() as current:
        current.connection().execute(text("UPDATE users SET admin = true WHERE email = :email AND NOT admin"), {"email": email})


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
