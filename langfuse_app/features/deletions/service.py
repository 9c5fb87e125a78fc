"""Deleting what was ingested: hidden when the request is answered, gone from every store by a job, proved by a receipt.

The order keeps a replay from bringing anything back: first what is accepted before the deletion is dropped on arrival,
then the rows are hidden, then their bytes go. Deletions end only at what arrived before them: an id sent again is new.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from langfuse_app.core.errors import NotFoundError
from langfuse_app.core.ids import new_id
from langfuse_app.core.inflate import inflate
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import get_settings
from langfuse_app.core.time import to_us, utcnow
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.audit import service as audit
from langfuse_app.features.deletions import repository
from langfuse_app.features.deletions import repository_clickhouse as columnar
from langfuse_app.features.deletions.schemas import DeletionItem
from langfuse_app.features.media import service as media
from langfuse_app.ingestion.changes import Request
from langfuse_app.ingestion.erase import named, without
from langfuse_app.stores.queue import enqueue
from langfuse_app.stores.raw_log import Frame, FrameHeader, raw_log
from langfuse_app.stores.raw_log.erasure import Stamp, rewrite_all

log = logging.getLogger(__name__)

_Doomed = dict[tuple[str, str], list[DeletionItem]]  # (kind, id) → the deletions of that object

QUEUE, JOB, JOB_DELAY_S = "trace-delete", "worker.deletions.erase", 5
DELETIONS_AT_ONCE = 20


def delete_traces(scope: ProjectScope, trace_ids: Sequence[str]) -> str:
    """Delete traces with their observations, scores and media; unknown ids are fine. The receipt's id."""
    return _delete(scope, "trace", trace_ids)


def delete_scores(scope: ProjectScope, score_ids: Sequence[str]) -> str:
    """Delete scores; unknown ids are fine. The receipt's id."""
    return _delete(scope, "score", score_ids)


def delete_runs(scope: ProjectScope, run_ids: Sequence[str]) -> str:
    """Delete what was ingested for dataset runs: their scores. The receipt's id."""
    return _delete(scope, "dataset_run", run_ids)


def delete_project(scope: ProjectScope) -> str:
    """Delete everything of a project that was marked as deleted. The receipt's id."""
    return _delete(scope, "project", [scope.project_id])


def _delete(scope: ProjectScope, kind: str, object_ids: Sequence[str]) -> str:
    id, at = new_id(), utcnow()
    repository.add(scope, id, kind, object_ids, at)
    if kind == "trace":
        _hide_traces(scope, id, object_ids, at)
    else:
        columnar.hide(scope, kind, columnar.Doomed(object_ids, at))
    repository.hidden(scope, id, utcnow())
    audit.record_all(scope, "delete", kind, object_ids)
    enqueue(QUEUE, JOB, delay_s=JOB_DELAY_S, retries=2)
    return id


def _hide_traces(scope: ProjectScope, id: str, trace_ids: Sequence[str], at: datetime) -> None:
    """Their locators say where their rows lie. What came without one was never a trace: only scores may name it."""
    gone = repository.forget_traces(scope, trace_ids)
    repository.erased(scope, id, "relational", at, gone.rows)
    span = columnar.Span(gone.first, gone.last) if gone.first and gone.last else None
    columnar.hide(scope, "trace" if span else "scores of traces", columnar.Doomed(trace_ids, at), span)


def get(scope: ProjectScope, id: str) -> DeletionItem:
    """One receipt; NotFoundError."""
    found = repository.one(scope, id)
    if found is None:
        raise NotFoundError("Deletion not found within authorized project")
    return found


def list_deletions(scope: ProjectScope, page: int, limit: int) -> Page[DeletionItem]:
    """Receipts, newest first."""
    return repository.page(scope, page, limit)


# --- the job --------------------------------------------------------------------------------------


def erase_stores() -> int:
    """Erase from ClickHouse, PostgreSQL and media what was deleted; how many deletions were finished there."""
    waiting = repository.unfinished("columnar", "relational", "media")
    groups: dict[tuple[str, str], list[DeletionItem]] = defaultdict(list)
    for deletion in waiting:
        _erase_relational(deletion)
        groups[(deletion.project_id, deletion.kind)].append(deletion)
    for alike in groups.values():
        for start in range(0, len(alike), DELETIONS_AT_ONCE):
            _erase_columnar(alike[start : start + DELETIONS_AT_ONCE])
    if waiting:
        columnar.free(list(dict.fromkeys(place.table for _, kind in groups for place in columnar.PLACES[kind])))
        for deletion in waiting:
            repository.erased(_scope(deletion), deletion.id, "columnar", utcnow(), 0)
    return len(waiting)


def free_bytes(tables: Sequence[str]) -> None:
    """Give back the room of rows that were deleted; waits until it is done."""
    columnar.free(tables)


def _scope(deletion: DeletionItem) -> ProjectScope:
    """The scope of a deletion, whose receipt was written under an authenticated one."""
    return accounts.worker_scope(deletion.project_id, deletion.org_id)


def _erase_columnar(alike: Sequence[DeletionItem]) -> None:
    """Deletions of one kind in one project."""
    scope, kind = _scope(alike[0]), alike[0].kind
    for deletion in alike:
        if not deletion.hidden_at:  # the process died before
            columnar.hide(scope, kind, _doomed(deletion))
            repository.hidden(scope, deletion.id, utcnow())
    counts = columnar.erase(scope, kind, [_doomed(deletion) for deletion in alike])
    for deletion, count in zip(alike, counts, strict=True):
        repository.counted(scope, deletion.id, count)


def _doomed(deletion: DeletionItem) -> columnar.Doomed:
    return columnar.Doomed(deletion.object_ids, deletion.requested_at)


def _erase_relational(deletion: DeletionItem) -> None:
    """Sessions are read from the traces' rows, so this comes before those go."""
    scope, now = _scope(deletion), utcnow()
    files = rows = 0
    if deletion.kind == "trace":
        files = media.forget_traces(scope, deletion.object_ids)
        found = columnar.sessions_of(scope, deletion.object_ids)
        living = columnar.inhabited(scope, found)
        rows = repository.forget_traces(scope, deletion.object_ids).rows if not deletion.relational.erased_at else 0
        rows += repository.forget_sessions(scope, [id for id in found if id not in living])
    elif deletion.kind == "project":
        files = media.forget_project(scope)
        rows = repository.forget_project(scope)
    repository.erased(scope, deletion.id, "media", now, files)
    repository.erased(scope, deletion.id, "relational", utcnow(), rows)


def erase_raw_log() -> int:
    """Rewrite the raw log without what was deleted; how many deletions were finished. ServiceUnavailableError while segments are being sealed."""
    waiting = repository.unfinished("raw_log")
    if not waiting:
        return 0
    counts = _rewrite(waiting)
    for deletion in waiting:
        repository.erased(_scope(deletion), deletion.id, "raw_log", utcnow(), counts[deletion.id])
    return len(waiting)


def _rewrite(waiting: Sequence[DeletionItem]) -> dict[str, int]:
    doomed: dict[str, _Doomed] = defaultdict(lambda: defaultdict(list))
    latest: dict[str, int] = {}
    for deletion in waiting:
        latest[deletion.project_id] = max(latest.get(deletion.project_id, 0), to_us(deletion.requested_at))
        for id in deletion.object_ids:
            doomed[deletion.project_id][(deletion.kind, id)].append(deletion)
    counts: dict[str, int] = defaultdict(int)
    rewrite_all(raw_log(), partial(_concerned, latest), partial(_stripped, doomed, counts))
    return counts


def _concerned(latest: dict[str, int], header: Stamp) -> bool:
    return header.received_at <= latest.get(header.project_id, -1)


def _stripped(doomed: dict[str, _Doomed], counts: dict[str, int], frame: Frame) -> tuple[FrameHeader, bytes] | None:
    """The frame without deleted events; None where it has none."""
    header, mine = frame.header, doomed[frame.header.project_id]
    whole = _deletion_of(mine, ("project", header.project_id), header)
    if whole:
        counts[whole.id] += sum(map(len, header.routes.values()))
        return (replace(header, routes={}), b"") if header.routes else None
    body = _body(frame)
    places: set[int] = set()
    for place, kind, id in named(body, _request(header)):
        deletion = _deletion_of(mine, (kind, id), header)
        if deletion and place not in places:
            counts[deletion.id] += 1
            places.add(place)
    if not places:
        return None
    left, routes = without(body, header.content, places, header.routes)
    return replace(header, routes=routes), left


def _deletion_of(doomed: _Doomed, object_: tuple[str, str], header: Stamp) -> DeletionItem | None:
    """The deletion of that object, unless the frame was accepted after it."""
    return next((deletion for deletion in doomed.get(object_, ()) if header.received_at <= to_us(deletion.requested_at)), None)


def _body(frame: Frame) -> bytes:
    settings = get_settings()
    limit = max(settings.LANGFUSE_OTEL_MAX_BODY_BYTES, settings.LANGFUSE_INGESTION_MAX_BODY_BYTES)
    return inflate(frame.body, frame.header.encoding, limit)


def _request(header: FrameHeader) -> Request:
    return Request(header.request_id, header.project_id, header.received_at, header.content)  # pyright: ignore[reportArgumentType] - written by acceptance
