"""PostgreSQL statements of observations: where a trace's rows lie."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.stores.postgres import session

_MINUTES = 4_096  # more of them cost more to bind than they save


class Span(NamedTuple):
    """When the observations of some traces started: the first, the last, and the minutes (s since the epoch) of the sorting
    key between, unless there are too many of them."""

    first: datetime
    last: datetime
    minutes: list[int]


def window(scope: ProjectScope, trace_ids: Sequence[str]) -> Span | None:
    """The window that holds all observations of these traces; None when one of the traces is not located yet."""
    statement = text("SELECT first_start, last_start FROM trace_locators WHERE project_id = :project AND id = ANY(:ids)")
    wanted = sorted(set(trace_ids))
    with session() as current:
        found = current.connection().execute(statement, {"project": scope.project_id, "ids": wanted}).all()
    if not wanted or len(found) < len(wanted):
        return None
    return Span(min(first for first, _ in found), max(last for _, last in found), _minutes([(first, last) for first, last in found]))


def _minutes(spans: list[tuple[datetime, datetime]]) -> list[int]:
    ranges = [range(int(first.timestamp()) // 60, int(last.timestamp()) // 60 + 1) for first, last in spans]
    if sum(map(len, ranges)) > _MINUTES:
        return []
    return sorted({minute * 60 for minutes in ranges for minute in minutes})
