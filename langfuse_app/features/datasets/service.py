"""The rules of datasets and items (spec/api.md §4.7, spec/backend.md §6)."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import orjson

from langfuse_app.core.errors import ConflictError, InvalidRequestError, NotFoundError
from langfuse_app.core.ids import new_id
from langfuse_app.core.names import folder_problem
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.audit import service as audit
from langfuse_app.features.datasets import repository
from langfuse_app.features.datasets.json_schema import compiled, violations
from langfuse_app.features.datasets.models import Dataset, DatasetItem
from langfuse_app.features.datasets.schemas import CreateDataset, CreateDatasetItem, DatasetItemOut, DatasetOut, DatasetStatus, ItemQuery
from langfuse_app.features.media import service as media
from langfuse_app.features.media.schemas import ItemVersion
from langfuse_app.stores.postgres import transaction

_SCHEMAS = ("input_schema", "expected_output_schema")
_KEPT = ("input", "expected_output", "meta", "source_trace_id", "source_observation_id")
_REPORTED = 10
_TICK = timedelta(milliseconds=1)


# --- datasets --------------------------------------------------------------------------------------------------------


def list_datasets(scope: ProjectScope, page: int = 1, limit: int = 50) -> Page[Dataset]:
    """Datasets of the project, newest first."""
    found, total = repository.page(scope, limit, (page - 1) * limit)
    return Page(found, page, limit, total)


def get_dataset(scope: ProjectScope, name: str) -> Dataset:
    """One dataset by its name; NotFoundError. SDK 2 for Python encodes the name twice when it lists items."""
    dataset = repository.by_name(scope, name)
    if dataset is None and "%" in name:
        dataset = repository.by_name(scope, unquote(name))
    if dataset is None:
        raise NotFoundError("Dataset not found")
    return dataset


def dataset_names(scope: ProjectScope, dataset_ids: Collection[str]) -> dict[str, str]:
    """Names by id, of those datasets that the project has."""
    return repository.names(scope, dataset_ids) if dataset_ids else {}


@transaction()
def put_dataset(scope: ProjectScope, new: CreateDataset) -> Dataset:
    """Create the dataset of that name or change it: what is left out or null stays, but a null schema is cleared.

    InvalidRequestError for a bad name, a bad schema, or items that do not fit a schema that is being set.
    """
    if problem := folder_problem(new.name):
        raise InvalidRequestError(f"Dataset name not valid. {problem}")
    schemas = {field: getattr(new, field) for field in _SCHEMAS if field in new.model_fields_set}
    for field, schema in schemas.items():
        compiled(schema, _camel(field))
    before: dict[str, Any] = {}

    def rule(old: Dataset | None, items: Iterator[DatasetItem]) -> Dataset:
        dataset = old or Dataset(project_id=scope.project_id, name=new.name)
        before.update(_plain(old) if old else {})
        given = {"description": new.description, "meta": new.metadata}
        dataset.sqlmodel_update({key: value for key, value in given.items() if value is not None} | schemas)
        dataset.updated_at = utcnow() if old else dataset.created_at
        if any(schema is not None for schema in schemas.values()):
            _check_items(dataset, items)
        return dataset

    dataset = repository.put(scope, new.name, rule)
    if dataset is None:
        raise ConflictError("Dataset name already in use")
    audit.record(scope, "update" if before else "create", "dataset", dataset.id, before=before or None, after=_plain(dataset))
    return dataset


@transaction()
def delete_dataset(scope: ProjectScope, dataset_id: str) -> None:
    """Delete a dataset and every version of its items; what ran on it stays. NotFoundError."""
    dataset = repository.by_id(scope, dataset_id)
    if dataset is None or not repository.remove(scope, dataset_id):
        raise NotFoundError("Dataset not found")
    audit.record(scope, "delete", "dataset", dataset_id, before=_plain(dataset))


def _check_items(dataset: Dataset, items: Iterator[DatasetItem]) -> None:
    """InvalidRequestError that shows the first items that the dataset's schemas refuse."""
    wrong: list[dict[str, Any]] = []
    count = 0
    for item in items:
        problems = _problems(dataset, item)
        count += bool(problems)
        if count > _REPORTED:
            break
        wrong += [{"datasetItemId": item.id, "field": _camel(field), "errors": errors} for field, errors in problems.items()]
    if count:
        many = f"more than {_REPORTED}" if count > _REPORTED else count
        raise InvalidRequestError(f"Schema validation failed for {many} item(s). Details: {orjson.dumps(wrong).decode()}")


def _problems(dataset: Dataset, item: DatasetItem) -> dict[str, list[dict[str, str]]]:
    """What the dataset's schemas say against an item, by field."""
    checks = {"input": dataset.input_schema, "expected_output": dataset.expected_output_schema}
    found = {field: violations(compiled(schema, f"{_camel(field)}Schema"), getattr(item, field)) for field, schema in checks.items()}
    return {field: errors for field, errors in found.items() if errors}


def _camel(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(part.title() for part in rest)


def _plain(dataset: Dataset) -> dict[str, Any]:
    return DatasetOut.model_validate(dataset).model_dump(mode="json", by_alias=True)


# --- items -----------------------------------------------------------------------------------------------------------


def list_items(scope: ProjectScope, query: ItemQuery) -> Page[DatasetItemOut]:
    """Active items, newest first; as they were where a version is asked for."""
    found, total = repository.items(scope, query)
    return Page([_out(item, name) for item, name in found], query.page, query.limit, total)


def all_items(scope: ProjectScope, dataset: Dataset) -> list[DatasetItemOut]:
    """Every active item of a dataset, newest first."""
    return [_out(item, dataset.name) for item in repository.all_items(scope, dataset.id)]


def item_ids(scope: ProjectScope, dataset_ids: Collection[str]) -> dict[str, list[str]]:
    """The ids of the active items by dataset, newest first."""
    ids: dict[str, list[str]] = {dataset_id: [] for dataset_id in dataset_ids}
    for dataset_id, item_id in repository.item_ids(scope, dataset_ids) if dataset_ids else []:
        ids[dataset_id].append(item_id)
    return ids


def get_item(scope: ProjectScope, item_id: str) -> DatasetItemOut:
    """The newest version of an item; NotFoundError."""
    found = repository.item(scope, item_id)
    if found is None:
        raise NotFoundError("Dataset item not found")
    return _out(*found)


def find_active(scope: ProjectScope, item_id: str, version: datetime | None = None) -> DatasetItem:
    """The item that something runs on, as it is or as it was at a moment; NotFoundError, also for archived ones."""
    found = repository.item(scope, item_id, version)
    if found is None or found[0].status != DatasetStatus.ACTIVE:
        raise NotFoundError("Dataset item not found")
    return found[0]


def item_versions(scope: ProjectScope, keys: Sequence[tuple[str, datetime]]) -> dict[tuple[str, datetime], DatasetItem]:
    """Items by (id, moment), as they were at that moment; unknown ones are absent."""
    return repository.versions(scope, keys) if keys else {}


def put_item(scope: ProjectScope, new: CreateDatasetItem) -> DatasetItemOut:
    """Write a new version of the item of that id, or a new item: what is left out or null keeps its value.

    NotFoundError for an unknown dataset or an id of another one, InvalidRequestError where a schema refuses it.
    """
    item_id = new.id or new_id()
    before: dict[str, Any] = {}

    def rule(dataset: Dataset, old: DatasetItem | None) -> DatasetItem:
        living = old if old and not old.is_deleted else None
        if living and living.dataset_id != dataset.id:
            raise NotFoundError(f"The dataset item with id {item_id} already exists in a dataset other than {dataset.name}")
        item = _next(scope, item_id, dataset.id, old, living)
        before.update(_plain_item(living, dataset.name) if living else {})
        given = new.model_dump(exclude={"id", "dataset_name", "metadata"}) | {"meta": new.metadata}
        item.sqlmodel_update({key: value for key, value in given.items() if value is not None})
        _refuse(_problems(dataset, item))
        return item

    with transaction():
        stored = repository.put_item(scope, new.dataset_name, item_id, rule)
        if stored is None:
            raise NotFoundError("Dataset not found")
        dataset, item = stored
        plain = _plain_item(item, dataset.name)
        audit.record(scope, "update" if before else "create", "datasetItem", item_id, before=before or None, after=plain)
    out = _out(item, dataset.name)
    media.link_item(scope, ItemVersion(dataset.id, item_id, item.valid_from), out.payloads())
    return out


@transaction()
def delete_item(scope: ProjectScope, item_id: str) -> None:
    """End an item with a version that says so; older versions stay readable. NotFoundError."""
    before = get_item(scope, item_id)

    def rule(old: DatasetItem) -> DatasetItem:
        tombstone = _next(scope, item_id, old.dataset_id, old, old)
        return tombstone.sqlmodel_update({"is_deleted": True})

    if repository.change_item(scope, item_id, rule) is None:
        raise NotFoundError("Dataset item not found")
    audit.record(scope, "delete", "datasetItem", item_id, before=before.model_dump(mode="json", by_alias=True))


def _next(scope: ProjectScope, item_id: str, dataset_id: str, old: DatasetItem | None, living: DatasetItem | None) -> DatasetItem:
    """The version after `old` with the content of `living`; versions begin at whole milliseconds, which is what the wire can name."""
    now = _whole_ms(utcnow())
    begins = max(now, old.valid_from + _TICK) if old else now
    kept = {key: getattr(living, key) for key in (*_KEPT, "status")} if living else {}
    created_at = living.created_at if living else begins
    return DatasetItem(
        project_id=scope.project_id,
        id=item_id,
        valid_from=begins,
        dataset_id=dataset_id,
        created_at=created_at,
        updated_at=begins,
        **kept,
    )


def _whole_ms(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


def _refuse(problems: dict[str, list[dict[str, str]]]) -> None:
    """InvalidRequestError that says what is wrong where, field by field."""
    names = {"input": "Input", "expected_output": "Expected output"}
    parts = [f"{names[field]} validation failed: {', '.join(_told(error) for error in errors)}" for field, errors in problems.items()]
    if parts:
        raise InvalidRequestError("; ".join(parts))


def _told(error: dict[str, str]) -> str:
    return error["message"] if error["path"] == "/" else f"{error['path']} {error['message']}"


def _out(item: DatasetItem, dataset_name: str) -> DatasetItemOut:
    columns = item.model_dump(exclude={"project_id", "valid_to", "is_deleted", "valid_from"})
    return DatasetItemOut.model_validate(columns | {"dataset_name": dataset_name, "version": item.valid_from})


def _plain_item(item: DatasetItem, dataset_name: str) -> dict[str, Any]:
    return _out(item, dataset_name).model_dump(mode="json", by_alias=True)
