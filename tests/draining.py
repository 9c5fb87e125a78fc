"""Storing what was accepted, in this process."""

from langfuse_app.features.ingest import repository_redis as streams
from worker.ingestion import Drain


def drain() -> None:
    """Until nothing waits; with a drain of its own, which remembers nothing of earlier ones."""
    worker = Drain()
    while any(streams.lengths().values()):
        worker._hold()
        worker._tick()
    worker._leave()
