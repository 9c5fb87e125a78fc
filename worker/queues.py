"""The register of queues: one line per queue. `langfuse-app worker --queues`, /metrics and /health/queues read it."""

from dataclasses import dataclass

from langfuse_app.core.settings import Settings


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue: its name on the wire (spec/backend.md §9), its lane of workers, its tasks, its retries, its switch."""

    name: str
    lane: str  # workers of one lane never wait for another lane's jobs
    tasks: tuple[str, ...]  # dotted names that may be enqueued here
    retries: int
    timeout_s: int  # -1: the task bounds itself
    setting: str


QUEUES = (
    QueueSpec("ingestion-queue", "ingestion", ("worker.ingestion.drain",), 0, -1, "QUEUE_CONSUMER_INGESTION_QUEUE_IS_ENABLED"),
    QueueSpec(
        "trace-delete",
        "default",
        ("worker.deletions.erase", "worker.deletions.erase_raw_log"),
        2,
        600,
        "QUEUE_CONSUMER_TRACE_DELETE_QUEUE_IS_ENABLED",
    ),
    QueueSpec("data-retention-queue", "default", ("worker.deletions.retain",), 5, 600, "QUEUE_CONSUMER_DATA_RETENTION_QUEUE_IS_ENABLED"),
    QueueSpec("project-delete", "default", ("worker.deletions.delete_project",), 10, 600, "QUEUE_CONSUMER_PROJECT_DELETE_QUEUE_IS_ENABLED"),
    QueueSpec(
        "blobstorage-integration-queue",
        "default",
        ("worker.blob_exports.export",),
        0,  # the next look tries again, and the integration tells why
        3600,
        "QUEUE_CONSUMER_BLOB_STORAGE_INTEGRATION_QUEUE_IS_ENABLED",
    ),
    QueueSpec("trace-upsert", "default", (), 2, 60, "QUEUE_CONSUMER_TRACE_UPSERT_QUEUE_IS_ENABLED"),
    QueueSpec("evaluation-execution-queue", "default", (), 10, 300, "QUEUE_CONSUMER_EVAL_EXECUTION_QUEUE_IS_ENABLED"),
)


def describe() -> dict[str, dict[str, object]]:
    """Name → lane and retries, as workers announce them to the web process."""
    return {queue.name: {"lane": queue.lane, "retries": queue.retries} for queue in QUEUES}


def enabled(settings: Settings) -> list[QueueSpec]:
    """The queues that this process may consume."""
    return [queue for queue in QUEUES if getattr(settings, queue.setting)]


def named(names: list[str], settings: Settings) -> list[QueueSpec]:
    """Queues by name or lane, `all` for every one; ValueError names what is unknown."""
    known = {queue.name for queue in QUEUES} | {queue.lane for queue in QUEUES} | {"all"}
    unknown = sorted(set(names) - known)
    if unknown:
        raise ValueError(f"unknown queue {', '.join(unknown)}: choose from {', '.join(sorted(known))}")
    wanted = set(names)
    return [queue for queue in enabled(settings) if "all" in wanted or {queue.name, queue.lane} & wanted]
