"""GET /api/public/ingestion-log: our addition to the contract (docs/deviations.md)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from langfuse_app.api.auth import require_project
from langfuse_app.api.documented import answers
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.ledger import service
from langfuse_app.features.ledger.schemas import LedgerOut

router = APIRouter(tags=["ingestion"])


@router.get("/api/public/ingestion-log", responses=answers(LedgerOut))
def ingestion_log(
    scope: Annotated[ProjectScope, Depends(require_project)],
    id: Annotated[str, Query(description="Event, trace, observation, score or request id; empty: the newest entries")] = "",
    outcome: Annotated[str, Query(description="stored, duplicate, rejected or deleted")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """What became of accepted events, newest first."""
    entries = service.where(scope, id, limit) if id else service.newest(scope, outcome, limit)
    return {"data": [entry.wire() for entry in entries]}
