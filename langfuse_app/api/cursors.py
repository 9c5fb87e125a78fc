"""Cursors of lists: opaque to clients, JSON in base64 to us."""

import base64
import binascii
from typing import Any

import orjson

from langfuse_app.core.errors import InvalidRequestError


def encode(content: dict[str, Any], *, urlsafe: bool) -> str:
    """The text of a cursor."""
    raw = orjson.dumps(content)
    return (base64.urlsafe_b64encode(raw).rstrip(b"=") if urlsafe else base64.b64encode(raw)).decode()


def decode(text: str) -> dict[str, Any]:
    """The content of a cursor in either alphabet; InvalidRequestError when it is none of ours."""
    try:
        content = orjson.loads(base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as error:
        raise InvalidRequestError("Invalid cursor format") from error
    if not isinstance(content, dict):
        raise InvalidRequestError("Invalid cursor format")
    return content
