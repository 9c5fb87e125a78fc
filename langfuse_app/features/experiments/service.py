"""Runs: linking what ran to items, reading and deleting (spec/api.md §4.7). Spans with experiment attributes make the same rows."""

from collections.abc import Collection, Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from langfuse_app.core.errors import NotFoundError
from langfuse_app.core.ids import derived_id
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import from_us, iso_ms, utcnow
from langfuse_app.core.wire import metadata_values
from langfuse_app.features.audit import service as audit
from langfuse_app.features.datasets import service as datasets
from langfuse_app.features.datasets.models import Dataset
from langfuse_app.features.datasets.schemas import LONGEST_ID, cleaned
from langfuse_app.features.deletions import service as deletions
from langfuse_app.features.experiments import repository, repository_clickhouse
from langfuse_app.features.experiments.models import DatasetRun, DatasetRunItem
from langfuse_app.features.experiments.schemas import CreateRunItem, RunItemOut, RunOut, RunWithItemsOut
from langfuse_app.features.ingest import repository as ingest
from langfuse_app.ingestion.rows import ObservationRow

_NO_RUN = "Dataset run not found"
_DELETED = "dataset_run"  # the kind of its deletions


def stable_run_id(project_id: str, dataset_id: str, run_name: str) -> str:
    """The id of a run, as SDKs compute it for themselves (spec/api.md §4.7): 16 hex digits."""
    return sha256(orjson.dumps(["langfuse-experiment-v1", project_id, dataset_id, run_name])).hexdigest()[:16]


# --- writing ---------------------------------------------------------------------------------------------------------


def link(scope: ProjectScope, new: CreateRunItem) -> RunItemOut:
    """Link an item to what ran, under a run that is made on first use. Neither trace nor observation needs to be here yet.

    The same link again is the same run item. NotFoundError for an item that is unknown or archived (in the version asked for).
    """
    item = datasets.find_active(scope, new.dataset_item_id, new.dataset_version)
    moment = new.created_at or utcnow()
    run = DatasetRun(
        project_id=scope.project_id,
        id=stable_run_id(scope.project_id, item.dataset_id, new.run_name),
        dataset_id=item.dataset_id,
        name=new.run_name,
        description=new.run_description,
        meta=_run_metadata(new) or None,
        created_at=moment,
        updated_at=moment,
    )
    observation_id = new.observation_id or ""
    trace_id = new.trace_id or repository_clickhouse.traces_of(scope, [observation_id]).get(observation_id, "")
    row = _run_item(run, item.id, new.trace_id or "", observation_id, moment)
    row.trace_id, row.dataset_item_version = trace_id, item.valid_from
    row.started_at = _trace_start(scope, trace_id) or moment
    stored_run, stored = repository.link(run, row)
    out = _run_item_out(stored, stored_run.name)
    audit.record(scope, "create", "datasetRunItem", stored.id, after=out.model_dump(mode="json", by_alias=True))
    return out


def _run_metadata(new: CreateRunItem) -> dict[str, Any]:
    given = new.metadata
    metadata: dict[str, Any] = {} if given is None else given if isinstance(given, dict) else {"metadata": given}
    return metadata | ({"dataset_version": iso_ms(new.dataset_version)} if new.dataset_version else {})


def _run_item(run: DatasetRun, item_id: str, trace_id: str, observation_id: str, moment: datetime) -> DatasetRunItem:
    return DatasetRunItem(
        project_id=run.project_id,
        id=derived_id(run.project_id, run.id, item_id, trace_id, observation_id),
        run_id=run.id,
        dataset_item_id=item_id,
        trace_id=trace_id,
        observation_id=observation_id,
        started_at=moment,
        created_at=moment,
        updated_at=moment,
    )


def _trace_start(scope: ProjectScope, trace_id: str) -> datetime | None:
    window = ingest.locate([(scope.project_id, trace_id)]).get((scope.project_id, trace_id))
    return from_us(window.first_start) if window else None


def note_spans(rows: Iterable[ObservationRow]) -> None:
    """Make runs and run items of the root spans of experiment items, over many projects; a replay changes nothing.

    Runs that were deleted after a span was accepted stay deleted.
    """
    roots = [row for row in rows if row.experiment_id and row.id == row.experiment_item_root_span_id and _storable(row)]
    if not roots:
        return
    keys = {(row.project_id, _DELETED, row.experiment_id) for row in roots}
    deleted = ingest.deletions(sorted(keys))
    runs: dict[tuple[str, str], DatasetRun] = {}
    items: dict[tuple[str, str], DatasetRunItem] = {}
    for row in sorted(roots, key=lambda row: row.start_time):
        if deleted.get((row.project_id, _DELETED, row.experiment_id), 0) >= row.received_at:
            continue
        run = runs.setdefault((row.project_id, row.experiment_id), _span_run(row))
        item = _run_item(run, row.experiment_item_id, row.trace_id, row.id, from_us(row.start_time))
        item.ended_at = None if row.end_time is None else from_us(row.end_time)
        item.dataset_item_version = None if row.experiment_item_version is None else from_us(row.experiment_item_version)
        items[(item.project_id, item.id)] = item
    repository.note(list(runs.values()), list(items.values()))


def _storable(row: ObservationRow) -> bool:
    """Whether the ids fit PostgreSQL's indexes; the span itself is kept whatever it carries."""
    ids = (row.experiment_id, row.experiment_dataset_id, row.experiment_item_id, row.trace_id, row.id)
    return all(len(text) <= LONGEST_ID and "\x00" not in text for text in ids)


def _span_run(row: ObservationRow) -> DatasetRun:
    moment = from_us(row.start_time)
    return DatasetRun(
        project_id=row.project_id,
        id=row.experiment_id,
        dataset_id=row.experiment_dataset_id or None,
        name=cleaned(row.experiment_name) or row.experiment_id,
        description=cleaned(row.experiment_description) or None,
        meta=cleaned(metadata_values(row.experiment_metadata)) or None,
        created_at=moment,
        updated_at=moment,
    )


def delete_run(scope: ProjectScope, dataset_name: str, run_name: str) -> str:
    """Delete a run, its links and the scores on it, for good; traces stay. The receipt's id; NotFoundError."""
    _, run = _named(scope, dataset_name, run_name)
    receipt = deletions.delete_runs(scope, [run.id])
    repository.remove(scope, run.id)
    return receipt


# --- reading ---------------------------------------------------------------------------------------------------------


def list_runs(scope: ProjectScope, dataset_name: str, page: int = 1, limit: int = 50) -> Page[RunOut]:
    """Runs on a dataset, newest first; NotFoundError for the dataset."""
    dataset = datasets.get_dataset(scope, dataset_name)
    found, total = repository.runs_of(scope, dataset.id, limit, (page - 1) * limit)
    return Page([_run_out(run, dataset) for run in found], page, limit, total)


def run_names(scope: ProjectScope, dataset_ids: Collection[str]) -> dict[str, list[str]]:
    """The names of the runs by dataset, newest first."""
    names: dict[str, list[str]] = {dataset_id: [] for dataset_id in dataset_ids}
    for dataset_id, name in repository.run_names(scope, dataset_ids) if dataset_ids else []:
        names[dataset_id].append(name)
    return names


def get_run(scope: ProjectScope, dataset_name: str, run_name: str) -> RunWithItemsOut:
    """A run with all its items, newest first; NotFoundError."""
    dataset, run = _named(scope, dataset_name, run_name)
    items = with_traces(scope, repository.items_of(scope, run.id))
    out = _run_out(run, dataset).model_dump(by_alias=False)
    return RunWithItemsOut(**out, dataset_run_items=[_run_item_out(item, run.name) for item in items])


def list_run_items(scope: ProjectScope, dataset_id: str, run_name: str, page: int = 1, limit: int = 50) -> Page[RunItemOut]:
    """Items of a run, newest first; NotFoundError."""
    run = repository.run_named(scope, dataset_id, run_name)
    if run is None:
        raise NotFoundError("Dataset run not found for the given project and dataset id")
    items = with_traces(scope, repository.items_of(scope, run.id, limit, (page - 1) * limit))
    return Page([_run_item_out(item, run.name) for item in items], page, limit, repository.count_items(scope, run.id))


def with_traces(scope: ProjectScope, items: list[DatasetRunItem]) -> list[DatasetRunItem]:
    """The same items; those that were linked to an observation alone, before it was here, learn its trace."""
    waiting = [item for item in items if not item.trace_id]
    found = repository_clickhouse.traces_of(scope, {item.observation_id for item in waiting}) if waiting else {}
    learnt = [item for item in waiting if item.observation_id in found]
    for item in learnt:
        item.trace_id = found[item.observation_id]
    if learnt:
        repository.set_traces(scope, {item.id: item.trace_id for item in learnt})
    return items


def _named(scope: ProjectScope, dataset_name: str, run_name: str) -> tuple[Dataset, DatasetRun]:
    try:
        dataset = datasets.get_dataset(scope, dataset_name)
    except NotFoundError as error:
        raise NotFoundError(_NO_RUN) from error
    run = repository.run_named(scope, dataset.id, run_name)
    if run is None:
        raise NotFoundError(_NO_RUN)
    return dataset, run


def _run_out(run: DatasetRun, dataset: Dataset) -> RunOut:
    columns = run.model_dump(exclude={"project_id"})
    return RunOut.model_validate(columns | {"meta": run.meta or {}, "dataset_id": dataset.id, "dataset_name": dataset.name})


def _run_item_out(item: DatasetRunItem, run_name: str) -> RunItemOut:
    return RunItemOut(
        id=item.id,
        dataset_run_id=item.run_id,
        dataset_run_name=run_name,
        dataset_item_id=item.dataset_item_id,
        trace_id=item.trace_id,
        observation_id=item.observation_id or None,
        created_at=item.created_at,
        updated_at=item.updated_at,
    )
