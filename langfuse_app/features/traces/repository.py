"""PostgreSQL statements of traces: flags that people set, and which project a trace is in."""

from collections.abc import Sequence

from sqlalchemy import text

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.stores.postgres import session


def set_bookmark(scope: ProjectScope, trace_id: str, bookmarked: bool) -> bool:
    """Note the flag where ingestion finds it; False when the project has no such trace."""
    statement = text("UPDATE trace_locators SET bookmarked = :flag WHERE project_id = :project AND id = :id")
    with session() as current:
        values = {"flag": bookmarked, "project": scope.project_id, "id": trace_id}
        return current.connection().execute(statement, values).rowcount > 0


def project_of(trace_id: str, project_ids: Sequence[str]) -> str | None:
    """The one of these projects (those a person is a member of) that has the trace."""
    statement = text("SELECT project_id FROM trace_locators WHERE id = :id AND project_id = ANY(:projects) LIMIT 1")
    with session() as current:
        return current.connection().execute(statement, {"id": trace_id, "projects": list(project_ids)}).scalar()
