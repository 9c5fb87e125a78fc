"""Shapes of traces: what services return, and what the wire shows (spec/api.md §4.1, §13 Trace…)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from typing_extensions import TypedDict

from langfuse_app.core.filters.parse import Filter
from langfuse_app.core.shapes import PageMeta
from langfuse_app.core.time import iso_ms
from langfuse_app.core.wire import encode_segment, json_or_text
from langfuse_app.features.observations.schemas import ObservationItem, ObservationV1
from langfuse_app.features.scores.schemas import ScoreItem, ScoreV1
from langfuse_app.ingestion.json_bodies import ReferredId, TraceBody


class TraceFields(StrEnum):
    """Groups of fields that a reader may ask for; core is always there."""

    CORE = "core"
    IO = "io"
    SCORES = "scores"
    OBSERVATIONS = "observations"
    METRICS = "metrics"


ALL_FIELDS = frozenset(TraceFields)


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """Which traces, in which order. Empty values do not filter; `to_time` is exclusive.

    search: the id, its beginning, or a part of the name in any case. tags: a trace must carry all of them.
    contents: the search looks into input, output and metadata too, of the trace and of its observations, in the case as typed.
    filters: conditions that hold beside, and instead of a field for the same column. order_by: one of ORDER_COLUMNS.
    """

    search: str = ""
    contents: bool = False
    filters: tuple[Filter, ...] = ()
    from_time: datetime | None = None
    to_time: datetime | None = None
    user_id: str | None = None
    name: str | None = None
    session_id: str | None = None
    tags: tuple[str, ...] = ()
    version: str | None = None
    release: str | None = None
    environments: tuple[str, ...] = ()
    order_by: str = "timestamp"
    descending: bool = True
    page: int = 1
    limit: int = 50

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.limit

    @property
    def filters_time(self) -> bool:
        """Whether the filter says which times are meant, so that from_time and to_time do not count."""
        return any(one.column in ("timestamp", "Timestamp") for one in self.filters)


# what a list can be ordered by: name on the wire → column
ORDER_COLUMNS = {
    "id": "id",
    "timestamp": "timestamp",
    "name": "name",
    "userId": "user_id",
    "release": "release",
    "version": "version",
    "public": "public",
    "bookmarked": "bookmarked",
    "sessionId": "session_id",
}


@dataclass(frozen=True, slots=True)
class TraceItem:
    """One trace. Absent text is None; costs are USD; latency is seconds, None without observations.

    input, output: the stored text (strings as they came, everything else as JSON), None when absent or not asked for.
    metadata: top-level key → parsed value. Counts and sums are 0 or None where metrics were not asked for.
    """

    id: str
    timestamp: datetime
    name: str | None
    user_id: str | None
    session_id: str | None
    release: str | None
    version: str | None
    environment: str
    tags: list[str]
    public: bool
    bookmarked: bool
    input: str | None
    output: str | None
    metadata: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    observation_ids: list[str]
    score_ids: list[str]
    observation_count: int
    error_count: int
    warning_count: int
    debug_count: int
    latency: float | None
    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_cost: float | None
    output_cost: float | None
    total_cost: float | None


@dataclass(frozen=True, slots=True)
class FullTrace:
    """One trace with everything that belongs to it, observations by start time (of a large trace an iterator, to be taken once)."""

    trace: TraceItem
    observations: Iterable[ObservationItem]
    scores: list[ScoreItem]


class VolumeBucket(NamedTuple):
    """Traces that began in one slice of time, and how many of them hold an error."""

    start: datetime
    traces: int
    errors: int


class TraceV1(TypedDict):
    """A trace as sessions show it: the fields of the table, no sums."""

    id: str
    projectId: str
    name: str | None
    timestamp: str
    environment: str
    tags: list[str]
    bookmarked: bool
    release: str | None
    version: str | None
    userId: str | None
    public: bool
    input: Any
    output: Any
    metadata: Any
    sessionId: str | None
    createdAt: str
    updatedAt: str
    externalId: None


class TraceWithDetails(TraceV1):
    """A row of `GET /traces`: a group that was not asked for shows [] and -1."""

    htmlPath: str
    latency: float
    totalCost: float
    observations: list[str]
    scores: list[str]


class TraceWithFullDetails(TraceV1):
    """`GET /traces/{id}`."""

    htmlPath: str
    latency: float
    totalCost: float
    observations: list[ObservationV1]
    scores: list[ScoreV1]


class Traces(TypedDict):
    """`GET /traces`."""

    data: list[TraceWithDetails]
    meta: PageMeta


class TraceIn(TraceBody, rename="camel"):
    """Body of `POST /traces`; an empty id is an absent one."""

    id: ReferredId | None = None


class CreatedTrace(TypedDict):
    """`POST /traces`."""

    id: str


def trace_v1(project_id: str, item: TraceItem) -> TraceV1:
    """The wire form; payloads are parsed where their text is JSON."""
    return TraceV1(
        id=item.id,
        projectId=project_id,
        name=item.name,
        timestamp=iso_ms(item.timestamp),
        environment=item.environment,
        tags=item.tags,
        bookmarked=item.bookmarked,
        release=item.release,
        version=item.version,
        userId=item.user_id,
        public=item.public,
        input=json_or_text(item.input),
        output=json_or_text(item.output),
        metadata=item.metadata,
        sessionId=item.session_id,
        createdAt=iso_ms(item.created_at),
        updatedAt=iso_ms(item.updated_at),
        externalId=None,
    )


def html_path(project_id: str, trace_id: str) -> str:
    """Where people find the trace, from the root of this instance."""
    return f"/project/{project_id}/traces/{encode_segment(trace_id)}"


def latency_and_cost(item: TraceItem, fields: frozenset[TraceFields]) -> tuple[float, float]:
    """The two sums of the wire: seconds and USD, both -1 when metrics were not asked for."""
    if TraceFields.METRICS not in fields:
        return -1, -1
    return item.latency or 0, item.total_cost or 0
