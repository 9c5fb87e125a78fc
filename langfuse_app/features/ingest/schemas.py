"""Shapes of ingestion for the OpenAPI document; the hot path reads and writes none of them (spec/api.md §5, §6)."""

from collections import defaultdict
from typing import Any

import msgspec
from pydantic import BaseModel

from langfuse_app.core.struct_schema import struct_schema
from langfuse_app.ingestion.json_events import EVENT_TYPES, Event


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


def _events() -> list[dict[str, Any]]:
    """A schema for each kind of body, and the event types that have it."""
    types: dict[type[msgspec.Struct], list[str]] = defaultdict(list)
    for name, kind in EVENT_TYPES.items():
        types[kind.body].append(name)
    return [_event(struct_schema(body), names) for body, names in types.items() if body is not msgspec.Struct]


def _event(body: dict[str, Any], names: list[str]) -> dict[str, Any]:
    event = struct_schema(Event)
    return event | {
        "properties": event["properties"] | {"type": {"enum": names}, "body": body, "metadata": {}},
        "required": [*event["required"], "type", "body"],
    }


BATCH: dict[str, Any] = {
    "type": "object",
    "required": ["batch"],
    "properties": {
        "batch": {
            "type": "array",
            "description": "Each event is checked alone, and what is wrong with one stands in `errors`",
            "items": {"anyOf": _events()},
        },
        "metadata": {},
    },
}
"""The body of a batch."""

BATCH_EXAMPLE = {
    "batch": [{"id": "event-1", "type": "trace-create", "timestamp": "2026-05-01T10:00:00Z", "body": {"id": "trace-1", "name": "chat"}}]
}

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
"""The body of an OTLP export (ExportTraceServiceRequest) as `openapi_extra`."""
