"""PostgreSQL statements of skills."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import any_, exists, false, func, literal, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, select, update

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.skills.models import Skill, SkillBlob, SkillFile
from langfuse_app.stores.postgres import lock, session


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file with what its content is known by."""

    id: str
    path: str
    blob_id: str
    sha256_hash: str
    content_length: int


@dataclass(frozen=True, slots=True)
class Version:
    """A version with its files, by path."""

    skill: Skill
    files: list[StoredFile]


@dataclass(frozen=True, slots=True)
class Which:
    """One version of a name: by its number, else by a label."""

    name: str
    version: int | None = None
    label: str | None = None


def _lock(current: Session, scope: ProjectScope) -> None:
    """Skills of a project change one after another: versions of a name are numbered, and contents are shared between names."""
    lock(current, f"skills {scope.project_id}")


def _of(scope: ProjectScope, name: str) -> Any:
    return select(Skill).where(col(Skill.project_id) == scope.project_id, col(Skill.name) == name)


def _labelled(label: str) -> Any:
    return literal(label) == any_(col(Skill.labels))


def _found(current: Session, scope: ProjectScope, which: Which) -> Skill | None:
    wanted = _labelled(which.label or "") if which.version is None else col(Skill.version) == which.version
    return current.exec(_of(scope, which.name).where(wanted).limit(1)).first()


def _newest(current: Session, scope: ProjectScope, name: str) -> Skill | None:
    return current.exec(_of(scope, name).order_by(col(Skill.version).desc()).limit(1)).first()


def _with_files(current: Session, skill: Skill) -> Version:
    files = select(SkillFile, SkillBlob.sha256_hash, SkillBlob.content_length).where(col(SkillFile.skill_id) == skill.id)
    rows = current.exec(files.join(SkillBlob, col(SkillBlob.id) == col(SkillFile.blob_id)).order_by(col(SkillFile.path)))
    return Version(skill, [StoredFile(file.id, file.path, file.blob_id, hash, length) for file, hash, length in rows])


def find(scope: ProjectScope, which: Which) -> Version | None:
    """A version with its files."""
    with session() as current:
        skill = _found(current, scope, which)
        return _with_files(current, skill) if skill else None


def contents(scope: ProjectScope, hashes: Collection[str]) -> dict[str, str]:
    """Those of the contents that the project has, by hash."""
    mine = select(SkillBlob.sha256_hash, SkillBlob.content).where(col(SkillBlob.project_id) == scope.project_id)
    with session() as current:
        return dict(current.exec(mine.where(col(SkillBlob.sha256_hash).in_(hashes))).all())


@dataclass(frozen=True, slots=True)
class _Known:
    id: str
    content_length: int


class MissingContentError(Exception):
    """The project has no content of this hash."""


class TooLargeError(Exception):
    """The files are larger together than a skill may be; the text is their size in bytes."""


def create(scope: ProjectScope, new: Skill, files: Mapping[str, str], given: Mapping[str, str], limit: int, latest: str) -> Version:
    """Write the next version of `new.name`, with the tags of the one before it; `latest` goes to it.

    `files` are hashes by path, `given` new contents by hash. MissingContentError; TooLargeError over `limit` bytes.
    """
    with session() as current:
        _lock(current, scope)
        _store(current, scope, given)
        known = _known(current, scope, set(files.values()))
        if missing := [hash for hash in files.values() if hash not in known]:
            raise MissingContentError(missing[0])
        if (size := sum(known[hash].content_length for hash in files.values())) > limit:
            raise TooLargeError(size)
        before = _newest(current, scope, new.name)
        if before is not None:
            new.version, new.tags = before.version + 1, before.tags
            before.labels = [label for label in before.labels if label != latest]
        current.add(new)
        current.flush()
        current.add_all(SkillFile(skill_id=new.id, path=path, blob_id=known[hash].id) for path, hash in files.items())
        current.flush()
        return _with_files(current, new)


def _store(current: Session, scope: ProjectScope, given: Mapping[str, str]) -> None:
    """Contents that are here already stay as they are."""
    rows = [
        {
            "id": new_id(),
            "project_id": scope.project_id,
            "created_at": utcnow(),
            "sha256_hash": hash,
            "content": content,
            "content_length": len(content.encode()),
        }
        for hash, content in given.items()
    ]
    if rows:
        current.connection().execute(insert(SkillBlob).values(rows).on_conflict_do_nothing())


def _known(current: Session, scope: ProjectScope, hashes: Collection[str]) -> dict[str, _Known]:
    columns = (SkillBlob.sha256_hash, SkillBlob.id, SkillBlob.content_length)
    mine = select(*columns).where(col(SkillBlob.project_id) == scope.project_id, col(SkillBlob.sha256_hash).in_(hashes))
    return {hash: _Known(id, length) for hash, id, length in current.exec(mine).all()}


@dataclass(frozen=True, slots=True)
class Changed:
    """What a version was and is."""

    before: Version
    after: Version


def set_labels(scope: ProjectScope, which: Which, labels: Sequence[str], latest: str) -> Changed | None:
    """Give a version these labels and no others but `latest`, which stays; other versions lose them."""
    with session() as current:
        _lock(current, scope)
        found = _found(current, scope, which)
        if found is None:
            return None
        before = _with_files(current, Skill.model_validate(found.model_dump()))
        others = _of(scope, which.name).where(col(Skill.id) != found.id, or_(false(), *map(_labelled, labels)))
        for other in current.exec(others).all():
            _label(current, other, [label for label in other.labels if label not in labels])
        _label(current, found, [*dict.fromkeys(labels), *(label for label in found.labels if label == latest)])
        return Changed(before, _with_files(current, found))


def _label(current: Session, skill: Skill, labels: list[str]) -> None:
    if skill.labels != labels:
        skill.labels, skill.updated_at = labels, utcnow()
        current.add(skill)


def set_tags(scope: ProjectScope, name: str, tags: Iterable[str]) -> Changed | None:
    """Give all versions of a name these tags; what its newest one was and is."""
    with session() as current:
        _lock(current, scope)
        newest = _newest(current, scope, name)
        if newest is None:
            return None
        before = _with_files(current, Skill.model_validate(newest.model_dump()))
        mine = update(Skill).where(col(Skill.project_id) == scope.project_id, col(Skill.name) == name)
        current.exec(mine.values(tags=list(dict.fromkeys(tags)), updated_at=utcnow()))
        current.refresh(newest)
        return Changed(before, _with_files(current, newest))


def remove(scope: ProjectScope, which: Which, latest: str) -> Version | None:
    """Delete a version and the contents that no other file has; `latest` goes to the highest that is left."""
    with session() as current:
        _lock(current, scope)
        found = _found(current, scope, which)
        if found is None:
            return None
        gone = _with_files(current, found)
        current.delete(found)
        current.flush()
        used = exists().where(col(SkillFile.blob_id) == col(SkillBlob.id))
        current.exec(delete(SkillBlob).where(col(SkillBlob.id).in_({file.blob_id for file in gone.files}), ~used))
        left = _newest(current, scope, which.name)
        if left is not None and latest not in left.labels:
            _label(current, left, [*left.labels, latest])
        return gone


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What the list is narrowed to."""

    name: str | None = None
    search: str | None = None
    tag: str | None = None
    from_updated_at: datetime | None = None
    to_updated_at: datetime | None = None
    page: int = 1
    limit: int = 10


def _matching(scope: ProjectScope, query: ListQuery, latest: str) -> list[Any]:
    wanted = [col(Skill.project_id) == scope.project_id, _labelled(latest)]
    if query.name is not None:
        wanted.append(col(Skill.name) == query.name)
    if query.search is not None:
        wanted.append(or_(*(col(column).icontains(query.search, autoescape=True) for column in (Skill.name, Skill.description))))
    if query.tag is not None:
        wanted.append(literal(query.tag) == any_(col(Skill.tags)))
    if query.from_updated_at is not None:
        wanted.append(col(Skill.updated_at) >= query.from_updated_at)
    if query.to_updated_at is not None:
        wanted.append(col(Skill.updated_at) < query.to_updated_at)
    return wanted


def page(scope: ProjectScope, query: ListQuery, latest: str, production: str) -> tuple[list[tuple[Skill, int | None]], int]:
    """Newest versions, the last changed first, each with the number of the one in production; and how many there are."""
    wanted = _matching(scope, query, latest)
    found = select(Skill).where(*wanted).order_by(col(Skill.updated_at).desc(), col(Skill.name))
    with session() as current:
        total = current.exec(select(func.count()).select_from(Skill).where(*wanted)).one()
        skills = current.exec(found.limit(query.limit).offset((query.page - 1) * query.limit)).all()
        used = _of_project(scope, [skill.name for skill in skills]).where(_labelled(production))
        versions: dict[str, int] = {skill.name: skill.version for skill in current.exec(used)}
        return [(skill, versions.get(skill.name)) for skill in skills], total


def _of_project(scope: ProjectScope, names: Collection[str]) -> Any:
    return select(Skill).where(col(Skill.project_id) == scope.project_id, col(Skill.name).in_(names))
