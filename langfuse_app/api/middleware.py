"""What holds for every request, as plain ASGI: request and trace ids, CORS, body limits, and a 500 that is JSON."""

import logging
import re
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from langfuse_app.api.errors import json_response, refusal, unexpected
from langfuse_app.core import trace_context
from langfuse_app.core.errors import InvalidRequestError
from langfuse_app.core.ids import new_id
from langfuse_app.core.inflate import BodyTooLargeError

log = logging.getLogger(__name__)

_UNROUTABLE = re.compile(r"[\x00\n]")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_PUBLIC = "/api/public/"
_READABLE = "x-request-id, traceparent, retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset"
_BODY_LIMIT = 1 << 20
_LARGE_BODY_LIMIT = 4_718_592
_LIMITS = {
    "/api/public/traces": _LARGE_BODY_LIMIT,
    "/api/public/dataset-items": _LARGE_BODY_LIMIT,
    "/api/public/unstable/skills": _LARGE_BODY_LIMIT,
    "/api/public/mcp": _LARGE_BODY_LIMIT,
    "/api/public/feedback": 16 << 10,
}
_OWN_LIMIT = ("/api/public/ingestion", "/api/public/otel/", "/api/public/media/files/")  # these stream, and count for themselves


def _headers(message: Message) -> MutableHeaders:
    return MutableHeaders(scope=message)


class RequestId:
    """Gives every answer the ids that the logs speak of; sensible ones from the client are kept.

    `traceparent` in the answer is the span of this request in the caller's trace (W3C trace context).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with its ids."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given, trace = headers.get("x-request-id", ""), trace_context.continued(headers.get("traceparent", ""))
        request_id = given if _REQUEST_ID.fullmatch(given) else new_id()
        started = time.perf_counter()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = _headers(message)
                answered["x-request-id"], answered["traceparent"] = request_id, trace.header()
                took_ms = (time.perf_counter() - started) * 1000
                log.debug("%s %s %s %.1f ms", scope["method"], scope["path"], message["status"], took_ms)
            await send(message)

        trace_context.current.set(trace)  # the server gives every request a context of its own
        with bound_contextvars(request_id=request_id, trace_id=trace.trace_id):
            await self.app(scope, receive, answer)


class Cors:
    """Any origin may use the public API: it knows no cookies, only keys."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer preflights, and mark every other answer as readable."""
        if scope["type"] != "http" or not scope["path"].startswith(_PUBLIC):
            await self.app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await self._preflight(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = _headers(message)
                headers["access-control-allow-origin"] = "*"
                headers["access-control-expose-headers"] = _READABLE
            await send(message)

        await self.app(scope, receive, answer)

    async def _preflight(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Headers(scope=scope).get("access-control-request-headers", "*")
        answer = json_response(None, 204)
        answer.body = b""
        answer.headers.update(
            {
                "content-length": "0",
                "access-control-allow-origin": "*",
                "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
                "access-control-allow-headers": asked,
                "access-control-max-age": "86400",
            }
        )
        await answer(scope, receive, send)


class BodyLimit:
    """Reads a body before its route does, up to the limit of the route (spec/api.md §1.3)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the whole body on, or answer 413."""
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD") or not path.startswith("/api/") or path.startswith(_OWN_LIMIT):
            await self.app(scope, receive, send)
            return
        limit = next((limit for start, limit in _LIMITS.items() if path.startswith(start)), _BODY_LIMIT)
        try:
            body = await _read(receive, limit)
        except BodyTooLargeError as error:
            await refusal(path, error)(scope, receive, send)
            return
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop() if messages else await receive()

        await self.app(scope, replay, send)


async def _read(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise BodyTooLargeError(f"Body exceeded {limit} bytes limit")
        more = message.get("more_body", False)
    return b"".join(chunks)


class Text:
    """Refuses NUL in an address, which no store takes, and line breaks in a path, which no route matches."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer 400."""
        if scope["type"] == "http" and (_UNROUTABLE.search(scope["path"]) or b"%00" in scope["query_string"]):
            error = InvalidRequestError("The address must not contain NUL characters or line breaks")
            await refusal(scope["path"], error)(scope, receive, send)
            return
        await self.app(scope, receive, send)


class LastResort:
    """Answers 500 in JSON where an exception came through everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, and catch what nobody caught."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except Exception as error:
            if begun:
                raise
            await unexpected(scope["path"], error)(scope, receive, send)
