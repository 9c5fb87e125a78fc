"""Answers "where is my trace?" and operates the dead letters."""

from typing import Any

from langfuse_app.core.errors import InvalidRequestError
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest.service import ensure_drain
from langfuse_app.features.ledger import repository_clickhouse as repository
from langfuse_app.features.ledger.schemas import DeadLetterItem, LedgerEntry

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


def dead_letters(limit: int = 1000) -> list[DeadLetterItem]:
    """The oldest dead letters of the installation; for operators."""
    return [DeadLetterItem(d.id, d.project_id, d.shard, str(d.ref), d.reason) for d in streams.dead_letters(limit)]


def replay(ids: list[str]) -> int:
    """Queue dead letters again and forget them as dead; all of them when no id is given. Answers how many."""
    letters = [letter for letter in streams.dead_letters() if not ids or letter.id in ids]
    for letter in letters:
        streams.republish(letter.ref, letter.project_id, [letter.shard])
    streams.drop_dead_letters([letter.id for letter in letters])
    if letters:
        ensure_drain()
    return len(letters)


def drop(ids: list[str]) -> int:
    """Give dead letters up; all of them when no id is given. Answers how many were there."""
    return streams.drop_dead_letters(ids or [letter.id for letter in streams.dead_letters()])
