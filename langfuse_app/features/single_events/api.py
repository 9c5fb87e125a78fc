"""Routes that write one event each (spec/api.md §12)."""

from fastapi import APIRouter, Request

from langfuse_app.api.auth import Project
from langfuse_app.api.bodies import json_body, takes
from langfuse_app.api.documented import answers
from langfuse_app.core.struct_schema import struct_schema
from langfuse_app.features.single_events import service
from langfuse_app.features.single_events.schemas import EventId, EventIn, GenerationIn, GenerationUpdate, SpanIn, SpanUpdate

router = APIRouter(tags=["single events"])
_EVENT = {"traceId": "trace-1", "name": "clicked", "startTime": "2026-05-01T10:00:00Z", "input": {"button": "send"}}
_SPAN = {"traceId": "trace-1", "name": "retrieve", "startTime": "2026-05-01T10:00:00Z", "endTime": "2026-05-01T10:00:01Z"}
_GENERATION = {"traceId": "trace-1", "name": "answer", "model": "gpt-4o", "prompt": "Hello?", "startTime": "2026-05-01T10:00:00Z"}
_USAGE = {"promptTokens": 3, "completionTokens": 2}


@router.post("/api/public/events", responses=answers(EventId), openapi_extra=takes(struct_schema(EventIn), _EVENT))
async def create_event(request: Request, scope: Project) -> dict[str, str]:
    """Accept one event; its id."""
    return {"id": await service.create(scope, "event", await json_body(request))}


@router.post("/api/public/spans", responses=answers(EventId), openapi_extra=takes(struct_schema(SpanIn), _SPAN))
async def create_span(request: Request, scope: Project) -> dict[str, str]:
    """Accept one span; its id."""
    return {"id": await service.create(scope, "span", await json_body(request))}


@router.patch(
    "/api/public/spans",
    responses=answers(EventId),
    openapi_extra=takes(struct_schema(SpanUpdate), {"spanId": "span-1", "output": "two documents"}),
)
async def update_span(request: Request, scope: Project) -> dict[str, str]:
    """Accept an update of a span; its id."""
    return {"id": await service.update(scope, "span", await json_body(request))}


@router.post("/api/public/generations", responses=answers(EventId), openapi_extra=takes(struct_schema(GenerationIn), _GENERATION))
async def create_generation(request: Request, scope: Project) -> dict[str, str]:
    """Accept one generation; its id."""
    return {"id": await service.create(scope, "generation", await json_body(request))}


@router.patch(
    "/api/public/generations",
    responses=answers(EventId),
    openapi_extra=takes(struct_schema(GenerationUpdate), {"generationId": "g-1", "completion": "Hi.", "usage": _USAGE}),
)
async def update_generation(request: Request, scope: Project) -> dict[str, str]:
    """Accept an update of a generation; its id."""
    return {"id": await service.update(scope, "generation", await json_body(request))}
