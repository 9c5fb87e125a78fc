"""Shapes of sessions (spec/api.md §4.3)."""

from dataclasses import dataclass
from datetime import datetime

from typing_extensions import TypedDict

from langfuse_app.core.filters.parse import Filter
from langfuse_app.core.shapes import PageMeta
from langfuse_app.core.time import iso_ms
from langfuse_app.features.traces.schemas import TraceV1


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """Which sessions, newest first, by the time they were first seen; `to_time` is exclusive.

    filters: conditions that hold beside, and instead of a field for the same column.
    """

    from_time: datetime | None = None
    to_time: datetime | None = None
    environments: tuple[str, ...] = ()
    page: int = 1
    limit: int = 50
    filters: tuple[Filter, ...] = ()

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.limit


@dataclass(frozen=True, slots=True)
class SessionItem:
    """One session: it exists since a trace named it."""

    id: str
    created_at: datetime
    project_id: str
    environment: str


class SessionV1(TypedDict):
    """A row of `GET /sessions`."""

    id: str
    createdAt: str
    projectId: str
    environment: str


class SessionWithTraces(SessionV1):
    """`GET /sessions/{id}`: the traces by timestamp."""

    traces: list[TraceV1]


class Sessions(TypedDict):
    """`GET /sessions`."""

    data: list[SessionV1]
    meta: PageMeta


def session_v1(item: SessionItem) -> SessionV1:
    """The wire form."""
    return SessionV1(id=item.id, createdAt=iso_ms(item.created_at), projectId=item.project_id, environment=item.environment)
