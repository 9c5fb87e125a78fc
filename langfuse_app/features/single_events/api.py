"""Routes that write one event each (spec/api.md §12)."""

from typing import Any

from fastapi import APIRouter, Request

from langfuse_app.api.auth import Project
from langfuse_app.api.bodies import json_body
from langfuse_app.api.documented import answers
from langfuse_app.features.single_events import service
from langfuse_app.features.single_events.schemas import EventBody, EventId, GenerationBody, GenerationUpdate, SpanBody, SpanUpdate

router = APIRouter(tags=["single events"])


def _takes(model: Any) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema(by_alias=True)}}}}


@router.post("/api/public/events", responses=answers(EventId), openapi_extra=_takes(EventBody))
async def create_event(request: Request, scope: Project) -> dict[str, str]:
    """Accept one event; its id."""
    return {"id": await service.create(scope, "event", await json_body(request))}


@router.post("/api/public/spans", responses=answers(EventId), openapi_extra=_takes(SpanBody))
async def create_span(request: Request, scope: Project) -> dict[str, str]:
    """Accept one span; its id."""
    return {"id": await service.create(scope, "span", await json_body(request))}


@router.patch("/api/public/spans", responses=answers(EventId), openapi_extra=_takes(SpanUpdate))
async def update_span(request: Request, scope: Project) -> dict[str, str]:
    """Accept an update of a span; its id."""
    return {"id": await service.update(scope, "span", await json_body(request))}


@router.post("/api/public/generations", responses=answers(EventId), openapi_extra=_takes(GenerationBody))
async def create_generation(request: Request, scope: Project) -> dict[str, str]:
    """Accept one generation; its id."""
    return {"id": await service.create(scope, "generation", await json_body(request))}


@router.patch("/api/public/generations", responses=answers(EventId), openapi_extra=_takes(GenerationUpdate))
async def update_generation(request: Request, scope: Project) -> dict[str, str]:
    """Accept an update of a generation; its id."""
    return {"id": await service.update(scope, "generation", await json_body(request))}
