"""Events of POST /ingestion for tests, and the short way from them to rows."""

import json
from typing import Any

from langfuse_app.ingestion.changes import Change, Request
from langfuse_app.ingestion.json_events import BatchAcceptance, accept_batch, decode_batch
from langfuse_app.ingestion.merge import merge_observation, merge_score, merge_trace
from langfuse_app.ingestion.rows import ObservationRow, ScoreRow, TraceRow

RECEIVED = 1_767_268_800_000_000  # 2026-01-01T12:00:00Z
NOON = "2026-01-01T12:00:00Z"
MERGES = {"trace": merge_trace, "observation": merge_observation, "score": merge_score}
Key = tuple[str, str, str]
Row = TraceRow | ObservationRow | ScoreRow


def at(seconds: float) -> str:
    """A timestamp `seconds` after 10:00."""
    minutes, rest = divmod(seconds, 60)
    return f"2026-01-01T10:{int(minutes):02d}:{rest:09.6f}Z"


def us(seconds: float) -> int:
    return RECEIVED - 7_200_000_000 + round(seconds * 1_000_000)


def request(**changed: Any) -> Request:
    return Request(**({"request_id": "request-1", "project_id": "p", "received_at": RECEIVED, "content": "json"} | changed))


def event(type: str, body: Any, *, id: str = "event-1", timestamp: str = NOON, **more: Any) -> dict[str, Any]:
    return {"id": id, "type": type, "timestamp": timestamp, "body": body, **more}


def batch(*events: Any) -> bytes:
    return json.dumps({"batch": list(events), "metadata": {"sdk_name": "python"}}).encode()


def accept(*events: Any, scores_only: bool = False) -> BatchAcceptance:
    return accept_batch(batch(*events), "request-1", "p", scores_only)


def refused(*events: Any) -> str:
    """The only error text of the answer."""
    [error] = accept(*events).errors
    assert (error["status"], error["message"]) == (400, "Invalid request data")
    return error["error"]


def changes(*events: Any, **about: Any) -> list[Change]:
    return [change for change in decode_batch(batch(*events), None, request(**about)) if isinstance(change, Change)]


def merge_into(rows: dict[Key, Row], found: list[Change]) -> dict[Key, Row]:
    """Merge the changes of one batch into the rows, as the worker does."""
    groups: dict[Key, list[Change]] = {}
    for change in found:
        trace_id = change.trace_id if change.kind == "observation" else ""
        groups.setdefault((change.kind, trace_id, change.id), []).append(change)
    for key, group in groups.items():
        row = MERGES[key[0]](rows.get(key), group)  # type: ignore[arg-type]
        if row is not None:
            rows[key] = row
    return rows


def rows(*events: Any, **about: Any) -> dict[str, Any]:
    """Entity id → row after one batch; a trace and an observation of the same id are not for this helper."""
    return {key[2]: row for key, row in merge_into({}, changes(*events, **about)).items()}
