"""PostgreSQL statements of runs and run items."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import Session, col, delete, or_, select, update

from langfuse_app.core.filters.relational import clauses
from langfuse_app.core.pagination import Place
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.experiments.models import DatasetRun, DatasetRunItem
from langfuse_app.features.experiments.schemas import ExperimentQuery, Progress
from langfuse_app.stores.postgres import behind, session

_ROWS = 2_000  # of one statement: PostgreSQL binds at most 65 535 parameters
_NEWEST_FIRST = (col(DatasetRun.created_at).desc(), col(DatasetRun.id))
_ITEMS_NEWEST_FIRST = (col(DatasetRunItem.created_at).desc(), col(DatasetRunItem.id))
_LAST = func.max(func.coalesce(DatasetRunItem.ended_at, DatasetRunItem.started_at))


def _columns(row: DatasetRun | DatasetRunItem) -> dict[str, Any]:
    values = row.model_dump()
    return {"metadata" if name == "meta" else name: value for name, value in values.items()}


# --- writing ---------------------------------------------------------------------------------------------------------


def link(run: DatasetRun, item: DatasetRunItem) -> tuple[DatasetRun, DatasetRunItem]:
    """Create the run or give it what is new, and add the item unless it is there; both as they are stored now."""
    with session() as current:
        stored = _ensure_run(current, run)
        current.connection().execute(upsert(DatasetRunItem).values(_columns(item)).on_conflict_do_nothing())
        key = (DatasetRunItem.project_id == item.project_id, DatasetRunItem.id == item.id)
        return stored, current.exec(select(DatasetRunItem).where(*key)).one()


def _ensure_run(current: Session, run: DatasetRun) -> DatasetRun:
    stored = None
    while stored is None:  # one that is deleted between the two statements is made anew
        current.connection().execute(upsert(DatasetRun).values(_columns(run)).on_conflict_do_nothing())
        # runs are written once and read for each of their items: no lock but against deletion, unless there is something new
        found = select(DatasetRun).where(*_one(run.project_id, run.id))
        stored = current.exec(found.with_for_update(read=True, key_share=True)).first()
    said = {name: value for name in ("description", "meta") if (value := getattr(run, name)) is not None}
    if any(getattr(stored, name) != value for name, value in said.items()):
        stored.sqlmodel_update(said | {"updated_at": utcnow()})
        current.add(stored)
        current.flush()
    return stored


def note(runs: Sequence[DatasetRun], items: Sequence[DatasetRunItem]) -> None:
    """Runs and items that spans speak of, over many projects; the same spans again change nothing."""
    with session() as current:
        for part in _parts(runs):
            current.connection().execute(_note_runs([_columns(run) for run in part]))
        for part in _parts(items):
            current.connection().execute(_note_items([_columns(item) for item in part]))


def _parts(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """In the order of their keys, so that two workers cannot deadlock."""
    rows = sorted(rows, key=lambda row: (row.project_id, row.id))
    return (rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS))


def _note_runs(values: list[dict[str, Any]]) -> Any:
    """What the run has stays; it begins with its first span."""
    statement = upsert(DatasetRun).values(values)
    new = statement.excluded
    held = {"dataset_id": col(DatasetRun.dataset_id), "description": col(DatasetRun.description), "metadata": col(DatasetRun.meta)}
    filled = {name: func.coalesce(column, new[name]) for name, column in held.items()}
    changed = or_(new.created_at < DatasetRun.created_at, *(column.is_(None) & new[name].is_not(None) for name, column in held.items()))
    return statement.on_conflict_do_update(
        index_elements=["project_id", "id"],
        set_=filled | {"created_at": func.least(DatasetRun.created_at, new.created_at)},
        where=changed,
    )


def _note_items(values: list[dict[str, Any]]) -> Any:
    """The span is the truth about its times."""
    statement = upsert(DatasetRunItem).values(values)
    new = statement.excluded
    times = {name: new[name] for name in ("started_at", "ended_at", "updated_at")}
    version = func.coalesce(DatasetRunItem.dataset_item_version, new.dataset_item_version)
    return statement.on_conflict_do_update(index_elements=["project_id", "id"], set_=times | {"dataset_item_version": version})


def set_traces(scope: ProjectScope, traces: Mapping[str, str]) -> None:
    """Write down the traces that were found for items (by id) that had none."""
    with session() as current:
        for item_id, trace_id in traces.items():
            mine = (col(DatasetRunItem.project_id) == scope.project_id, col(DatasetRunItem.id) == item_id)
            current.exec(update(DatasetRunItem).where(*mine).values(trace_id=trace_id))


def remove(scope: ProjectScope, run_id: str) -> bool:
    """Delete a run with its items; False when the project has none of that id."""
    with session() as current:
        return current.exec(delete(DatasetRun).where(*_one(scope.project_id, run_id))).rowcount > 0


# --- runs ------------------------------------------------------------------------------------------------------------


def _one(project_id: str, run_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(DatasetRun.project_id) == project_id, col(DatasetRun.id) == run_id


def run(scope: ProjectScope, run_id: str) -> DatasetRun | None:
    """The run of that id."""
    with session() as current:
        return current.exec(select(DatasetRun).where(*_one(scope.project_id, run_id))).first()


def run_named(scope: ProjectScope, dataset_id: str, name: str) -> DatasetRun | None:
    """The newest run of that name on a dataset."""
    with session() as current:
        where = (DatasetRun.project_id == scope.project_id, DatasetRun.dataset_id == dataset_id, DatasetRun.name == name)
        return current.exec(select(DatasetRun).where(*where).order_by(*_NEWEST_FIRST).limit(1)).first()


def runs_of(scope: ProjectScope, dataset_id: str, limit: int, offset: int) -> tuple[list[DatasetRun], int]:
    """A page of the runs on a dataset, newest first, and how many there are."""
    where = (DatasetRun.project_id == scope.project_id, DatasetRun.dataset_id == dataset_id)
    with session() as current:
        found = current.exec(select(DatasetRun).where(*where).order_by(*_NEWEST_FIRST).limit(limit).offset(offset)).all()
        return list(found), current.exec(select(func.count()).select_from(DatasetRun).where(*where)).one()


def run_names(scope: ProjectScope, dataset_ids: Collection[str]) -> list[tuple[str, str]]:
    """(dataset id, run name) of the runs on some datasets, newest first."""
    with session() as current:
        where = (DatasetRun.project_id == scope.project_id, col(DatasetRun.dataset_id).in_(dataset_ids))
        found = current.exec(select(DatasetRun.dataset_id, DatasetRun.name).where(*where).order_by(*_NEWEST_FIRST)).all()
        return [(dataset_id or "", name) for dataset_id, name in found]


def items_of(scope: ProjectScope, run_id: str, limit: int | None = None, offset: int = 0) -> list[DatasetRunItem]:
    """Items of a run, newest first; all of them without a limit."""
    with session() as current:
        statement = select(DatasetRunItem).where(DatasetRunItem.project_id == scope.project_id, DatasetRunItem.run_id == run_id)
        return list(current.exec(statement.order_by(*_ITEMS_NEWEST_FIRST).limit(limit).offset(offset)).all())


def count_items(scope: ProjectScope, run_id: str) -> int:
    """How many items a run has."""
    with session() as current:
        where = (DatasetRunItem.project_id == scope.project_id, DatasetRunItem.run_id == run_id)
        return current.exec(select(func.count()).select_from(DatasetRunItem).where(*where)).one()


# --- experiments -----------------------------------------------------------------------------------------------------


def experiments(scope: ProjectScope, query: ExperimentQuery, place: Place | None, limit: int) -> list[tuple[DatasetRun, Progress]]:
    """At most `limit` runs behind the place that had items in the range, the latest activity first."""
    items = select(
        DatasetRunItem.run_id.label("run_id"),  # pyright: ignore[reportAttributeAccessIssue] - a column, where SQLModel shows its value
        func.min(DatasetRunItem.started_at).label("first"),
        _LAST.label("last"),
        func.count().label("items"),
    ).where(*_in_range(scope, query))
    found = items.group_by(col(DatasetRunItem.run_id)).subquery()
    statement = (
        select(DatasetRun, found.c.first, found.c.last, found.c["items"])
        .join(found, (found.c.run_id == col(DatasetRun.id)) & (col(DatasetRun.project_id) == scope.project_id))
        .where(*_asked(query), *behind(place, found.c.last, col(DatasetRun.id)))
        .order_by(found.c.last.desc(), col(DatasetRun.id).desc())
        .limit(limit)
    )
    with session() as current:
        return [(run, Progress(first, last, count)) for run, first, last, count in current.exec(statement).all()]


def experiment_items(
    scope: ProjectScope, query: ExperimentQuery, place: Place | None, limit: int
) -> list[tuple[DatasetRunItem, DatasetRun]]:
    """At most `limit` items behind the place with their runs, newest start first."""
    started, item_id = col(DatasetRunItem.started_at), col(DatasetRunItem.id)
    same_run = (col(DatasetRun.project_id) == col(DatasetRunItem.project_id)) & (col(DatasetRun.id) == col(DatasetRunItem.run_id))
    statement = (
        select(DatasetRunItem, DatasetRun)
        .join(DatasetRun, same_run)
        .where(*_in_range(scope, query), *_asked(query), *behind(place, started, item_id))
        .order_by(started.desc(), item_id.desc())
        .limit(limit)
    )
    if query.item_ids:
        statement = statement.where(col(DatasetRunItem.dataset_item_id).in_(query.item_ids))
    with session() as current:
        return list(current.exec(statement).all())


def trace_ids(scope: ProjectScope, run_ids: Collection[str]) -> list[tuple[str, str]]:
    """(run id, trace id) of the items of some runs."""
    with session() as current:
        where = (DatasetRunItem.project_id == scope.project_id, col(DatasetRunItem.run_id).in_(run_ids), DatasetRunItem.trace_id != "")
        return list(current.exec(select(DatasetRunItem.run_id, DatasetRunItem.trace_id).where(*where).distinct()).all())


def _in_range(scope: ProjectScope, query: ExperimentQuery) -> list[ColumnElement[bool]]:
    where = [col(DatasetRunItem.project_id) == scope.project_id, col(DatasetRunItem.started_at) >= query.from_time]
    if query.to_time:
        where.append(col(DatasetRunItem.started_at) < query.to_time)
    return where


_FILTERABLE: dict[str, Any] = {
    "id": col(DatasetRun.id),
    "experimentId": col(DatasetRun.id),
    "name": col(DatasetRun.name),
    "experimentName": col(DatasetRun.name),
    "experimentItemId": col(DatasetRunItem.dataset_item_id),
    "datasetId": col(DatasetRun.dataset_id),
}


def _asked(query: ExperimentQuery) -> list[ColumnElement[bool]]:
    where = clauses(query.filters, {name: _FILTERABLE[name] for name in query.columns})
    for column, values in (
        (DatasetRun.id, query.experiment_ids),
        (DatasetRun.name, query.experiment_names),
        (DatasetRun.dataset_id, query.dataset_ids),
    ):
        if values:
            where.append(col(column).in_(values))
    return where
