"""Calling a tool: its route is asked in this process, as its caller would ask it from outside."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import Request

from langfuse_app.api.mcp.tools import BODY, Tool
from langfuse_app.core import trace_context

_HANDED_ON = ("authorization", "user-agent", "x-langfuse-sdk-name", "x-langfuse-sdk-version")


class ArgumentsError(Exception):
    """The arguments do not fit the tool; the text says how."""


async def call(request: Request, tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The result of `tools/call`: what the route answers; `isError` with the body of a refusal. ArgumentsError."""
    import httpx  # takes a tenth of a second, and most processes never need it

    check(tool, arguments)
    transport = httpx.ASGITransport(request.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=str(request.base_url), headers=_headers(request)) as client:
        body = _body(tool, arguments)
        content = None if body is None else orjson.dumps(body)
        asked = client.request(tool.method, _path(tool, arguments), params=_query(tool, arguments), content=content)
        answer = await asyncio.create_task(asked)  # so that what it notes of itself stays its own
    return await asyncio.to_thread(_result, answer.status_code, answer.content)


def _headers(request: Request) -> dict[str, str]:
    kept = {name: request.headers[name] for name in _HANDED_ON if name in request.headers}
    context = trace_context.current.get()
    return kept | {"content-type": "application/json"} | ({"traceparent": context.header()} if context else {})


def check(tool: Tool, arguments: Mapping[str, Any]) -> None:
    """Whether every argument has its place; what stands in them is the route's to judge. ArgumentsError."""
    known = tool.schema["properties"]
    if unknown := [name for name in arguments if name not in known]:
        raise ArgumentsError(f"Unknown argument '{unknown[0]}' of {tool.name}: it takes {', '.join(known) or 'none'}")
    for name in tool.path:
        if not isinstance(arguments.get(name), str | int) or arguments[name] == "":
            raise ArgumentsError(f"Argument '{name}' of {tool.name} must be a text that is not empty")


def _path(tool: Tool, arguments: Mapping[str, Any]) -> str:
    return tool.route.format_map({name: _quoted(_text(arguments[argument])) for argument, name in tool.path.items()})


def _quoted(value: str) -> str:
    """As one part of a path; `..` is a name here, not a way up."""
    return value.replace(".", "%2E") if value in (".", "..") else quote(value, safe="")


def _query(tool: Tool, arguments: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    given = [(name, arguments[argument]) for argument, name in tool.query.items() if arguments.get(argument) is not None]
    return tuple((name, _text(one)) for name, value in given for one in (value if _is_list(value) else [value]))


def _is_list(value: Any) -> bool:
    """A list of plain values is a repeated parameter; one of objects is JSON, such as a filter."""
    return isinstance(value, list) and not any(isinstance(one, dict | list) for one in value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _body(tool: Tool, arguments: Mapping[str, Any]) -> Any:
    if tool.body is None:
        return None
    if tool.body == frozenset({BODY}):
        return arguments.get(BODY)
    return {name: arguments[name] for name in tool.body if name in arguments}


def _result(status: int, content: bytes) -> dict[str, Any]:
    """The text of the answer, and of a success that is an object the object. Clients hold it against the tool's schema, which
    says nothing of refusals."""
    text, failed = content.decode(errors="replace") or f"Done ({status})", not 200 <= status < 300
    try:
        value = orjson.loads(content) if content else None
    except orjson.JSONDecodeError:  # a long answer that broke off
        value, failed = None, True
    result = {"content": [{"type": "text", "text": text}], "isError": failed, "_meta": {"status": status}}
    return result | ({"structuredContent": value} if isinstance(value, dict) and not failed else {})
