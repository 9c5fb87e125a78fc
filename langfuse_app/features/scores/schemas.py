"""Shapes of scores: what services return, and three generations of the wire (spec/api.md §4.4, §11)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ScoreQuery:
    """Which scores, newest first. Empty values do not filter; `to_time` is exclusive.

    operator and value go together; user_id and trace_tags look at the trace of the score.
    kinds_of_v1: only scores of traces, and no corrections.
    """

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
