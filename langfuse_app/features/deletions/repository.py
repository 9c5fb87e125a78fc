"""PostgreSQL statements of deletions: what is dropped on arrival, the receipts, and the relational rows of what goes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import delete, func, or_, text, update
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel, col, select

from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.deletions.models import Deletion
from langfuse_app.features.deletions.schemas import DeletionItem, Erased
from langfuse_app.stores.postgres import session

Store = Literal["columnar", "relational", "media", "raw_log"]
_COUNTS = {"columnar": "columnar_rows", "relational": "relational_rows", "media": "media_files", "raw_log": "raw_log_events"}
# What outlives a project: the proof of its deletion, and who did what in the organisation.
_KEPT = ("deletions", "audit_logs")

_DROP_ON_ARRIVAL = text(
    "INSERT INTO deleted_objects (project_id, kind, object_id, deleted_at)"
    " SELECT :project_id, :kind, id, :at FROM unnest(CAST(:ids AS text[])) AS n(id) ORDER BY id"
    " ON CONFLICT (project_id, kind, object_id) DO UPDATE SET deleted_at = EXCLUDED.deleted_at"
)


def add(scope: ProjectScope, id: str, kind: str, object_ids: Sequence[str], at: datetime) -> None:
    """Write the receipt, and from now on drop what was accepted before `at`, in one transaction."""
    receipt = Deletion(
        id=id,
        project_id=scope.project_id,
        org_id=scope.org_id,
        kind=kind,
        object_ids=list(object_ids),
        actor_kind=scope.actor_kind,
        actor_id=scope.actor_id,
        requested_at=at,
    )
    with session() as current:
        current.add(receipt)
        values = {"project_id": scope.project_id, "kind": kind, "ids": sorted(set(object_ids)), "at": at}
        current.connection().execute(_DROP_ON_ARRIVAL, values)


def hidden(scope: ProjectScope, id: str, at: datetime) -> None:
    """Nobody reads the objects any more."""
    with session() as current:
        current.connection().execute(
            update(Deletion).where(col(Deletion.project_id) == scope.project_id, col(Deletion.id) == id).values(hidden_at=at)
        )


def erased(scope: ProjectScope, id: str, store: Store, at: datetime, count: int) -> None:
    """The store has nothing left; `count` adds to what it had before."""
    counted = getattr(Deletion, _COUNTS[store])
    values = {f"{store}_at": at, _COUNTS[store]: counted + count}
    with session() as current:
        current.connection().execute(
            update(Deletion).where(col(Deletion.project_id) == scope.project_id, col(Deletion.id) == id).values(values)
        )


def counted(scope: ProjectScope, id: str, rows: int) -> None:
    """ClickHouse deleted so many rows; their bytes are still there."""
    with session() as current:
        statement = update(Deletion).where(col(Deletion.project_id) == scope.project_id, col(Deletion.id) == id)
        current.connection().execute(statement.values(columnar_rows=col(Deletion.columnar_rows) + rows))


def one(scope: ProjectScope, id: str) -> DeletionItem | None:
    """One receipt of the project."""
    with session() as current:
        found = current.get(Deletion, id)
        return _item(found) if found and found.project_id == scope.project_id else None


def page(scope: ProjectScope, number: int, limit: int) -> Page[DeletionItem]:
    """Receipts of the project, newest first."""
    mine = select(Deletion).where(col(Deletion.project_id) == scope.project_id)
    with session() as current:
        total = current.exec(select(func.count()).select_from(mine.subquery())).one()
        ordered = mine.order_by(col(Deletion.requested_at).desc(), col(Deletion.id)).limit(limit).offset((number - 1) * limit)
        return Page([_item(found) for found in current.exec(ordered)], number, limit, total)


def unfinished(*stores: Store) -> list[DeletionItem]:
    """Deletions of all projects that one of the stores still holds something of, oldest first; for the job only."""
    empty = or_(*(getattr(Deletion, f"{store}_at").is_(None) for store in stores))
    with session() as current:
        return [_item(found) for found in current.exec(select(Deletion).where(empty).order_by(col(Deletion.requested_at)))]


def _item(found: Deletion) -> DeletionItem:
    return DeletionItem(
        id=found.id,
        project_id=found.project_id,
        org_id=found.org_id,
        kind=found.kind,
        object_ids=tuple(found.object_ids),
        requested_at=found.requested_at,
        hidden_at=found.hidden_at,
        analytics=Erased(found.columnar_at, found.columnar_rows),
        relational=Erased(found.relational_at, found.relational_rows),
        media=Erased(found.media_at, found.media_files),
        raw_log=Erased(found.raw_log_at, found.raw_log_events),
    )


class Forgotten(NamedTuple):
    """Locators that were deleted: how many, and the times that they bounded; None where there was none."""

    rows: int
    first: datetime | None
    last: datetime | None


def forget_traces(scope: ProjectScope, trace_ids: Sequence[str]) -> Forgotten:
    """Delete the traces' locators."""
    statement = text(
        "WITH gone AS (DELETE FROM trace_locators WHERE project_id = :project_id AND id = ANY(:ids)"
        " RETURNING least(first_start, timestamp) AS first, greatest(last_start, timestamp) AS last)"
        " SELECT count(*), min(first), max(last) FROM gone"
    )
    with session() as current:
        row = current.connection().execute(statement, {"project_id": scope.project_id, "ids": list(trace_ids)}).one()
        return Forgotten(*row)


def forget_sessions(scope: ProjectScope, session_ids: Sequence[str]) -> int:
    """Delete sessions that have no trace any more; how many rows."""
    statement = text("DELETE FROM trace_sessions WHERE project_id = :project_id AND id = ANY(:ids)")
    with session() as current:
        return _count(current.connection(), statement, {"project_id": scope.project_id, "ids": list(session_ids)})


def forget_project(scope: ProjectScope) -> int:
    """Delete every row that names the project, then the project; how many rows."""
    tables = [table for table in reversed(SQLModel.metadata.sorted_tables) if "project_id" in table.columns and table.name not in _KEPT]
    with session() as current:
        connection = current.connection()
        count = sum(_count(connection, delete(table).where(table.c.project_id == scope.project_id), {}) for table in tables)
        return count + _count(connection, text("DELETE FROM projects WHERE id = :id"), {"id": scope.project_id})


def _count(connection: Connection, statement: Any, values: dict[str, Any]) -> int:
    return connection.execute(statement, values).rowcount
