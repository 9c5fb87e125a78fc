"""Shapes of the state of background work."""

from langfuse_app.core.shapes import Shape


class QueueOut(Shape):
    """A queue: its lane of workers, how often a job is tried again, and its jobs by state."""

    name: str
    lane: str
    retries: int
    queued: int
    started: int
    failed: int
    scheduled: int


class IngestionOut(Shape):
    """Entries that wait per lane, running drains, and entries that failed for good."""

    backlog: dict[str, int]
    drains: int
    dead_letters: int


class QueueHealthOut(Shape):
    """Background work of this instance."""

    queues: list[QueueOut]
    ingestion: IngestionOut
    workers: int
