"""Shapes of runs and experiments (spec/api.md §4.7, §4.8, §13 DatasetRun, DatasetRunItem, Experiment, ExperimentItem)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field, model_validator

from langfuse_app.core.filters.parse import Filter
from langfuse_app.core.shapes import BodyTime, CursorMeta, PageMeta, Shape, StrictBody, WireTime, examples
from langfuse_app.features.datasets.schemas import LONGEST_ID, DatasetItemOut, DatasetOut, Stored

# --- runs ------------------------------------------------------------------------------------------------------------


class CreateRunItem(StrictBody):
    """Body of POST: an item ran as a trace, or as an observation in it. `dataset_version`: the item as it was then."""

    model_config = examples({"runName": "monday", "datasetItemId": "5f0eac9f-0ef2-49b0-89f5-31578ffe515a", "traceId": "trace-1"})

    run_name: str = Field(min_length=1)
    run_description: str | None = None
    metadata: Any = None
    dataset_item_id: str
    observation_id: str | None = Field(None, max_length=LONGEST_ID)
    trace_id: str | None = Field(None, max_length=LONGEST_ID)
    dataset_version: BodyTime | None = None
    created_at: BodyTime | None = None

    @model_validator(mode="after")
    def _linked(self) -> "CreateRunItem":
        if not (self.observation_id or self.trace_id):
            raise ValueError("observationId or traceId must be provided")
        return self


class RunItemOut(Shape):
    """One item of a run. traceId is empty while the observation that was named is not here yet."""

    id: str
    dataset_run_id: str
    dataset_run_name: str
    dataset_item_id: str
    trace_id: str
    observation_id: str | None
    created_at: WireTime
    updated_at: WireTime


class RunOut(Stored):
    """One run."""

    id: str
    name: str
    description: str | None
    metadata: Any
    dataset_id: str
    dataset_name: str
    created_at: WireTime
    updated_at: WireTime


class RunWithItemsOut(RunOut):
    """One run with all its items, newest first."""

    dataset_run_items: list[RunItemOut]


class RunsOut(Shape):
    """A page of runs."""

    data: list[RunOut]
    meta: PageMeta


class RunItemsOut(Shape):
    """A page of run items."""

    data: list[RunItemOut]
    meta: PageMeta


class DatasetV1Out(DatasetOut):
    """The first generation's dataset: with its active items and the names of its runs."""

    items: list[DatasetItemOut]
    runs: list[str]


class DatasetNamesV1Out(DatasetOut):
    """The same in a list: the items by their ids."""

    items: list[str]
    runs: list[str]


class DatasetsV1Out(Shape):
    """A page of the first generation's datasets."""

    data: list[DatasetNamesV1Out]
    meta: PageMeta


# --- experiments -----------------------------------------------------------------------------------------------------


class ScoreV3Out(Shape):
    """A score as `GET /v3/scores` shows it with all groups; `value` goes with `data_type`."""

    id: str
    project_id: str
    name: str
    source: str
    timestamp: WireTime
    environment: str
    created_at: WireTime
    updated_at: WireTime
    data_type: str
    value: bool | float | str
    comment: str | None
    config_id: str | None
    metadata: dict[str, Any] | None
    author_user_id: str | None
    queue_id: str | None
    subject: dict[str, Any]


class MetricsOut(Shape):
    """Our addition (`fields=metrics`): what the traces of an experiment add up to. Seconds and USD, null where nothing is known."""

    trace_count: int
    error_count: int
    average_latency: float | None
    average_cost: float | None
    total_cost: float | None
    total_tokens: int


class ExperimentOut(Shape):
    """One experiment; times and count speak of its items within the asked range. The rest is there when asked for."""

    id: str
    name: str
    description: str | None
    start_time: WireTime
    end_time: WireTime
    item_count: int
    dataset_id: str | None
    metadata: dict[str, Any] | None = None
    scores: list[ScoreV3Out] | None = None
    metrics: MetricsOut | None = None


class ExperimentItemOut(Shape):
    """One item that ran: its root span, or what is known of it while that is not here."""

    id: str
    trace_id: str
    start_time: WireTime
    end_time: WireTime | None
    level: str
    environment: str
    experiment_id: str
    experiment_name: str
    experiment_item_id: str
    experiment_dataset_id: str | None = None
    experiment_item_version: WireTime | None = None
    input: Any = None
    output: Any = None
    expected_output: Any = None
    metadata: dict[str, Any] | None = None
    experiment_item_metadata: dict[str, Any] | None = None
    experiment_metadata: dict[str, Any] | None = None
    experiment_description: str | None = None
    scores: list[ScoreV3Out] | None = None


class ExperimentsOut(Shape):
    """A page of experiments."""

    data: list[ExperimentOut]
    meta: CursorMeta


class ExperimentItemsOut(Shape):
    """A page of experiment items."""

    data: list[ExperimentItemOut]
    meta: CursorMeta


@dataclass(frozen=True, slots=True)
class ExperimentQuery:
    """Which experiments or items; only items that started in [from_time, to_time). Empty lists do not filter."""

    from_time: datetime
    to_time: datetime | None = None
    experiment_ids: tuple[str, ...] = ()
    experiment_names: tuple[str, ...] = ()
    item_ids: tuple[str, ...] = ()
    dataset_ids: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    columns: tuple[str, ...] = ()  # what filters may name
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Progress:
    """What the items of a run within a range say: the first start, the last end (or start), how many."""

    first: datetime
    last: datetime
    items: int
