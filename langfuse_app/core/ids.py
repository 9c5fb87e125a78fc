"""Identifiers: random ones for new objects, derived ones where a replay must make the same again."""

import secrets
import uuid
from typing import Any

_NAMESPACE = uuid.UUID("5c1d2c5e-6f0a-4b8e-9a57-6a1f6f0c9d11")


def new_id() -> str:
    """A random UUID text for a new relational row."""
    return str(uuid.uuid4())


def given_or_new(given: Any) -> Any:
    """An id as a client gave it, of whatever type; an absent or empty one is made here."""
    return new_id() if given is None or given == "" else given


def token(prefix: str = "") -> str:
    """An unguessable url-safe token of 256 bits."""
    return prefix + secrets.token_urlsafe(32)


def derived_id(*parts: str) -> str:
    """The same parts give the same UUID text, today and on every replay (architecture §3.1)."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(parts)))
