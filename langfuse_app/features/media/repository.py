"""PostgreSQL statements of media."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, String, any_, case, exists, literal, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.media.models import DatasetItemMedia, Media, ObservationMedia, TraceMedia
from langfuse_app.features.media.references import Reference
from langfuse_app.features.media.schemas import ItemVersion, UploadReport, is_success
from langfuse_app.stores.postgres import session

_UPLOAD_COLUMNS = ("uploaded_at", "upload_http_status", "upload_http_error", "content_length")
Link = TraceMedia | ObservationMedia | DatasetItemMedia


def put(wanted: Media, link: Link) -> Media:
    """Make sure of a file and of its link; bytes that are stored under the same type stay, another type awaits them again."""
    table = SQLModel.metadata.tables["media"]
    insert = upsert(Media).values(wanted.model_dump())
    stored = (col(Media.content_type) == insert.excluded.content_type) & col(Media.upload_http_status).in_((200, 201))
    kept = {name: case((stored, table.c[name]), else_=insert.excluded[name]) for name in _UPLOAD_COLUMNS}
    changed = kept | {"content_type": insert.excluded.content_type, "updated_at": insert.excluded.updated_at}
    statement = insert.on_conflict_do_update(index_elements=["project_id", "id"], set_=changed)
    with session() as current:
        current.connection().execute(statement)
        current.connection().execute(upsert(type(link)).values(link.model_dump()).on_conflict_do_nothing())
        return current.exec(select(Media).where(Media.project_id == wanted.project_id, Media.id == wanted.id)).one()


def one(scope: ProjectScope, media_id: str) -> Media | None:
    """The file of that id in the project, uploaded or not."""
    with session() as current:
        return current.exec(select(Media).where(Media.project_id == scope.project_id, Media.id == media_id)).first()


def uploaded(scope: ProjectScope, media_ids: Collection[str]) -> list[Media]:
    """Those of the files whose bytes are stored."""
    stored = col(Media.upload_http_status).in_((200, 201))
    named = col(Media.id) == any_(literal(list(media_ids), ARRAY(String)))  # one parameter, however large a dataset is
    with session() as current:
        return list(current.exec(select(Media).where(Media.project_id == scope.project_id, named, stored)).all())


def link_item(scope: ProjectScope, version: ItemVersion, references: Sequence[Reference]) -> None:
    """Link a version of a dataset item with those of the files it refers to that the project knows."""
    with session() as current:
        ids = {reference.media_id for reference in references}
        # locked: a file that is going away with its trace either stays or is not known here
        known = set(current.exec(select(Media.id).where(Media.project_id == scope.project_id, col(Media.id).in_(ids)).with_for_update()))
        links = [_item_link(scope, version, reference) for reference in references if reference.media_id in known]
        if links:
            current.connection().execute(upsert(DatasetItemMedia).values(links).on_conflict_do_nothing())


def _item_link(scope: ProjectScope, version: ItemVersion, reference: Reference) -> dict[str, Any]:
    return DatasetItemMedia(
        project_id=scope.project_id,
        media_id=reference.media_id,
        dataset_id=version.dataset_id,
        dataset_item_id=version.item_id,
        dataset_item_valid_from=version.valid_from,
        field=reference.field,
        json_path=reference.json_path,
        reference_string=reference.text,
    ).model_dump()


def report(scope: ProjectScope, media_id: str, result: UploadReport) -> bool:
    """Note how an upload went, unless an earlier one succeeded; False when the project has no such file."""
    with session() as current:
        found = current.exec(select(Media).where(Media.project_id == scope.project_id, Media.id == media_id).with_for_update()).first()
        if found is None:
            return False
        if not is_success(found.upload_http_status):
            found.uploaded_at = result.uploaded_at
            found.upload_http_status = result.upload_http_status
            found.upload_http_error = None if result.succeeded else result.upload_http_error
            found.updated_at = utcnow()
            current.add(found)
        return True


_UNLINK = """
WITH gone AS (
    DELETE FROM trace_media WHERE project_id = :project AND trace_id = ANY(:traces) RETURNING media_id
), gone_too AS (
    DELETE FROM observation_media WHERE project_id = :project AND trace_id = ANY(:traces) RETURNING media_id
)
SELECT id FROM media WHERE project_id = :project AND id IN (SELECT media_id FROM gone UNION SELECT media_id FROM gone_too) FOR UPDATE
"""
# A statement of its own: it must see the links that were made while the rows above were waited for.
_DELETE_ORPHANS = """
DELETE FROM media m WHERE project_id = :project AND id = ANY(:ids)
AND NOT EXISTS (SELECT 1 FROM trace_media l WHERE l.project_id = m.project_id AND l.media_id = m.id)
AND NOT EXISTS (SELECT 1 FROM observation_media l WHERE l.project_id = m.project_id AND l.media_id = m.id)
AND NOT EXISTS (SELECT 1 FROM dataset_item_media l WHERE l.project_id = m.project_id AND l.media_id = m.id)
RETURNING bucket_path
"""


def unlink_traces(scope: ProjectScope, trace_ids: Sequence[str], delete_blob: Callable[[str], None]) -> int:
    """Delete the links of traces, and the files that nothing else refers to; how many files.

    Their bytes go through `delete_blob` while the rows are locked, so that nobody uploads the same file in between.
    """
    with session() as current:
        connection = current.connection()
        ids = list(connection.execute(text(_UNLINK), {"project": scope.project_id, "traces": list(trace_ids)}).scalars())
        paths = connection.execute(text(_DELETE_ORPHANS), {"project": scope.project_id, "ids": ids}).scalars().all() if ids else []
        for path in paths:
            delete_blob(path)
        return len(paths)


def delete_some(scope: ProjectScope, limit: int, delete_blob: Callable[[str], None]) -> int:
    """Delete up to `limit` files of the project with their links and bytes; how many, 0 when none is left."""
    return _delete(select(Media).where(Media.project_id == scope.project_id).limit(limit), delete_blob)


def delete_old(scope: ProjectScope, before: datetime, limit: int, delete_blob: Callable[[str], None]) -> int:
    """The same for files that nobody sent since `before` and no dataset item refers to."""
    referred = exists().where(col(DatasetItemMedia.project_id) == col(Media.project_id), col(DatasetItemMedia.media_id) == col(Media.id))
    old = select(Media).where(Media.project_id == scope.project_id, Media.updated_at < before, ~referred)
    return _delete(old.limit(limit), delete_blob)


def _delete(chosen: SelectOfScalar[Media], delete_blob: Callable[[str], None]) -> int:
    with session() as current:
        found = current.exec(chosen.with_for_update()).all()
        for media in found:
            delete_blob(media.bucket_path)
            current.delete(media)
        return len(found)
