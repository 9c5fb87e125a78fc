"""Routes of ingestion: JSON batches and OTLP (spec/api.md §5, §6)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from langfuse_app.api.auth import require_project, require_scores
from langfuse_app.api.bodies import takes
from langfuse_app.api.documented import answers
from langfuse_app.api.errors import json_response
from langfuse_app.core.inflate import BodyTooLargeError
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import get_settings
from langfuse_app.core.shapes import Message
from langfuse_app.features.ingest import service
from langfuse_app.features.ingest.schemas import BATCH, BATCH_EXAMPLE, OTLP, BatchOut, EnvelopeErrorBody, OtlpErrorBody, OtlpOut

router = APIRouter(tags=["ingestion"])

_BATCH_ANSWERS = answers(BatchOut, 413, status=207) | {400: {"model": EnvelopeErrorBody, "description": "The batch cannot be read"}}
_OTLP_ANSWERS = answers(OtlpOut, 413) | {400: {"model": OtlpErrorBody, "description": "The export cannot be read"}}


async def read_body(request: Request, limit: int) -> bytes:
    """The body as it came, given up as soon as it is over `limit` bytes."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BodyTooLargeError(f"Request body is over {limit} bytes: send smaller batches")
        chunks.append(chunk)
    return b"".join(chunks)


def _sdk(request: Request, name: str) -> str:
    """An SDK header in either spelling; Python SDK 2 sends underscores (spec/wire.md §0.2)."""
    headers = request.headers
    return headers.get(f"x-langfuse-{name}") or headers.get(f"x_langfuse_{name.replace('-', '_')}") or ""


async def _delivery(request: Request, content: str, limit: int) -> service.Delivery:
    return service.Delivery(
        body=await read_body(request, limit),
        content=content,
        encoding=request.headers.get("content-encoding", "").strip().lower(),
        sdk_name=_sdk(request, "sdk-name"),
        sdk_version=_sdk(request, "sdk-version"),
        ingestion_version=_sdk(request, "ingestion-version"),
    )


@router.post("/api/public/ingestion", status_code=207, responses=_BATCH_ANSWERS, openapi_extra=takes(BATCH, BATCH_EXAMPLE))
async def ingest(request: Request, scope: Annotated[ProjectScope, Depends(require_scores)]) -> Response:
    """Accept a batch of events; each is answered alone, 201 or an error."""
    delivery = await _delivery(request, "json", get_settings().LANGFUSE_INGESTION_MAX_BODY_BYTES)
    return json_response(await service.accept_json(scope, delivery), 207)


def _content(request: Request) -> str:
    content_type = request.headers.get("content-type", "")
    if "application/x-protobuf" in content_type:
        return "otlp-protobuf"
    if "application/json" in content_type:
        return "otlp-json"
    raise service.OtlpRefusedError("Invalid content type")


@router.post("/api/public/otel/v1/traces", responses=_OTLP_ANSWERS, openapi_extra=OTLP)
@router.post("/v1/traces", include_in_schema=False)
async def otlp_traces(request: Request, scope: Annotated[ProjectScope, Depends(require_project)]) -> dict[str, Any]:
    """Accept an OTLP trace export, protobuf or JSON."""
    delivery = await _delivery(request, _content(request), get_settings().LANGFUSE_OTEL_MAX_BODY_BYTES)
    await service.accept_otlp(scope, delivery)
    return {}


@router.post("/api/public/otel/v1/metrics", responses=answers(Message))
async def otlp_metrics(scope: Annotated[ProjectScope, Depends(require_project)]) -> dict[str, str]:
    """Accept and discard metrics, as the contract does."""
    del scope
    return {"message": "OK"}
