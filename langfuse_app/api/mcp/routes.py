"""Routes of the Model Context Protocol: streamable HTTP without sessions, so every answer is one piece of JSON (spec/api.md §12)."""

import asyncio
import re
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.datastructures import Headers

from langfuse_app.api.auth import Project
from langfuse_app.api.bodies import takes
from langfuse_app.api.documented import answers, open_answers
from langfuse_app.api.errors import json_response
from langfuse_app.api.links import base_url
from langfuse_app.api.mcp.calls import call
from langfuse_app.api.mcp.protocol import (
    BAD_TRANSPORT,
    INVALID_REQUEST,
    LARGEST_BATCH,
    PARSE_ERROR,
    SERVER,
    VERSIONS,
    RpcError,
    Server,
    refusal,
)
from langfuse_app.api.mcp.tools import toolbox
from langfuse_app.core.errors import ForbiddenError
from langfuse_app.core.lists import comma_list
from langfuse_app.core.settings import get_settings

router = APIRouter(tags=["mcp"])
_PATH = "/api/public/mcp"
_REFUSED = re.compile(r"(?:^|;)q=0(?:\.0*)?(?:;|$)")
_MESSAGE = {
    "type": "object",
    "properties": {
        "jsonrpc": {"const": "2.0"},
        "id": {"type": ["string", "integer"], "description": "Absent in a notification"},
        "method": {"type": "string"},
        "params": {"description": "An object; what is wrong with it is answered as an error of the protocol"},
    },
    "required": ["jsonrpc"],
}
_MESSAGES = {"anyOf": [_MESSAGE, {"type": "array", "minItems": 1, "maxItems": LARGEST_BATCH, "description": "A batch, before 2025-06-18"}]}


class RpcErrorOut(BaseModel):
    """What is wrong with a message."""

    code: int
    message: str


class RpcOut(BaseModel):
    """The answer to a message: a result or an error."""

    jsonrpc: str
    id: str | int | None
    result: dict[str, Any] | None = None
    error: RpcErrorOut | None = None


class RemoteOut(BaseModel):
    """Where and how a server is reached."""

    type: str
    url: str
    supported_protocol_versions: list[str] = Field(serialization_alias="supportedProtocolVersions")
    headers: list[dict[str, Any]]


class DiscoveryOut(BaseModel):
    """What a client must know to connect."""

    name: str
    title: str
    description: str
    version: str
    remotes: list[RemoteOut]


_ANSWERS = answers(RpcOut | list[RpcOut]) | {
    202: {"description": "Nothing to answer: notifications only"},
    400: {"model": RpcOut, "description": "No message of this protocol"},
    406: {"model": RpcOut, "description": "Accept must name application/json, in which every answer is"},
    415: {"model": RpcOut, "description": "Content-Type must be application/json"},
}


@router.post(_PATH, responses=_ANSWERS, openapi_extra=takes(_MESSAGES, {"jsonrpc": "2.0", "id": 1, "method": "ping"}))
async def model_context_protocol(request: Request, scope: Project) -> Response:
    """Messages of the Model Context Protocol over streamable HTTP; each tool is a route of this API."""
    _check_host(request.headers)
    try:
        _check_types(request.headers)
        message = await _message(request)
        version = _version(request.headers, message)
        server = Server(await asyncio.to_thread(toolbox, request.app), partial(call, request))
        answer = await server.answer(message, version)
    except RpcError as error:
        return json_response(refusal(error), error.status)
    return Response(status_code=202) if answer is None else await asyncio.to_thread(json_response, answer)


def _check_host(headers: Mapping[str, str]) -> None:
    """Where hosts are named, neither another host nor a page of another one may come in."""
    allowed = {host.lower() for host in comma_list(get_settings().LANGFUSE_MCP_ALLOWED_HOSTS)}
    origin = headers.get("origin")
    asked = [f"//{headers.get('host', '')}", *([origin] if origin else [])]
    if allowed and not all((urlsplit(address).hostname or "") in allowed for address in asked):
        raise ForbiddenError("Host or Origin is not in LANGFUSE_MCP_ALLOWED_HOSTS")


def _check_types(headers: Headers) -> None:
    """What a client must send and accept; that it accepts event streams too is not asked, since none come from here."""
    accepted = _types(",".join(headers.getlist("accept")))
    if not accepted & {"application/json", "application/*", "*/*"}:
        raise RpcError(BAD_TRANSPORT, "Not Acceptable: Client must accept application/json", 406)
    if _types(headers.get("content-type", "")) != {"application/json"}:
        raise RpcError(BAD_TRANSPORT, "Unsupported Media Type: Content-Type must be application/json", 415)


def _types(header: str) -> set[str]:
    """The media types of a header, without their parameters; what has the quality 0 is not accepted."""
    named = [[part.strip().lower() for part in one.split(";")] for one in header.split(",")]
    return {kind for kind, *parameters in named if kind and not _REFUSED.search(";".join(parameters))}


async def _message(request: Request) -> Any:
    try:
        return await asyncio.to_thread(orjson.loads, await request.body())
    except orjson.JSONDecodeError as error:
        raise RpcError(PARSE_ERROR, "Parse error: the body is not JSON") from error


def _version(headers: Mapping[str, str], message: Any) -> str | None:
    """The version that was agreed on, as the client repeats it; with `initialize` there is none yet."""
    version = headers.get("mcp-protocol-version")
    initializes = isinstance(message, dict) and message.get("method") == "initialize"
    if version is not None and version not in VERSIONS and not initializes:
        raise RpcError(INVALID_REQUEST, f"Invalid Request: unsupported MCP-Protocol-Version, supported: {', '.join(VERSIONS)}")
    return version


@router.get("/.well-known/mcp.json", responses=open_answers(DiscoveryOut))
def discovery(request: Request) -> DiscoveryOut:
    """Where the Model Context Protocol is spoken, and with which credentials."""
    key = {
        "name": "Authorization",
        "description": "Basic, the public key of a project as user, its secret key as password",
        "isRequired": True,
        "isSecret": True,
    }
    remote = RemoteOut(type="streamable-http", url=base_url(request) + _PATH, supported_protocol_versions=list(VERSIONS), headers=[key])
    return DiscoveryOut(**SERVER, description="Reads and writes one project: each tool is a route of the public API", remotes=[remote])
