"""Bodies that a service checks itself."""

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
