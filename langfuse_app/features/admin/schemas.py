"""Shapes of the operator's tools (spec/api.md §12)."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from langfuse_app.core.shapes import WHOLE, Body, BodyTime, Shape, StrictBody, WireTime, examples

MOST = 1000  # things that one request may name, or set going

_Id = Annotated[str, Field(min_length=1, max_length=500)]
_Ids = Annotated[list[_Id], Field(min_length=1, max_length=MOST)]
JobState = Literal["completed", "failed", "active", "delayed", "prioritized", "paused", "wait"]


class ApiKeysAction(Body):
    """Body of POST /api/admin/api-keys: revoke the keys of whole projects, or have every process look them up again."""

    model_config = examples({"action": "invalidate", "projectIds": ["7a88fb47-b4e2-43b8-a06c-a5ce950dc53a"]})

    action: Literal["delete", "invalidate"]
    project_ids: _Ids


class RetryJobs(Body):
    """Jobs that failed are queued again."""

    model_config = examples({"action": "retry", "queueNames": ["trace-delete"]})

    action: Literal["retry"]
    queue_names: _Ids


class RemoveJobs(Body):
    """Jobs of one state are taken away."""

    model_config = examples({"action": "remove", "queueNames": ["ingestion-dead-letters"], "bullStatus": "failed"})

    action: Literal["remove"]
    queue_names: _Ids
    bull_status: JobState


class AddRequests(Body):
    """Stored requests are queued again; keys as those of a replay."""

    model_config = examples({"action": "add", "queueName": "ingestion-bulk", "keys": ["<project id>/<request id>"]})

    action: Literal["add"]
    queue_name: Literal["ingestion-bulk"]
    keys: _Ids


QueueAction = Annotated[RetryJobs | RemoveJobs | AddRequests, Discriminator("action")]
"""Body of POST /api/admin/bullmq."""


class ReplayOfKeys(StrictBody):
    """Stored requests by project id and request id, with a slash between them."""

    model_config = examples({"keys": ["<project id>/<request id>"]})

    keys: _Ids


class ReplayOfPeriod(StrictBody):
    """What a project sent within a time, oldest first; `cursor` goes on where an earlier answer has ended."""

    model_config = examples({"projectId": "p", "fromTimestamp": "2026-05-01T10:00:00Z", "toTimestamp": "2026-05-01T11:00:00Z"})

    project_id: _Id
    from_timestamp: BodyTime
    to_timestamp: BodyTime
    limit: Annotated[int, Field(ge=1, le=MOST), WHOLE] = MOST
    cursor: _Id | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "ReplayOfPeriod":
        if self.from_timestamp >= self.to_timestamp:
            raise ValueError("fromTimestamp must be before toTimestamp")
        return self


class ReplayOfDeadLetters(StrictBody):
    """Entries that failed for good, by their ids."""

    model_config = examples({"deadLetters": ["1777629600000-0"]})

    dead_letters: _Ids


def _kind(body: Any) -> str:
    """Which of the three it is; what is neither of the others is told that it has no keys."""
    told = {"projectId": "period", "deadLetters": "letters"}
    return next((kind for name, kind in told.items() if isinstance(body, dict) and name in body), "named")


ReplayRequest = Annotated[
    Annotated[ReplayOfKeys, Tag("named")] | Annotated[ReplayOfPeriod, Tag("period")] | Annotated[ReplayOfDeadLetters, Tag("letters")],
    Discriminator(_kind),
]
"""Body of POST /api/admin/ingestion-replay."""


class QueueCountsOut(Shape):
    """A queue and how many jobs it has in which state."""

    queue_name: str
    job_count: dict[str, int]


class QueueActionOut(Shape):
    """What was done, and to how many."""

    message: str
    count: int


class ReplayOut(Shape):
    """How many requests or dead letters are queued again, how many are not, and why; `cursor` where a period has more."""

    queued: int
    skipped: int
    errors: list[str]
    cursor: str | None = None


class DeadLetterOut(Shape):
    """An entry that failed in every attempt; `payload` says where its request lies in the raw log."""

    id: str
    died_at: WireTime
    project_id: str
    shard: int
    payload: str
    reason: str


class DeadLettersOut(Shape):
    """Dead letters, oldest first."""

    data: list[DeadLetterOut]
