"""A bare ASGI app that makes a body durable and forgets it: append, group-commit fdatasync, 200."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

_JOURNAL_LIMIT = 256 << 20  # then the file begins anew

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class _Journal:
    """One file; requests that wait at the same time share one fdatasync."""

    def __init__(self) -> None:
        self._fd = os.open(os.environ["FLOOR_JOURNAL"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def append(self, body: bytes) -> None:
        """Return when the body is on disk."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((body, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._commit())
        await done

    async def _commit(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            await asyncio.to_thread(self._write, [body for body, _ in group])
            for _, done in group:
                done.set_result(None)

    def _write(self, bodies: list[bytes]) -> None:
        if os.lseek(self._fd, 0, os.SEEK_CUR) > _JOURNAL_LIMIT:
            os.ftruncate(self._fd, 0)
            os.lseek(self._fd, 0, os.SEEK_SET)
        os.writev(self._fd, bodies)
        os.fdatasync(self._fd)


_journals: list[_Journal] = []


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Every path is the same."""
    if scope["type"] != "http":
        return
    body = await _read(receive)
    if body:
        if not _journals:
            _journals.append(_Journal())
        await _journals[0].append(body)
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2"), (b"content-type", b"application/json")]}
    )
    await send({"type": "http.response.body", "body": b"{}"})


async def _read(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)
