"""PostgreSQL statements of feedback."""

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.feedback.models import Feedback
from langfuse_app.stores.postgres import session


def add(scope: ProjectScope, entry: Feedback) -> None:
    """Write one opinion of the project."""
    with session() as current:
        current.add(entry)
