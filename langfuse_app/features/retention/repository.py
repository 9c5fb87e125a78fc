"""PostgreSQL statements of retention: which projects ask for it, and the rows whose time is over."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.stores.postgres import session


class Keeping(NamedTuple):
    """A project and how long it keeps its data."""

    project_id: str
    org_id: str
    days: int


def projects() -> list[Keeping]:
    """Living projects that do not keep their data for ever; for the job only."""
    statement = text("SELECT id, org_id, retention_days FROM projects WHERE retention_days > 0 AND deleted_at IS NULL ORDER BY id")
    with session() as current:
        return [Keeping(*row) for row in current.connection().execute(statement)]


def forget(scope: ProjectScope, before: datetime) -> int:
    """Delete locators and sessions from before; how many rows. A session with a younger trace stays with that trace's batch."""
    values = {"project_id": scope.project_id, "before": before}
    locators = text("DELETE FROM trace_locators WHERE project_id = :project_id AND timestamp < :before AND last_start < :before")
    sessions = text("DELETE FROM trace_sessions WHERE project_id = :project_id AND created_at < :before AND updated_at < :before")
    with session() as current:
        return sum(current.connection().execute(statement, values).rowcount for statement in (locators, sessions))
