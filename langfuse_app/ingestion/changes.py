"""What one event says about one entity, in the store's own terms: the currency between decoding and merging."""

from typing import Any, Literal, NamedTuple

import msgspec

Kind = Literal["trace", "observation", "score"]


class Clock(NamedTuple):
    """Orders what events say about a field; compared as a tuple, so any order of arrival converges.

    rank: 0 for a value derived from something else (a trace known only by its spans), 1 for a stated one.
    ts: microseconds, the envelope's timestamp (JSON) or the span's end (OTLP).
    update: 0 for a create, 1 for an update (spec/api.md §7: create before update at equal time).
    event: event id or span id, the last tie-breaker.
    """

    rank: int
    ts: int
    update: int
    event: str


class Request(msgspec.Struct, frozen=True):
    """The request that carried an event: what the raw log's frame header says about it."""

    request_id: str
    project_id: str
    received_at: int  # microseconds
    content: Literal["json", "otlp-protobuf", "otlp-json"]
    public_key: str = ""
    sdk_name: str = ""
    sdk_version: str = ""
    ingestion_version: str = ""
    scores_only: bool = False


class Change(msgspec.Struct, gc=False):
    """Column values that one event states for one entity.

    fields: column → value, the highest clock wins. first: column → value, the lowest clock wins (immutable fields).
    metadata: leaf path → JSON text of the leaf, each with the change's clock. tags: joined over all changes.
    whole: the entity is replaced as it is by the last received (OTLP spans); `fields` then holds the full row.
    """

    kind: Kind
    id: str
    trace_id: str
    clock: Clock
    event_id: str
    index: int  # position in the request
    request: Request
    fields: dict[str, Any]
    first: dict[str, Any]
    metadata: dict[str, str]
    tags: list[str]
    whole: bool = False
    event_bytes: int = 0
    notes: list[str] = msgspec.field(default_factory=list)  # for the ledger: "clamped start_time 2199-…"


class Rejected(msgspec.Struct):
    """An event that was acknowledged and cannot be stored, with the reason for its ledger row."""

    index: int
    event_id: str
    kind: str
    entity_id: str
    reason: str
