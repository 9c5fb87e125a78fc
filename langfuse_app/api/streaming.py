"""JSON answers that may be larger than memory: lists that are read while they are written."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
from fastapi import Response
from starlette.responses import StreamingResponse

from langfuse_app.api.errors import json_response
from langfuse_app.core.lazy import begun

PIECE = 256 << 10  # bytes that are sent at once; encoding them takes a millisecond or two


def json_answer(body: Mapping[str, Any], headers: dict[str, str] | None = None) -> Response:
    """The same text as `json_response`. A value of the body that is an iterator is a list: it is sent in pieces while it is read.

    What is wrong before the end of the first piece is raised here; later it ends the connection before the answer is whole.
    """
    if not any(isinstance(value, Iterator) for value in body.values()):
        return json_response(body, headers=headers)
    return StreamingResponse(begun(_pieces(_object(body))), headers=headers, media_type="application/json")


def _object(body: Mapping[str, Any]) -> Iterator[bytes]:
    mark = b"{"
    for name, value in body.items():
        yield mark + orjson.dumps(name) + b":"
        yield from _list(value) if isinstance(value, Iterator) else (orjson.dumps(value),)
        mark = b","
    yield b"}"


def _list(rows: Iterable[Any]) -> Iterator[bytes]:
    mark = b"["
    for row in rows:
        yield mark + orjson.dumps(row)
        mark = b","
    yield b"]" if mark == b"," else b"[]"


def _pieces(texts: Iterator[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for text in texts:
        held.append(text)
        size += len(text)
        if size >= PIECE:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)
