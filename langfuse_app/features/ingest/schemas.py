"""Shapes of ingestion for the OpenAPI document; the hot path reads and writes none of them (spec/api.md §5, §6)."""

from typing import Any

from pydantic import BaseModel


class AcceptedOut(BaseModel):
    """An event that was accepted and is durable."""

    id: str
    status: int


class RefusedOut(BaseModel):
    """An event that was not."""

    id: str
    status: int
    message: str | None = None
    error: Any = None


class BatchOut(BaseModel):
    """What became of each event."""

    successes: list[AcceptedOut]
    errors: list[RefusedOut]


class EnvelopeErrorBody(BaseModel):
    """A batch that could not be read at all."""

    message: str
    errors: list[str]


class OtlpErrorBody(BaseModel):
    """An export that could not be read."""

    error: str


class OtlpOut(BaseModel):
    """Accepted."""


_EVENT = {
    "description": "An object with `id`, `type` (trace-create, span-create, generation-update, score-create, …), `timestamp` and `body`;"
    " each is checked alone, and what is wrong with one stands in `errors`"
}
_BATCH = {
    "type": "object",
    "required": ["batch"],
    "properties": {"batch": {"type": "array", "items": _EVENT}, "metadata": {}},
    "examples": [
        {
            "batch": [
                {"id": "event-1", "type": "trace-create", "timestamp": "2026-05-01T10:00:00Z", "body": {"id": "trace-1", "name": "chat"}}
            ]
        }
    ],
}
BATCH: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/json": {"schema": _BATCH}}}}
"""The body of a batch as `openapi_extra`: the route reads its stream itself."""

_EXPORT = {"type": "object", "properties": {"resourceSpans": {"type": ["array", "null"], "items": {"type": "object"}}}}
OTLP: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _EXPORT},
            "application/x-protobuf": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
"""The same for an OTLP export (ExportTraceServiceRequest)."""
