"""The end of an entry that failed in every attempt: its line in the ledger, then its place among the dead letters."""

from collections.abc import Sequence

from langfuse_app.core.time import now_us
from langfuse_app.features.ingest import repository_clickhouse as columnar
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest.repository_redis import Entry
from langfuse_app.ingestion.changes import Change, Rejected
from langfuse_app.ingestion.rows import LedgerRow
from langfuse_app.stores.raw_log import FrameHeader, raw_log

REASON_CHARACTERS = 500
LAST_CHOICE = 0  # of `first_wins`: what a replay makes of the events replaces this row, and never the other way


def bury(entry: Entry, reason: str, results: Sequence[Change | Rejected]) -> None:
    """Invariant 1: the events are `rejected` with the reason. ServiceUnavailableError leaves the entry where it is.

    The row also tells the sweep that the request was dealt with. `results` is empty where the frame could not be read.
    """
    columnar.insert_rows([_row(entry, reason, results)])
    streams.bury(entry, reason)


def _row(entry: Entry, reason: str, results: Sequence[Change | Rejected]) -> LedgerRow:
    header, now = _header(entry), now_us()
    row = LedgerRow(
        project_id=entry.project_id,
        request_id=header.request_id,
        shard=entry.shard,
        received_at=header.received_at,
        processed_at=now,
        first_wins=LAST_CHOICE,
        public_key=header.public_key,
        sdk_name=header.sdk_name,
        sdk_version=header.sdk_version,
        payload=str(entry.ref),
    )
    events = {result.index: result for result in reversed(results)}  # the first result names the event
    indexes = sorted(events) or header.routes.get(entry.shard, [0])
    known = [events.get(index) for index in indexes]
    row.event_ids = [result.event_id if result else "" for result in known]
    row.entity_kinds = [result.kind if result else "" for result in known]
    row.entity_ids = [_entity(result) for result in known]
    row.outcomes = ["rejected"] * len(known)
    row.reasons = [_printable(reason)] * len(known)
    return row


def _header(entry: Entry) -> FrameHeader:
    """What is known of the request; of a frame whose header is gone only its place."""
    try:
        return raw_log().header(entry.ref)
    except (ValueError, KeyError):
        return FrameHeader(str(entry.ref), entry.project_id, now_us(), "", "", {})


def _entity(result: Change | Rejected | None) -> str:
    return "" if result is None else result.id if isinstance(result, Change) else result.entity_id


def _printable(reason: str) -> str:
    return reason[:REASON_CHARACTERS].encode("utf-8", "replace").decode()
