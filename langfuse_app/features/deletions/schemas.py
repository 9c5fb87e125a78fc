"""Shapes of deletions: the request body of many traces, and the receipt."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from langfuse_app.core.shapes import PageMeta, Shape, StrictBody, WireTime

TraceId = Annotated[str, Field(min_length=1, max_length=800)]


class DeleteTraces(StrictBody):
    """Body of `DELETE /traces`; nothing else may stand beside the ids."""

    trace_ids: list[TraceId] = Field(min_length=1, max_length=1000)


class StoreReceipt(Shape):
    """One store: since when it has nothing left (null: not yet), and how much it had."""

    erased_at: WireTime | None
    count: int


class DeletionOut(Shape):
    """A receipt. Counts are rows; of media, files; of the raw log, events."""

    id: str
    kind: str
    object_ids: list[str]
    requested_at: WireTime
    hidden_at: WireTime | None
    analytics: StoreReceipt
    relational: StoreReceipt
    media: StoreReceipt
    raw_log: StoreReceipt
    complete: bool


class DeletionsOut(Shape):
    """A page of receipts, newest first."""

    data: list[DeletionOut]
    meta: PageMeta


@dataclass(frozen=True, slots=True)
class Erased:
    """Since when a store has nothing left of a deletion, and how much it had."""

    erased_at: datetime | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class DeletionItem:
    """A deletion. `requested_at` bounds it: what was accepted later stays."""

    id: str
    project_id: str
    org_id: str
    kind: str
    object_ids: tuple[str, ...]
    requested_at: datetime
    hidden_at: datetime | None
    analytics: Erased
    relational: Erased
    media: Erased
    raw_log: Erased

    @property
    def complete(self) -> bool:
        """Whether no store has anything left."""
        return all(store.erased_at for store in (self.analytics, self.relational, self.media, self.raw_log))
