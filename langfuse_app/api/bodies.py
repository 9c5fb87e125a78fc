"""Bodies that a service checks itself: reading them, and their place in the OpenAPI document."""

from typing import Any

import orjson
from fastapi import Request

from langfuse_app.core.errors import InvalidRequestError


async def json_body(request: Request) -> Any:
    """The value of a JSON body; InvalidRequestError when it is none."""
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise InvalidRequestError("Invalid JSON") from error


def takes(schema: dict[str, Any], *examples: Any) -> dict[str, Any]:
    """`openapi_extra` of a route that reads its body as JSON of this schema."""
    shown = {"examples": {str(number): {"value": value} for number, value in enumerate(examples, 1)}} if examples else {}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema} | shown}}}
