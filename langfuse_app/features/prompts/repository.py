"""PostgreSQL statements of prompts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import any_, literal, text
from sqlmodel import Session, col, delete, select, update

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.prompts.composition import Reference
from langfuse_app.features.prompts.models import Prompt, PromptDependency
from langfuse_app.stores.postgres import lock, session

Decide = Callable[[Prompt | None], Prompt]
"""The new version, made from the newest one."""


def _of(scope: ProjectScope, name: str) -> Any:
    return select(Prompt).where(col(Prompt.project_id) == scope.project_id, col(Prompt.name) == name)


def hold(scope: ProjectScope, name: str, *, references: bool) -> None:
    """Until the open transaction ends, nobody else changes versions and labels of the name; with `references`, nor what the
    project's prompts refer to."""
    with session() as current:
        if references:
            lock(current, f"prompts {scope.project_id}")
        lock(current, f"prompt {scope.project_id} {name}")


def find(scope: ProjectScope, reference: Reference) -> Prompt | None:
    """The version that a reference means."""
    wanted = _of(scope, reference.name)
    if reference.version is not None:
        wanted = wanted.where(col(Prompt.version) == reference.version)
    else:
        wanted = wanted.where(literal(reference.label) == any_(col(Prompt.labels)))
    with session() as current:
        return current.exec(wanted.limit(1)).first()


def create(scope: ProjectScope, name: str, decide: Decide, referred: Iterable[Reference]) -> Prompt:
    """Write the version that `decide` makes; its labels leave the other versions, its tags are those of all. Hold the name."""
    with session() as current:
        newest = current.exec(_of(scope, name).order_by(col(Prompt.version).desc()).limit(1)).first()
        new = decide(newest)
        _take_labels(current, scope, name, new.labels)
        if newest is not None and newest.tags != new.tags:
            mine = update(Prompt).where(col(Prompt.project_id) == scope.project_id, col(Prompt.name) == name)
            current.exec(mine.values(tags=new.tags))
        current.add(new)
        current.flush()
        current.add_all(
            PromptDependency(
                project_id=scope.project_id,
                parent_id=new.id,
                child_name=one.name,
                child_version=one.version,
                child_label=one.label,
            )
            for one in referred
        )
        return new


def _take_labels(current: Session, scope: ProjectScope, name: str, labels: Sequence[str], but: str = "") -> None:
    """Other versions lose these labels."""
    values = {"project": scope.project_id, "name": name, "labels": list(labels), "but": but, "now": utcnow()}
    current.connection().execute(
        text(
            "UPDATE prompts SET labels = ARRAY(SELECT l FROM unnest(labels) WITH ORDINALITY AS u(l, n)"
            " WHERE l != ALL(CAST(:labels AS text[])) ORDER BY n), updated_at = :now"
            " WHERE project_id = :project AND name = :name AND id != :but AND labels && CAST(:labels AS varchar[])"
        ),
        values,
    )


def add_labels(scope: ProjectScope, name: str, version: int, labels: Sequence[str]) -> Prompt | None:
    """Move labels to a version; None when there is no such version. Hold the name."""
    with session() as current:
        found = current.exec(_of(scope, name).where(col(Prompt.version) == version)).first()
        if found is None:
            return None
        _take_labels(current, scope, name, labels, but=found.id)
        found.labels = list(dict.fromkeys([*found.labels, *labels]))
        found.updated_at = utcnow()
        current.add(found)
        return found


def versions(scope: ProjectScope, name: str, version: int | None, label: str | None) -> list[Prompt]:
    """The versions of a name that match."""
    wanted = _of(scope, name)
    if version is not None:
        wanted = wanted.where(col(Prompt.version) == version)
    if label is not None:
        wanted = wanted.where(literal(label) == any_(col(Prompt.labels)))
    with session() as current:
        return list(current.exec(wanted.order_by(col(Prompt.version))).all())


@dataclass(frozen=True, slots=True)
class Dependent:
    """A version that refers to another prompt."""

    name: str
    version: int
    reference: Reference


def dependents(scope: ProjectScope, name: str) -> list[Dependent]:
    """Versions of other prompts that refer to this one."""
    statement = text(
        "SELECT p.name, p.version, d.child_version, d.child_label FROM prompt_dependencies d JOIN prompts p ON p.id = d.parent_id"
        " WHERE d.project_id = :project AND d.child_name = :name AND p.name != :name ORDER BY p.name, p.version"
    )
    with session() as current:
        rows = current.connection().execute(statement, {"project": scope.project_id, "name": name})
        return [Dependent(row[0], row[1], Reference(name, row[2], row[3])) for row in rows]


def remove(scope: ProjectScope, name: str, ids: Sequence[str], latest: str) -> None:
    """Delete versions; the label `latest` goes to the highest that is left. Hold the name."""
    with session() as current:
        current.exec(delete(Prompt).where(col(Prompt.project_id) == scope.project_id, col(Prompt.id).in_(ids)))
        left = current.exec(_of(scope, name).order_by(col(Prompt.version).desc()).limit(1)).first()
        if left is not None and latest not in left.labels:
            left.labels = [*left.labels, latest]
            current.add(left)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What the list is narrowed to."""

    name: str | None = None
    label: str | None = None
    tag: str | None = None
    version: int | None = None
    from_updated_at: datetime | None = None
    to_updated_at: datetime | None = None
    page: int = 1
    limit: int = 10


_CONDITIONS = {
    "name": "name = :name",
    "label": ":label = ANY(labels)",
    "tag": ":tag = ANY(tags)",
    "version": "version = :version",
    "from_updated_at": "updated_at >= :from_updated_at",
    "to_updated_at": "updated_at < :to_updated_at",
}


def page(scope: ProjectScope, query: ListQuery) -> tuple[list[dict[str, Any]], int]:
    """One row per name with its matching versions, by name; and how many names match."""
    asked = {name: getattr(query, name) for name in _CONDITIONS if getattr(query, name) is not None}
    where = " AND ".join(["project_id = :project_id", *(_CONDITIONS[name] for name in asked)])
    matching = f"WITH matching AS (SELECT * FROM prompts WHERE {where})"
    rows = text(
        f"{matching} SELECT name, array_agg(version ORDER BY version) AS versions,"
        " ARRAY(SELECT DISTINCT l FROM matching o, unnest(o.labels) AS l WHERE o.name = m.name ORDER BY l) AS labels,"
        " (array_agg(to_jsonb(tags) ORDER BY version DESC))[1] AS tags, max(updated_at) AS last_updated_at,"
        " (array_agg(type ORDER BY version DESC))[1] AS type, (array_agg(config ORDER BY version DESC))[1] AS last_config"
        " FROM matching m GROUP BY name ORDER BY name LIMIT :limit OFFSET :offset"
    )
    values = asked | {"project_id": scope.project_id, "limit": query.limit, "offset": (query.page - 1) * query.limit}
    with session() as current:
        connection = current.connection()
        found = [dict(row) for row in connection.execute(rows, values).mappings()]
        total = connection.execute(text(f"{matching} SELECT count(DISTINCT name) FROM matching"), values).scalar_one()
        return found, total


def has_id(scope: ProjectScope, prompt_id: str) -> bool:
    """Whether a version of a prompt in the project has that id."""
    with session() as current:
        return current.exec(select(Prompt.id).where(Prompt.project_id == scope.project_id, Prompt.id == prompt_id)).first() is not None
