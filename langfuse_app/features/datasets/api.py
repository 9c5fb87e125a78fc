"""Routes of datasets and their items (spec/api.md §3.1, §4.7). The first generation's routes, which show runs too, are in experiments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import answers
from langfuse_app.api.links import base_url
from langfuse_app.api.params import Moment, Paged
from langfuse_app.core.errors import InvalidRequestError
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.shapes import Message, PageMeta
from langfuse_app.features.datasets import service
from langfuse_app.features.datasets.schemas import (
    CreateDataset,
    CreateDatasetItem,
    DatasetItemOut,
    DatasetItemsOut,
    DatasetOut,
    DatasetsOut,
    ItemQuery,
)
from langfuse_app.features.media import service as media

router = APIRouter(tags=["datasets"])
_DATASETS = "/api/public/v2/datasets"
_ITEMS = "/api/public/dataset-items"


@router.get(_DATASETS, responses=answers(DatasetsOut))
def list_datasets(scope: Project, params: Annotated[Paged, Query()]) -> DatasetsOut:
    """Datasets by pages, newest first."""
    found = service.list_datasets(scope, params.page, params.limit)
    return DatasetsOut(data=[DatasetOut.model_validate(row) for row in found.items], meta=PageMeta.model_validate(found.meta()))


@router.post(_DATASETS, responses=answers(DatasetOut, 409))
def put_dataset(scope: Project, body: CreateDataset) -> DatasetOut:
    """Create a dataset, or change the one of that name."""
    return DatasetOut.model_validate(service.put_dataset(scope, body))


@router.get(_DATASETS + "/{dataset_name:path}", responses=answers(DatasetOut, 404))
def get_dataset(scope: Project, dataset_name: str) -> DatasetOut:
    """One dataset by its name."""
    return DatasetOut.model_validate(service.get_dataset(scope, dataset_name))


def with_media(scope: ProjectScope, items: Sequence[DatasetItemOut], url: str) -> list[DatasetItemOut]:
    """The items with links to the files they refer to; `url` is where the caller reaches us."""
    referred = media.references(scope, [item.payloads() for item in items], url)
    return [item.model_copy(update={"media_references": found}) for item, found in zip(items, referred, strict=True)]


class Items(Paged):
    """Query of `GET /dataset-items`."""

    dataset_name: str | None = None
    source_trace_id: str | None = None
    source_observation_id: str | None = None
    version: Moment | None = None

    def query(self, dataset_id: str | None, version: datetime | None) -> ItemQuery:
        """What the service is asked."""
        return ItemQuery(dataset_id, self.source_trace_id, self.source_observation_id, version, self.page, self.limit)


@router.get(_ITEMS, responses=answers(DatasetItemsOut, 404))
def list_items(scope: Project, params: Annotated[Items, Query()], request: Request) -> DatasetItemsOut:
    """Active items by pages, newest first; with `version` the dataset as it was at that moment."""
    if params.version and params.dataset_name is None:
        raise InvalidRequestError("version needs datasetName: only a dataset has versions")
    dataset_id = None if params.dataset_name is None else service.get_dataset(scope, params.dataset_name).id
    found = service.list_items(scope, params.query(dataset_id, params.version))
    return DatasetItemsOut(data=with_media(scope, found.items, base_url(request)), meta=PageMeta.model_validate(found.meta()))


@router.post(_ITEMS, responses=answers(DatasetItemOut, 404))
def put_item(scope: Project, body: CreateDatasetItem, request: Request) -> DatasetItemOut:
    """Create an item, or write a new version of the one of that id."""
    return with_media(scope, [service.put_item(scope, body)], base_url(request))[0]


@router.get(_ITEMS + "/{item_id:path}", responses=answers(DatasetItemOut, 404))
def get_item(scope: Project, item_id: str, request: Request) -> DatasetItemOut:
    """The newest version of an item."""
    return with_media(scope, [service.get_item(scope, item_id)], base_url(request))[0]


@router.delete(_ITEMS + "/{item_id:path}", responses=answers(Message, 404))
def delete_item(scope: Project, item_id: str) -> Message:
    """Delete an item; its older versions stay readable by `version`."""
    service.delete_item(scope, item_id)
    return Message(message="Dataset item successfully deleted")
