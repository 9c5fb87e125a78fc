"""PostgreSQL statements of datasets and items. A write sees the rows it changes under a lock and decides by its rule."""

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing
from datetime import datetime

from sqlalchemy import ColumnElement, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, or_, select

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.datasets.models import Dataset, DatasetItem
from langfuse_app.features.datasets.schemas import ItemQuery
from langfuse_app.stores.postgres import lock, session

_NEWEST_FIRST = (col(Dataset.created_at).desc(), col(Dataset.id))
_ITEMS_NEWEST_FIRST = (col(DatasetItem.created_at).desc(), col(DatasetItem.id))

ItemRule = Callable[[Dataset, DatasetItem | None], DatasetItem]
DatasetRule = Callable[[Dataset | None, Iterator[DatasetItem]], Dataset]


def page(scope: ProjectScope, limit: int, offset: int) -> tuple[list[Dataset], int]:
    """Datasets of the project, newest first, and how many there are."""
    mine = Dataset.project_id == scope.project_id
    with session() as current:
        found = current.exec(select(Dataset).where(mine).order_by(*_NEWEST_FIRST).limit(limit).offset(offset)).all()
        return list(found), current.exec(select(func.count()).select_from(Dataset).where(mine)).one()


def by_name(scope: ProjectScope, name: str) -> Dataset | None:
    """The dataset of that name."""
    with session() as current:
        return current.exec(_named(scope, name)).first()


def by_id(scope: ProjectScope, dataset_id: str) -> Dataset | None:
    """The dataset of that id."""
    with session() as current:
        return current.exec(select(Dataset).where(Dataset.project_id == scope.project_id, Dataset.id == dataset_id)).first()


def names(scope: ProjectScope, dataset_ids: Collection[str]) -> dict[str, str]:
    """Names by id."""
    with session() as current:
        statement = select(Dataset.id, Dataset.name).where(Dataset.project_id == scope.project_id, col(Dataset.id).in_(dataset_ids))
        return dict(current.exec(statement).all())


def put(scope: ProjectScope, name: str, rule: DatasetRule) -> Dataset | None:
    """Store what the rule makes of the dataset of that name and its living items; None when another request was first."""
    try:
        with session() as current:
            old = current.exec(_named(scope, name).with_for_update()).first()
            with closing(_living(current, scope, old)) as items:
                dataset = rule(old, items)
            current.add(dataset)
            return dataset
    except IntegrityError:
        return None


def _living(current: Session, scope: ProjectScope, dataset: Dataset | None) -> Generator[DatasetItem]:
    """Read from a cursor of the server, since a dataset may be larger than memory."""
    if dataset is None:
        return
    statement = select(DatasetItem).where(*_current(scope), DatasetItem.dataset_id == dataset.id)
    found = current.exec(statement.order_by(*_ITEMS_NEWEST_FIRST).execution_options(yield_per=500))
    try:
        yield from found
    finally:
        found.close()


def put_item(scope: ProjectScope, dataset_name: str, item_id: str, rule: ItemRule) -> tuple[Dataset, DatasetItem] | None:
    """Store what the rule makes of an item's newest version (None: it has none); the version before ends where this one begins.

    None when the dataset does not exist. Writes of one item wait for each other, so that every one of them is a version.
    """
    with session() as current:
        # shared: a schema that is being set waits for this item, and this item for that schema
        dataset = current.exec(_named(scope, dataset_name).with_for_update(read=True)).first()
        if dataset is None:
            return None
        old = _lock_item(current, scope, item_id)
        return dataset, _succeed(current, old, rule(dataset, old))


def change_item(scope: ProjectScope, item_id: str, rule: Callable[[DatasetItem], DatasetItem]) -> DatasetItem | None:
    """The same for an item that is there, whatever its dataset; None when it is not."""
    with session() as current:
        old = _lock_item(current, scope, item_id)
        return _succeed(current, old, rule(old)) if old else None


def _lock_item(current: Session, scope: ProjectScope, item_id: str) -> DatasetItem | None:
    # by its name, since a row lock would wait for a version that is not the newest any more when it is granted
    lock(current, f"{scope.project_id}/{item_id}")
    statement = select(DatasetItem).where(DatasetItem.project_id == scope.project_id, DatasetItem.id == item_id)
    return current.exec(statement.where(col(DatasetItem.valid_to).is_(None))).first()


def _succeed(current: Session, old: DatasetItem | None, new: DatasetItem) -> DatasetItem:
    if old is not None:
        old.valid_to = new.valid_from
        current.add(old)
        current.flush()
    current.add(new)
    current.flush()
    return new


def item(scope: ProjectScope, item_id: str, version: datetime | None = None) -> tuple[DatasetItem, str] | None:
    """An item as it is, or as it was at a moment, with the name of its dataset."""
    with session() as current:
        statement = select(DatasetItem, Dataset.name).join(Dataset).where(*_current(scope, version), DatasetItem.id == item_id)
        return current.exec(statement).first()


def items(scope: ProjectScope, query: ItemQuery) -> tuple[list[tuple[DatasetItem, str]], int]:
    """A page of active items with the names of their datasets, newest first, and how many match."""
    where = _matching(scope, query)
    with session() as current:
        statement = select(DatasetItem, Dataset.name).join(Dataset).where(*where).order_by(*_ITEMS_NEWEST_FIRST)
        found = current.exec(statement.limit(query.limit).offset(query.offset)).all()
        return list(found), current.exec(select(func.count()).select_from(DatasetItem).where(*where)).one()


def all_items(scope: ProjectScope, dataset_id: str) -> list[DatasetItem]:
    """Every active item of a dataset, newest first."""
    where = _matching(scope, ItemQuery(dataset_id=dataset_id))
    with session() as current:
        return list(current.exec(select(DatasetItem).where(*where).order_by(*_ITEMS_NEWEST_FIRST)).all())


def item_ids(scope: ProjectScope, dataset_ids: Collection[str]) -> list[tuple[str, str]]:
    """(dataset id, item id) of the active items of some datasets, newest first."""
    where = [*_matching(scope, ItemQuery()), col(DatasetItem.dataset_id).in_(dataset_ids)]
    with session() as current:
        found = current.exec(select(DatasetItem.dataset_id, DatasetItem.id).where(*where).order_by(*_ITEMS_NEWEST_FIRST))
        return list(found.all())


def versions(scope: ProjectScope, keys: Sequence[tuple[str, datetime]]) -> dict[tuple[str, datetime], DatasetItem]:
    """Items by (id, moment), as they were at that moment; deleted ones too, since what ran on them stays true."""
    ids = {item_id for item_id, _ in keys}
    with session() as current:
        statement = select(DatasetItem).where(DatasetItem.project_id == scope.project_id, col(DatasetItem.id).in_(ids))
        found = current.exec(statement.where(col(DatasetItem.is_deleted).is_(False)).order_by(col(DatasetItem.valid_from))).all()
    return {
        (item_id, moment): version
        for item_id, moment in keys
        if (version := next((row for row in reversed(found) if row.id == item_id and row.valid_from <= moment), None))
    }


def remove(scope: ProjectScope, dataset_id: str) -> bool:
    """Delete a dataset with all versions of its items; False when the project has none of that id."""
    with session() as current:
        statement = delete(Dataset).where(col(Dataset.project_id) == scope.project_id, col(Dataset.id) == dataset_id)
        return current.exec(statement).rowcount > 0


def _named(scope: ProjectScope, name: str):
    return select(Dataset).where(Dataset.project_id == scope.project_id, Dataset.name == name)


def _current(scope: ProjectScope, version: datetime | None = None) -> list[ColumnElement[bool]]:
    """What is true now, or was at a moment."""
    ends = col(DatasetItem.valid_to)
    mine = [col(DatasetItem.project_id) == scope.project_id, col(DatasetItem.is_deleted).is_(False)]
    if version is None:
        return [*mine, ends.is_(None)]
    return [*mine, col(DatasetItem.valid_from) <= version, or_(ends.is_(None), ends > version)]


def _matching(scope: ProjectScope, query: ItemQuery) -> list[ColumnElement[bool]]:
    where = [*_current(scope, query.version), col(DatasetItem.status) == "ACTIVE"]
    for column, value in (
        (DatasetItem.dataset_id, query.dataset_id),
        (DatasetItem.source_trace_id, query.source_trace_id),
        (DatasetItem.source_observation_id, query.source_observation_id),
    ):
        if value is not None:
            where.append(col(column) == value)
    return where
