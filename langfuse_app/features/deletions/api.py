"""Routes of deletions (spec/api.md §4.1, §4.4) and of their receipts, which are ours."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import answers
from langfuse_app.api.errors import json_response
from langfuse_app.api.params import Paged
from langfuse_app.core.pagination import Page
from langfuse_app.core.shapes import Message
from langfuse_app.features.deletions import service
from langfuse_app.features.deletions.schemas import DeleteTraces, DeletionItem, DeletionOut, DeletionsOut

router = APIRouter(tags=["deletions"])


def _accepted(id: str, message: str, status: int = 200) -> Response:
    """The contract's answer; where the receipt is stands in a header, because the body has no room for it."""
    return json_response({"message": message}, status, {"Location": f"/api/public/deletions/{id}"})


@router.delete("/api/public/traces", responses=answers(Message))
def delete_traces(scope: Project, body: DeleteTraces) -> Response:
    """Delete up to 1 000 traces with all that belongs to them; hidden at once, erased within a minute."""
    return _accepted(service.delete_traces(scope, body.trace_ids), "Traces deleted successfully")


@router.delete("/api/public/traces/{trace_id:path}", responses=answers(Message))
def delete_trace(scope: Project, trace_id: str) -> Response:
    """Delete a trace with all that belongs to it; an unknown id is fine."""
    return _accepted(service.delete_traces(scope, [trace_id]), "Trace deleted successfully")


@router.delete("/api/public/scores/{score_id:path}", status_code=202, responses=answers(Message, status=202))
def delete_score(scope: Project, score_id: str) -> Response:
    """Delete a score; an unknown id is fine."""
    return _accepted(service.delete_scores(scope, [score_id]), "Score deletion queued successfully", 202)


@router.get("/api/public/deletions", responses=answers(DeletionsOut))
def list_deletions(scope: Project, query: Annotated[Paged, Query()]) -> Response:
    """Receipts, newest first."""
    found = service.list_deletions(scope, query.page, query.limit)
    return json_response({"data": _out(found), "meta": found.meta()})


@router.get("/api/public/deletions/{deletion_id}", responses=answers(DeletionOut, 404))
def get_deletion(scope: Project, deletion_id: str) -> Response:
    """A receipt: from which stores the objects are gone, and since when."""
    return json_response(_wire(service.get(scope, deletion_id)))


def _out(page: Page[DeletionItem]) -> list[dict[str, object]]:
    return [_wire(item) for item in page.items]


def _wire(item: DeletionItem) -> dict[str, object]:
    return DeletionOut.model_validate(item).model_dump(mode="json", by_alias=True)
