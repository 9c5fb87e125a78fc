"""Shapes of scores: what services return, and three generations of the wire (spec/api.md §4.4, §11)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NotRequired, cast

from typing_extensions import TypedDict

from langfuse_app.core.filters.parse import Filter
from langfuse_app.core.shapes import PageMeta
from langfuse_app.core.time import iso_ms


@dataclass(frozen=True, slots=True)
class ScoreQuery:
    """Which scores, newest first. Empty values do not filter; `to_time` is exclusive.

    operator and value go together; user_id and trace_tags look at the trace of the score.
    kinds_of_v1: only scores of traces, and no corrections.
    filters: conditions that hold beside, and instead of a field for the same column.
    """

    filters: tuple[Filter, ...] = ()

    from_time: datetime | None = None
    to_time: datetime | None = None
    user_id: str | None = None
    trace_tags: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    data_types: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    config_ids: tuple[str, ...] = ()
    queue_ids: tuple[str, ...] = ()
    author_user_ids: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()
    session_ids: tuple[str, ...] = ()
    observation_ids: tuple[str, ...] = ()
    dataset_run_ids: tuple[str, ...] = ()
    operator: str | None = None
    value: float | None = None
    numbers: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()
    value_min: float | None = None
    value_max: float | None = None
    kinds_of_v1: bool = False
    page: int = 1
    limit: int = 50

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.limit


@dataclass(frozen=True, slots=True)
class ScoreCursor:
    """The last score a reader has seen; the next page begins after it."""

    timestamp: datetime
    id: str


@dataclass(frozen=True, slots=True)
class ScoredTrace:
    """What a list of scores says about the trace of a score."""

    user_id: str | None
    tags: list[str]
    environment: str
    session_id: str | None


class ScoreV1(TypedDict):
    """A score of `/scores` and of traces; the value's keys depend on the data type."""

    id: str
    traceId: str | None
    observationId: str | None
    name: str
    source: str
    timestamp: str
    createdAt: str
    updatedAt: str
    authorUserId: str | None
    comment: str | None
    metadata: dict[str, Any]
    configId: str | None
    queueId: str | None
    environment: str
    dataType: str
    value: NotRequired[float]
    stringValue: NotRequired[str]


class ScoreV2(ScoreV1):
    """A score of `/v2/scores`."""

    sessionId: str | None
    datasetRunId: str | None


class TraceV1OfScore(TypedDict):
    """What `/scores` says about the trace."""

    userId: str | None
    tags: list[str]
    environment: str


class TraceV2OfScore(TraceV1OfScore):
    """What `/v2/scores` says about the trace."""

    sessionId: str | None


class ScoreRowV1(ScoreV1):
    """A row of `GET /scores`; `trace` is absent when it was not asked for."""

    trace: NotRequired[TraceV1OfScore | None]


class ScoreRowV2(ScoreV2):
    """A row of `GET /v2/scores`; `trace` is absent when it was not asked for."""

    trace: NotRequired[TraceV2OfScore | None]


class SubjectV3(TypedDict):
    """What a score is about: kind is trace, observation, session or experiment."""

    kind: str
    id: str | None
    traceId: NotRequired[str | None]


class ScoreV3(TypedDict):
    """A row of `GET /v3/scores`; fields of groups that were not asked for are absent."""

    id: str
    projectId: str
    name: str
    source: str
    timestamp: str
    environment: str
    createdAt: str
    updatedAt: str
    dataType: str
    value: float | bool | str
    comment: NotRequired[str | None]
    configId: NotRequired[str | None]
    metadata: NotRequired[dict[str, Any]]
    subject: NotRequired[SubjectV3]
    authorUserId: NotRequired[str | None]
    queueId: NotRequired[str | None]


class ScoresV1(TypedDict):
    """`GET /scores`."""

    data: list[ScoreRowV1]
    meta: PageMeta


class ScoresV2(TypedDict):
    """`GET /v2/scores`."""

    data: list[ScoreRowV2]
    meta: PageMeta


class CreatedScore(TypedDict):
    """`POST /scores` with one score."""

    id: str


class RefusedScore(TypedDict):
    """Why one of many was not taken."""

    message: str


class CreatedScores(TypedDict):
    """`POST /scores` with an array of which some were refused."""

    accepted: int
    rejected: int
    errors: list[RefusedScore]


class MetaV3(TypedDict):
    """`cursor` is absent on the last page."""

    limit: int
    cursor: NotRequired[str]


class ScoresV3(TypedDict):
    """`GET /v3/scores`."""

    data: list[ScoreV3]
    meta: MetaV3


@dataclass(frozen=True, slots=True)
class ScoreItem:
    """One score. Absent text is None.

    value: the number of NUMERIC, 0 or 1 of BOOLEAN, the category's number (or 0) of CATEGORICAL, 0 of TEXT and CORRECTION.
    string_value: the text of CATEGORICAL and TEXT, "True"/"False" of BOOLEAN, the corrected output of CORRECTION.
    """

    id: str
    project_id: str
    timestamp: datetime
    name: str
    data_type: str
    value: float
    string_value: str | None
    source: str
    environment: str
    trace_id: str | None
    session_id: str | None
    observation_id: str | None
    dataset_run_id: str | None
    comment: str | None
    metadata: dict[str, Any]
    author_user_id: str | None
    config_id: str | None
    queue_id: str | None
    created_at: datetime
    updated_at: datetime


def score_v2(item: ScoreItem) -> dict[str, Any]:
    """The wire form of `/v2/scores`; which value keys there are depends on the data type."""
    wire: dict[str, Any] = {
        "id": item.id,
        "traceId": item.trace_id,
        "sessionId": item.session_id,
        "observationId": item.observation_id,
        "datasetRunId": item.dataset_run_id,
        "name": item.name,
        "source": item.source,
        "timestamp": iso_ms(item.timestamp),
        "createdAt": iso_ms(item.created_at),
        "updatedAt": iso_ms(item.updated_at),
        "authorUserId": item.author_user_id,
        "comment": item.comment,
        "metadata": item.metadata,
        "configId": item.config_id,
        "queueId": item.queue_id,
        "environment": item.environment,
        "dataType": item.data_type,
    }
    if item.data_type != "TEXT":
        wire["value"] = item.value
    if item.data_type != "NUMERIC":
        wire["stringValue"] = item.string_value or ""
    return wire


def score_v1(item: ScoreItem) -> ScoreV1:
    """The wire form of `/scores` and of traces: only scores of traces have one."""
    wire = score_v2(item)
    del wire["sessionId"], wire["datasetRunId"]
    return cast(ScoreV1, wire)


def score_v3(item: ScoreItem, groups: frozenset[str]) -> dict[str, Any]:
    """The wire form of `/v3/scores`: core, and the groups asked for (details, subject, annotation)."""
    wire: dict[str, Any] = {
        "id": item.id,
        "projectId": item.project_id,
        "name": item.name,
        "source": item.source,
        "timestamp": iso_ms(item.timestamp),
        "environment": item.environment,
        "createdAt": iso_ms(item.created_at),
        "updatedAt": iso_ms(item.updated_at),
        "dataType": item.data_type,
        "value": _value_v3(item),
    }
    if "details" in groups:
        wire |= {"comment": item.comment, "configId": item.config_id, "metadata": item.metadata}
    if "subject" in groups:
        wire["subject"] = _subject(item)
    if "annotation" in groups:
        wire |= {"authorUserId": item.author_user_id, "queueId": item.queue_id}
    return wire


def _value_v3(item: ScoreItem) -> float | bool | str:
    if item.data_type == "NUMERIC":
        return item.value
    return item.value == 1 if item.data_type == "BOOLEAN" else item.string_value or ""


def _subject(item: ScoreItem) -> dict[str, Any]:
    if item.observation_id:
        return {"kind": "observation", "id": item.observation_id, "traceId": item.trace_id}
    if item.trace_id:
        return {"kind": "trace", "id": item.trace_id}
    if item.session_id:
        return {"kind": "session", "id": item.session_id}
    return {"kind": "experiment", "id": item.dataset_run_id}
