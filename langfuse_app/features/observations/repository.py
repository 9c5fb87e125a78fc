"""PostgreSQL statements of observations: where a trace's rows lie."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.stores.postgres import session


class Span(NamedTuple):
    """The first and the last start of the observations of some traces."""

    first: datetime
    last: datetime


def window(scope: ProjectScope, trace_ids: Sequence[str]) -> Span | None:
    """The window that holds all observations of these traces; None when one of the traces is not located yet."""
    statement = text(
        "SELECT count(*), min(first_start), max(last_start) FROM trace_locators WHERE project_id = :project AND id = ANY(:ids)"
    )
    wanted = sorted(set(trace_ids))
    with session() as current:
        count, first, last = current.connection().execute(statement, {"project": scope.project_id, "ids": wanted}).one()
    return Span(first, last) if wanted and count == len(wanted) else None
