"""Routes of runs and experiments, and of the first generation's datasets, which show runs (spec/api.md §3.1, §4.7, §4.8, §12)."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from langfuse_app.api import cursors
from langfuse_app.api.auth import Project
from langfuse_app.api.documented import answers
from langfuse_app.api.errors import json_response
from langfuse_app.api.links import base_url
from langfuse_app.api.params import CommaList, Moment, Paged, Params, groups
from langfuse_app.core.filters.parse import parse_filters
from langfuse_app.core.pagination import Place
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.shapes import Message, PageMeta
from langfuse_app.features.datasets import service as datasets
from langfuse_app.features.datasets.api import with_media
from langfuse_app.features.datasets.models import Dataset
from langfuse_app.features.datasets.schemas import CreateDataset, DatasetOut
from langfuse_app.features.experiments import reading, service
from langfuse_app.features.experiments.schemas import (
    CreateRunItem,
    DatasetNamesV1Out,
    DatasetsV1Out,
    DatasetV1Out,
    ExperimentItemOut,
    ExperimentItemsOut,
    ExperimentOut,
    ExperimentQuery,
    ExperimentsOut,
    RunItemOut,
    RunItemsOut,
    RunsOut,
    RunWithItemsOut,
)

router = APIRouter()
_DATASETS = "/api/public/datasets"
_RUNS = _DATASETS + "/{dataset_name:path}/runs"
_RUN = _RUNS + "/{run_name:path}"
_RUN_ITEMS = "/api/public/dataset-run-items"


@router.post(_RUN_ITEMS, responses=answers(RunItemOut, 404))
def link(scope: Project, body: CreateRunItem) -> RunItemOut:
    """Link what ran to an item, under a run that is made on first use."""
    return service.link(scope, body)


class RunItems(Paged):
    """Query of `GET /dataset-run-items`."""

    dataset_id: str
    run_name: str


@router.get(_RUN_ITEMS, responses=answers(RunItemsOut, 404))
def list_run_items(scope: Project, params: Annotated[RunItems, Query()]) -> RunItemsOut:
    """Items of a run by pages, newest first."""
    found = service.list_run_items(scope, params.dataset_id, params.run_name, params.page, params.limit)
    return RunItemsOut(data=found.items, meta=PageMeta.model_validate(found.meta()))


@router.get(_RUN, responses=answers(RunWithItemsOut, 404))
def get_run(scope: Project, dataset_name: str, run_name: str) -> RunWithItemsOut:
    """One run with all its items."""
    return service.get_run(scope, dataset_name, run_name)


@router.delete(_RUN, responses=answers(Message, 404))
def delete_run(scope: Project, dataset_name: str, run_name: str) -> Response:
    """Delete a run, its links and the scores on it; traces stay. `Location` names the receipt."""
    receipt = service.delete_run(scope, dataset_name, run_name)
    return json_response({"message": "Dataset run successfully deleted"}, headers={"Location": f"/api/public/deletions/{receipt}"})


@router.get(_RUNS, responses=answers(RunsOut, 404))
def list_runs(scope: Project, dataset_name: str, params: Annotated[Paged, Query()]) -> RunsOut:
    """Runs on a dataset by pages, newest first."""
    found = service.list_runs(scope, dataset_name, params.page, params.limit)
    return RunsOut(data=found.items, meta=PageMeta.model_validate(found.meta()))


# --- datasets as the first generation shows them ---------------------------------------------------------------------


class PagedFromZero(Params):
    """Pages, of which 0 is the first one too."""

    page: int = Field(1, ge=0, le=1_000_000_000)
    limit: int = Field(50, ge=1, le=100)


@router.get(_DATASETS, responses=answers(DatasetsV1Out))
def list_datasets_v1(scope: Project, params: Annotated[PagedFromZero, Query()]) -> DatasetsV1Out:
    """Datasets by pages, newest first, with the ids of their items and the names of their runs."""
    found = datasets.list_datasets(scope, max(params.page, 1), params.limit)
    ids = [row.id for row in found.items]
    items, runs = datasets.item_ids(scope, ids), service.run_names(scope, ids)
    data = [DatasetNamesV1Out(**_fields(row), items=items[row.id], runs=runs[row.id]) for row in found.items]
    return DatasetsV1Out(data=data, meta=PageMeta.model_validate(found.meta() | {"page": params.page}))


@router.post(_DATASETS, responses=answers(DatasetV1Out, 409))
def put_dataset_v1(scope: Project, body: CreateDataset, request: Request) -> DatasetV1Out:
    """Create a dataset, or change the one of that name."""
    return _dataset_v1(scope, datasets.put_dataset(scope, body), base_url(request))


@router.get(_DATASETS + "/{dataset_name:path}", responses=answers(DatasetV1Out, 404))
def get_dataset_v1(scope: Project, dataset_name: str, request: Request) -> DatasetV1Out:
    """One dataset with its items and the names of its runs."""
    return _dataset_v1(scope, datasets.get_dataset(scope, dataset_name), base_url(request))


def _dataset_v1(scope: ProjectScope, dataset: Dataset, url: str) -> DatasetV1Out:
    items, runs = with_media(scope, datasets.all_items(scope, dataset), url), service.run_names(scope, [dataset.id])
    return DatasetV1Out(**_fields(dataset), items=items, runs=runs[dataset.id])


def _fields(dataset: Dataset) -> dict[str, Any]:
    return DatasetOut.model_validate(dataset).model_dump(by_alias=False)


# --- experiments -----------------------------------------------------------------------------------------------------

_EXPERIMENT_GROUPS = ("core", "metadata", "scores", "metrics")
_ITEM_GROUPS = ("core", "dataset", "io", "metadata", "itemMetadata", "experimentMetadata", "scores")


class _Experiments(Params):
    """What both lists can be asked."""

    from_start_time: Moment
    to_start_time: Moment | None = None
    fields: str | None = None
    limit: int = Field(50, ge=1, le=100)
    score_limit: int = Field(50, ge=1, le=50)
    cursor: str | None = None
    dataset_id: CommaList
    filter: str | None = None

    def query(self, *columns: str, **more: Any) -> ExperimentQuery:
        """What the service is asked; filters may name the columns."""
        return ExperimentQuery(
            from_time=self.from_start_time,
            to_time=self.to_start_time,
            dataset_ids=tuple(self.dataset_id),
            filters=parse_filters(self.filter),
            columns=columns,
            limit=self.limit,
            **more,
        )


class Experiments(_Experiments):
    """Query of `GET /experiments`."""

    id: CommaList
    name: CommaList


class ExperimentItems(_Experiments):
    """Query of `GET /experiment-items`."""

    experiment_id: CommaList
    experiment_name: CommaList
    experiment_item_id: CommaList


@router.get("/api/public/experiments", responses=answers(ExperimentsOut), tags=["experiments"])
def list_experiments(scope: Project, params: Annotated[Experiments, Query()]) -> Response:
    """Experiments by cursor, the latest activity first."""
    query = params.query("id", "name", "datasetId", experiment_ids=tuple(params.id), experiment_names=tuple(params.name))
    wanted = groups(params.fields, _EXPERIMENT_GROUPS, ("core",))
    rows, following = reading.list_experiments(scope, query, cursors.place(params.cursor), wanted, params.score_limit)
    last = {"lastTraceId": "", "lastExperimentId": following.id} if following else {}
    return _answer(rows, following, last)


@router.get("/api/public/experiment-items", responses=answers(ExperimentItemsOut), tags=["experiments"])
def list_experiment_items(scope: Project, params: Annotated[ExperimentItems, Query()]) -> Response:
    """What ran, by cursor, newest start first."""
    query = params.query(
        "experimentId",
        "experimentName",
        "experimentItemId",
        "datasetId",
        experiment_ids=tuple(params.experiment_id),
        experiment_names=tuple(params.experiment_name),
        item_ids=tuple(params.experiment_item_id),
    )
    wanted = groups(params.fields, _ITEM_GROUPS, ("core", "dataset"))
    rows, following = reading.list_items(scope, query, cursors.place(params.cursor), wanted, params.score_limit)
    last = {"lastTraceId": rows[-1].trace_id, "lastExperimentId": rows[-1].experiment_id} if following else {}
    return _answer(rows, following, last)


def _answer(rows: Sequence[ExperimentOut | ExperimentItemOut], following: Place | None, last: dict[str, str]) -> Response:
    """Fields of groups that were not asked for are absent, and so is the cursor on the last page."""
    meta = cursors.meta(following, **last).model_dump(exclude_unset=True)
    return json_response({"data": [row.model_dump(mode="json", by_alias=True, exclude_unset=True) for row in rows], "meta": meta})
