"""Answers "where is my trace?" and operates the dead letters."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from langfuse_app.core.errors import InvalidRequestError, NotFoundError, ServiceUnavailableError
from langfuse_app.core.pagination import Place, cut
from langfuse_app.core.scopes import InstanceScope, ProjectScope
from langfuse_app.core.settings import get_settings
from langfuse_app.core.time import from_us, iso_ms
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.audit import service as audit
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest.repository_redis import DeadLetter
from langfuse_app.features.ingest.service import backlog, ensure_drain
from langfuse_app.features.ledger import repository_clickhouse as repository
from langfuse_app.features.ledger.repository_clickhouse import LoggedRequest
from langfuse_app.features.ledger.schemas import DeadLetterItem, LedgerEntry, Replay
from langfuse_app.stores.raw_log import Ref, raw_log

_reading = Lock()  # the raw log's readers belong to one thread at a time
OUTCOMES = ("stored", "duplicate", "rejected", "deleted")


def where(scope: ProjectScope, id: str, limit: int = 100) -> list[LedgerEntry]:
    """What became of every event that has this id, states this entity or came with this request."""
    rows = repository.rows_about(scope, id, limit)
    return [entry for row in rows for entry in _entries(row) if id in (entry.event_id, entry.entity_id, entry.request_id)]


def where_for_operator(project_id: str, id: str) -> list[LedgerEntry]:
    """The same for someone at the machine, whose access to its data folder is the proof."""
    return where(accounts.operator_scope(project_id), id)


def newest(scope: ProjectScope, outcome: str = "", limit: int = 100) -> list[LedgerEntry]:
    """The newest entries, of one outcome when asked; InvalidRequestError for an unknown one."""
    if outcome and outcome not in OUTCOMES:
        raise InvalidRequestError(f"outcome must be one of {', '.join(OUTCOMES)}")
    rows = repository.newest_rows(scope, outcome, limit)
    return [entry for row in rows for entry in _entries(row) if not outcome or entry.outcome == outcome][:limit]


def _entries(row: dict[str, Any]) -> list[LedgerEntry]:
    shared = {name: row[name] for name in ("request_id", "received_at", "processed_at", "public_key", "sdk_name", "sdk_version", "payload")}
    columns = (row["event_ids"], row["entity_kinds"], row["entity_ids"], row["outcomes"], row["reasons"])
    return [
        LedgerEntry(event_id=event, entity_kind=kind, entity_id=entity, outcome=outcome, reason=reason, **shared)
        for event, kind, entity, outcome, reason in zip(*columns, strict=True)
    ]


def dead_letters(scope: InstanceScope, limit: int = 1000, after: str = "") -> list[DeadLetterItem]:
    """The oldest dead letters of the installation, or the oldest behind the one of that id.

    InvalidRequestError when `after` is no id of a dead letter.
    """
    del scope  # whoever has one may see all of them
    if after and not streams.is_letter_id(after):
        raise InvalidRequestError("after must be the id of a dead letter")
    return [_item(letter) for letter in streams.dead_letters(limit, after)]


def _item(letter: DeadLetter) -> DeadLetterItem:
    died_at = from_us(int(letter.id.partition("-")[0]) * 1000)
    return DeadLetterItem(letter.id, died_at, letter.project_id, letter.shard, str(letter.ref), letter.reason)


def replay(scope: InstanceScope, ids: Sequence[str] = ()) -> int:
    """Queue dead letters again and forget them as dead; all of them when no id is given. Answers how many."""
    letters = _chosen(ids)
    for letter in letters:
        streams.republish(letter.ref, letter.project_id, [letter.shard])
    streams.drop_dead_letters([letter.id for letter in letters])
    _audit(scope, "replay", letters)
    if letters:
        ensure_drain()
    return len(letters)


def dead_letter_ids(scope: InstanceScope, ids: Sequence[str]) -> list[str]:
    """Those of the ids that are dead letters."""
    del scope
    return [letter.id for letter in streams.dead_letters_of(ids)]


def replay_requests(scope: ProjectScope, ids: Sequence[str]) -> Replay:
    """Queue requests again that were processed; invariant 2 has it that the rows become the same.

    What was deleted since is dropped again. ServiceUnavailableError while the backlog is full.
    """
    found = repository.requests(scope, ids)
    known = {request.id for request in found}
    queued, errors = _requeue(scope, found)
    errors += [f"{scope.project_id}/{id}: the ledger knows no such request" for id in ids if id not in known]
    audit.record(scope, "replay", "ingestion", scope.project_id, after={"requestIds": queued})
    return Replay(len(queued), errors)


def replay_period(scope: ProjectScope, start: datetime, end: datetime, after: Place | None, limit: int) -> Replay:
    """The same for what came within a time, oldest first: at most `limit` requests behind `after`."""
    found, last = cut(
        repository.requests_between(scope, after or Place(start, ""), end, limit + 1), limit, lambda one: Place(one.received_at, one.id)
    )
    queued, errors = _requeue(scope, found)
    period = {"fromTimestamp": iso_ms(start), "toTimestamp": iso_ms(end)}
    audit.record(scope, "replay", "ingestion", scope.project_id, after=period | {"requests": len(queued)})
    return Replay(len(queued), errors, last)


def _requeue(scope: ProjectScope, found: Sequence[LoggedRequest]) -> tuple[list[str], list[str]]:
    """The ids of those that are queued again, and what hinders it of the others."""
    if sum(backlog().values()) >= get_settings().LANGFUSE_INGESTION_BACKLOG_LIMIT:
        raise ServiceUnavailableError("Too many events are waiting to be processed: try again later")
    queued, errors = list[str](), list[str]()
    with _reading:
        for request in found:
            if problem := _republish(scope, request):
                errors.append(f"{scope.project_id}/{request.id}: {problem}")
            else:
                queued.append(request.id)
    if queued:
        ensure_drain()
    return queued, errors


def _republish(scope: ProjectScope, request: LoggedRequest) -> str:
    """Queue a request again; the text says why it cannot be."""
    ref = Ref.parse(request.payload)
    try:
        routes = raw_log().header(ref).routes
    except KeyError:
        return "the raw log does not keep it any more"
    except ValueError:
        return "it is damaged in the raw log"
    if not routes:
        return "all of its events were deleted"
    streams.republish(ref, scope.project_id, routes)
    return ""


def drop(scope: InstanceScope, ids: Sequence[str] = ()) -> int:
    """Give dead letters up; all of them when no id is given. Answers how many. The ledger keeps saying `rejected`."""
    letters = _chosen(ids)
    streams.drop_dead_letters([letter.id for letter in letters])
    _audit(scope, "delete", letters)
    return len(letters)


def _chosen(ids: Sequence[str]) -> list[DeadLetter]:
    return streams.dead_letters_of(ids) if ids else streams.dead_letters()


def _audit(scope: InstanceScope, action: str, letters: Sequence[DeadLetter]) -> None:
    """In the audit log of the project that sent them; of one that is gone, in the instance's."""
    by_project: dict[str, list[str]] = defaultdict(list)
    for letter in letters:
        by_project[letter.project_id].append(letter.id)
    for project_id, ids in by_project.items():
        try:
            place = api_keys.project_in(scope, project_id)
        except NotFoundError:
            place = scope
        audit.record_all(place, action, "deadLetter", ids)
