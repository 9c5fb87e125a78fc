"""Secrets at rest: AES-256-GCM under ENCRYPTION_KEY (spec/backend.md §11)."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from langfuse_app.core.errors import SettingsError
from langfuse_app.core.settings import get_settings

_NONCE_BYTES = 12
_TAG_BYTES = 16


def encrypt(secret: str) -> str:
    """`nonce:ciphertext:tag` in hex; another one at every call."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = _cipher().encrypt(nonce, secret.encode(), None)
    return ":".join(part.hex() for part in (nonce, sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:]))


def decrypt(stored: str) -> str:
    """The secret; SettingsError when ENCRYPTION_KEY is not the key it was stored under."""
    nonce, sealed, tag = (bytes.fromhex(part) for part in stored.split(":"))
    try:
        return _cipher().decrypt(nonce, sealed + tag, None).decode()
    except InvalidTag:
        raise SettingsError("ENCRYPTION_KEY: is not the key that stored secrets were encrypted with") from None


def _cipher() -> AESGCM:
    key = get_settings().ENCRYPTION_KEY
    if not key:
        raise SettingsError("ENCRYPTION_KEY: must be set where secrets are stored")
    return AESGCM(bytes.fromhex(key))
