"""Deleting what was ingested: hidden when the request is answered, gone from every store by a job, proved by a receipt.

The order keeps a replay from bringing anything back: first what is accepted before the deletion is dropped on arrival,
then the rows are hidden, then their bytes go. Deletions end only at what arrived before them: an id sent again is new.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
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
from langfuse_app.ingestion.erase import events_of, without
from langfuse_app.stores.queue import enqueue
from langfuse_app.stores.raw_log import FileRawLog, Frame, FrameHeader, raw_log
from langfuse_app.stores.raw_log_erasure import rewrite_all

log = logging.getLogger(__name__)

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
    counts = _rewrite(raw_log(), waiting)
    for deletion in waiting:
        repository.erased(_scope(deletion), deletion.id, "raw_log", utcnow(), counts[deletion.id])
    return len(waiting)


def _rewrite(store: object, waiting: Sequence[DeletionItem]) -> dict[str, int]:
    by_project: dict[str, list[DeletionItem]] = defaultdict(list)
    for deletion in waiting:
        by_project[deletion.project_id].append(deletion)
    counts: dict[str, int] = defaultdict(int)
    if isinstance(store, FileRawLog):
        rewrite_all(store, partial(_concerned, by_project), partial(_stripped, by_project, counts))
    return counts


def _concerned(by_project: dict[str, list[DeletionItem]], header: FrameHeader) -> bool:
    return any(_before(header, deletion.requested_at) for deletion in by_project.get(header.project_id, ()))


def _before(header: FrameHeader, moment: datetime) -> bool:
    return header.received_at <= to_us(moment)


def _stripped(by_project: dict[str, list[DeletionItem]], counts: dict[str, int], frame: Frame) -> tuple[FrameHeader, bytes] | None:
    """The frame without deleted events; None where it has none."""
    header = frame.header
    mine = [deletion for deletion in by_project[header.project_id] if _before(header, deletion.requested_at)]
    whole = [deletion for deletion in mine if deletion.kind == "project"]
    if whole:
        counts[whole[0].id] += sum(map(len, header.routes.values()))
        return (replace(header, routes={}), b"") if header.routes else None
    body = _body(frame)
    places = _places(frame, body, mine, counts)
    if not places:
        return None
    left, routes = without(body, header.content, places, header.routes)
    return replace(header, routes=routes), left


def _places(frame: Frame, body: bytes, deletions: Iterable[DeletionItem], counts: dict[str, int]) -> set[int]:
    places: set[int] = set()
    for deletion in deletions:
        found = events_of(body, _request(frame.header), deletion.kind, frozenset(deletion.object_ids))
        counts[deletion.id] += len(found - places)
        places |= found
    return places


def _body(frame: Frame) -> bytes:
    settings = get_settings()
    limit = max(settings.LANGFUSE_OTEL_MAX_BODY_BYTES, settings.LANGFUSE_INGESTION_MAX_BODY_BYTES)
    return inflate(frame.body, frame.header.encoding, limit)


def _request(header: FrameHeader) -> Request:
    return Request(header.request_id, header.project_id, header.received_at, header.content)  # pyright: ignore[reportArgumentType] - written by acceptance
