"""Feedback is kept here, and sent to nobody."""

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.audit import service as audit
from langfuse_app.features.feedback import repository
from langfuse_app.features.feedback.models import Feedback
from langfuse_app.features.feedback.schemas import FeedbackRequest


def submit(scope: ProjectScope, given: FeedbackRequest) -> str:
    """Store an opinion; its id."""
    entry = Feedback(project_id=scope.project_id, actor_id=scope.actor_id, **given.model_dump())
    repository.add(scope, entry)
    audit.record(scope, "create", "feedback", entry.id, after={"targetType": entry.target_type, "target": entry.target})
    return entry.id
