"""Cursors of lists: opaque to clients, JSON in base64 to us."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

import orjson

from langfuse_app.core.errors import InvalidRequestError
from langfuse_app.core.pagination import Place
from langfuse_app.core.shapes import CursorMeta
from langfuse_app.core.time import parse_iso


def encode(content: dict[str, Any], *, urlsafe: bool) -> str:
    """The text of a cursor."""
    raw = orjson.dumps(content)
    return (base64.urlsafe_b64encode(raw).rstrip(b"=") if urlsafe else base64.b64encode(raw)).decode()


def decode(text: str, *names: str) -> dict[str, str]:
    """The named texts of a cursor in either alphabet; InvalidRequestError when it is none of ours."""
    try:
        content = orjson.loads(base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4)))
        return {name: str(content[name]) for name in names}
    except (binascii.Error, ValueError, KeyError, TypeError, IndexError) as error:
        raise _invalid() from error


def moment(value: datetime) -> str:
    """A time with microseconds: milliseconds would lose the place between two rows."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_moment(text: str) -> datetime:
    """The time of a cursor."""
    try:
        return parse_iso(text)
    except ValueError as error:
        raise _invalid() from error


def place(text: str | None) -> Place | None:
    """The place that a cursor of `meta` names; None for no cursor."""
    if text is None:
        return None
    found = decode(text, "lastTime", "lastId")
    return Place(parse_moment(found["lastTime"]), found["lastId"])


def meta(last: Place | None, **more: str) -> CursorMeta:
    """The `meta` of a page whose last row this is; None on the last page. `more`: what else the cursor holds."""
    if last is None:
        return CursorMeta()
    return CursorMeta(cursor=encode({"v": 1, "lastTime": moment(last.time), "lastId": last.id} | more, urlsafe=True))


def _invalid() -> InvalidRequestError:
    return InvalidRequestError("Invalid cursor format")
