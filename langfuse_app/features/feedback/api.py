"""POST /feedback (spec/api.md §3.1)."""

from fastapi import APIRouter

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import answers
from langfuse_app.features.feedback import service
from langfuse_app.features.feedback.schemas import FeedbackOut, FeedbackRequest

router = APIRouter(tags=["feedback"])


@router.post("/api/public/feedback", status_code=201, responses=answers(FeedbackOut, 413, status=201))
def submit(scope: Project, body: FeedbackRequest) -> dict[str, str]:
    """Say what works and what does not; it is stored on this instance."""
    return {"id": service.submit(scope, body)}
