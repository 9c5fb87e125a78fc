"""JSON-RPC as the Model Context Protocol speaks it: initialize, ping, tools/list, tools/call; nothing is kept between requests."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from langfuse_app import __version__
from langfuse_app.api.mcp.calls import ArgumentsError
from langfuse_app.api.mcp.tools import Tool

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
BAD_TRANSPORT = -32000  # the message came in a way that the transport does not allow, or its answer could not go back
VERSIONS = ("2025-06-18", "2025-03-26", "2024-11-05")
_UNNAMED = "2025-03-26"  # what a client speaks that does not say so
LARGEST_BATCH = 50
_INSTRUCTIONS = (
    "Traces, scores, prompts, datasets, experiments and more of one project. Lists come by pages: ask for the next with page or cursor."
)
SERVER = {"name": "langfuse-app", "title": "Langfuse-compatible observability", "version": __version__}


class RpcError(Exception):
    """An error object of JSON-RPC. `status` is that of the answer to a request that is refused whole."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True, slots=True)
class Server:
    """Answers the messages of one HTTP request: `call` asks a tool's route with the caller's key."""

    tools: Mapping[str, Tool]
    call: Callable[[Tool, Mapping[str, Any]], Awaitable[dict[str, Any]]]

    async def answer(self, message: Any, version: str | None) -> Any:
        """The answer to a body: an object, or a list for a batch; None when there was nothing to answer. RpcError refuses it whole."""
        if not isinstance(message, list):
            return await self._one(message)
        self._check_batch(message, version or _UNNAMED)
        answers = [await self._caught(one) for one in message]
        return [one for one in answers if one is not None] or None

    def _check_batch(self, messages: list[Any], version: str) -> None:
        if version == VERSIONS[0]:
            raise RpcError(INVALID_REQUEST, f"Invalid Request: {version} knows no batches")
        if not 0 < len(messages) <= LARGEST_BATCH:
            raise RpcError(INVALID_REQUEST, f"Invalid Request: a batch has 1 to {LARGEST_BATCH} messages")
        if any(isinstance(one, dict) and one.get("method") == "initialize" for one in messages):
            raise RpcError(INVALID_REQUEST, "Invalid Request: initialize stands alone")

    async def _caught(self, message: Any) -> dict[str, Any] | None:
        try:
            return await self._one(message)
        except RpcError as error:
            return refusal(error)

    async def _one(self, message: Any) -> dict[str, Any] | None:
        """RpcError when it is no message at all."""
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            raise RpcError(INVALID_REQUEST, "Invalid Request: a message is an object with jsonrpc 2.0")
        if "method" not in message and ("result" in message or "error" in message):
            return None  # an answer to what nobody asked
        if not isinstance(message.get("method"), str):
            raise RpcError(INVALID_REQUEST, "Invalid Request: method must be a string")
        if "id" not in message:
            return None  # a notification
        id = message["id"]
        if isinstance(id, bool) or not isinstance(id, str | int):
            raise RpcError(INVALID_REQUEST, "Invalid Request: id must be a string or an integer")
        try:
            return {"jsonrpc": "2.0", "id": id, "result": await self._result(message["method"], message.get("params", {}))}
        except RpcError as error:
            return refusal(error, id)

    async def _result(self, method: str, params: Any) -> dict[str, Any]:
        if not isinstance(params, dict):
            raise RpcError(INVALID_PARAMS, "Invalid params: params must be an object")
        if method == "initialize":
            return _initialized(params)
        if method == "ping":
            return {}
        if method == "tools/list":
            return self._listed(params)
        if method == "tools/call":
            return await self._called(params)
        raise RpcError(METHOD_NOT_FOUND, f"Method not found: {method[:100]}")

    def _listed(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if params.get("cursor") is not None:
            raise RpcError(INVALID_PARAMS, "Invalid params: unknown cursor, all tools come at once")
        return {"tools": [tool.shown() for tool in self.tools.values()]}

    async def _called(self, params: Mapping[str, Any]) -> dict[str, Any]:
        name, arguments = params.get("name"), params.get("arguments")
        tool = self.tools.get(name) if isinstance(name, str) else None
        if tool is None:
            raise RpcError(INVALID_PARAMS, f"Unknown tool: {str(name)[:100]}")
        if not isinstance(arguments, dict | None):
            raise RpcError(INVALID_PARAMS, "Invalid params: arguments must be an object")
        try:
            return await self.call(tool, arguments or {})
        except ArgumentsError as error:
            raise RpcError(INVALID_PARAMS, f"Invalid params: {error}") from error


def _initialized(params: Mapping[str, Any]) -> dict[str, Any]:
    """The version that the client asks for where we speak it, else our newest."""
    asked = params.get("protocolVersion")
    if not isinstance(asked, str):
        raise RpcError(INVALID_PARAMS, "Invalid params: protocolVersion must be a string")
    return {
        "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
        "capabilities": {"tools": {"listChanged": False}},
        "serverInfo": SERVER,
        "instructions": _INSTRUCTIONS,
    }


def refusal(error: RpcError, id: str | int | None = None) -> dict[str, Any]:
    """The answer that carries an error."""
    return {"jsonrpc": "2.0", "id": id, "error": {"code": error.code, "message": error.message}}
