"""Shapes of the ledger on the wire and for pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from langfuse_app.core.pagination import Place
from langfuse_app.core.shapes import Shape, WireTime
from langfuse_app.core.time import iso_ms


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One event's outcome: stored, duplicate, rejected or deleted, or waiting while no worker has come to it."""

    event_id: str
    entity_kind: str
    entity_id: str
    outcome: str
    reason: str
    request_id: str
    received_at: datetime
    processed_at: datetime | None
    public_key: str
    sdk_name: str
    sdk_version: str
    payload: str

    def wire(self) -> dict[str, Any]:
        """The JSON object of GET /api/public/ingestion-log."""
        return {
            "eventId": self.event_id,
            "entityKind": self.entity_kind,
            "entityId": self.entity_id,
            "outcome": self.outcome,
            "reason": self.reason or None,
            "requestId": self.request_id,
            "receivedAt": iso_ms(self.received_at),
            "processedAt": iso_ms(self.processed_at) if self.processed_at else None,
            "publicKey": self.public_key or None,
            "sdkName": self.sdk_name or None,
            "sdkVersion": self.sdk_version or None,
            "payload": self.payload,
        }


@dataclass(frozen=True, slots=True)
class DeadLetterItem:
    """An entry that failed in every attempt; its payload is kept in the raw log for as long as that is kept."""

    id: str
    died_at: datetime
    project_id: str
    shard: int
    payload: str
    reason: str


@dataclass(frozen=True, slots=True)
class Replay:
    """How many requests are queued again, and of the others what hinders it; `last`: the last one seen, where there are more."""

    queued: int
    errors: list[str]
    last: Place | None = None


class LedgerEntryOut(Shape):
    """One event's outcome."""

    event_id: str
    entity_kind: str
    entity_id: str
    outcome: str
    reason: str | None
    request_id: str
    received_at: WireTime
    processed_at: WireTime | None
    public_key: str | None
    sdk_name: str | None
    sdk_version: str | None
    payload: str


class LedgerOut(Shape):
    """Entries, newest first."""

    data: list[LedgerEntryOut]
