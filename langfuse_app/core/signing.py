"""Tokens that carry claims and prove that we made them: for links that work without an API key, and for a while only."""

import base64
import hashlib
import hmac
import time
from typing import Any

import orjson

from langfuse_app.core.errors import ForbiddenError, SettingsError
from langfuse_app.core.settings import get_settings


def sign(purpose: str, claims: dict[str, Any], expires_at: int) -> str:
    """A url-safe token, valid until `expires_at` (seconds since the epoch) and for this purpose only."""
    body = orjson.dumps({**claims, "exp": expires_at})
    return f"{_text(body)}.{_text(_mac(purpose, body))}"


def verify(purpose: str, token: str) -> dict[str, Any]:
    """The claims of a token; ForbiddenError when we did not make it for this purpose, or when it has expired."""
    body, _, mac = token.partition(".")
    claimed = _bytes(body)
    if not hmac.compare_digest(_mac(purpose, claimed), _bytes(mac)):
        raise ForbiddenError("The signature of this link is wrong")
    claims = orjson.loads(claimed)
    if claims["exp"] < time.time():
        raise ForbiddenError("This link has expired")
    return claims


def _mac(purpose: str, body: bytes) -> bytes:
    secret = get_settings().NEXTAUTH_SECRET
    if not secret:
        raise SettingsError("NEXTAUTH_SECRET: must be set where links are signed")
    key = hmac.digest(secret.encode(), f"langfuse-app {purpose}".encode(), hashlib.sha256)
    return hmac.digest(key, body, hashlib.sha256)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
