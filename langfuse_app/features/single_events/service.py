"""Single events become batches of one and take the road of all events (spec/api.md §12)."""

import asyncio
from typing import Any

from langfuse_app.core.errors import InvalidRequestError, NotFoundError
from langfuse_app.core.ids import given_or_new, new_id
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import iso_ms, utcnow
from langfuse_app.features.ingest import service as ingest
from langfuse_app.features.observations import service as observations
from langfuse_app.features.single_events import repository_redis

# Fields that these routes call otherwise than the batch route.
_RENAMED = {"prompt": "input", "completion": "output", "spanId": "id", "generationId": "id"}


async def create(scope: ProjectScope, kind: str, body: Any) -> str:
    """Accept a new event, span or generation; its id. InvalidRequestError names what is wrong."""
    fields = _fields(body)
    fields = fields | {"id": given_or_new(fields.get("id"))}
    id = await _submit(scope, f"{kind}-create", fields)
    if fields.get("traceId"):
        await asyncio.to_thread(repository_redis.remember, scope, id, fields["traceId"])
    return id


async def update(scope: ProjectScope, kind: str, body: Any) -> str:
    """Accept an update of a span or generation; its id. InvalidRequestError names what is wrong."""
    name = f"{kind}Id"
    if not isinstance(body, dict) or not body.get(name):
        raise InvalidRequestError(f"{name} must say which {kind} to update")
    fields = _fields(body)
    if fields.get("traceId") in (None, ""):
        fields["traceId"] = await asyncio.to_thread(_trace_of, scope, str(fields["id"]))
    return await _submit(scope, f"{kind}-update", fields)


def _trace_of(scope: ProjectScope, id: str) -> str | None:
    """The trace that an update means; None when nobody knows the observation, which then gets a trace of its own."""
    try:
        return repository_redis.trace_of(scope, id) or observations.get(scope, id).trace_id
    except NotFoundError:
        return None


def _fields(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise InvalidRequestError("The body must be a JSON object")
    given: dict[str, Any] = body
    return {_RENAMED.get(name, name): value for name, value in given.items()}


async def _submit(scope: ProjectScope, type: str, body: dict[str, Any]) -> str:
    event = {"id": new_id(), "type": type, "timestamp": iso_ms(utcnow()), "body": body}
    await ingest.submit_one(scope, event)
    return body["id"]
