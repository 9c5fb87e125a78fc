"""GET /health/queues and GET /metrics: counts only, no tenant's data, so they need no key."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from langfuse_app.api.documented import open_answers
from langfuse_app.features.queues import service
from langfuse_app.features.queues.schemas import QueueHealthOut

router = APIRouter(tags=["operations"])


class _QueueCollector(Collector):
    """Asks Redis when Prometheus asks."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        state = service.overview()
        jobs = GaugeMetricFamily("langfuse_queue_jobs", "Jobs of a queue by state", labels=["queue", "state"])
        for queue in state["queues"]:
            for name in ("queued", "started", "failed", "scheduled"):
                jobs.add_metric([queue["name"], name], queue[name])
        yield jobs
        waiting = GaugeMetricFamily("langfuse_ingestion_backlog_entries", "Stream entries that wait for a drain", labels=["lane"])
        for lane, count in state["ingestion"]["backlog"].items():
            waiting.add_metric([lane], count)
        yield waiting
        yield GaugeMetricFamily("langfuse_ingestion_drains", "Drains that run", value=state["ingestion"]["drains"])
        yield GaugeMetricFamily("langfuse_ingestion_dead_letters", "Entries that failed for good", value=state["ingestion"]["deadLetters"])
        yield GaugeMetricFamily("langfuse_workers", "Worker processes that are registered", value=state["workers"])


_registry = CollectorRegistry()
_registry.register(_QueueCollector())
ProcessCollector(registry=_registry)


@router.get("/health/queues", responses=open_answers(QueueHealthOut))
def queue_health() -> dict[str, Any]:
    """Queues, ingestion backlog, drains, workers and dead letters."""
    return service.overview()


@router.get("/metrics", include_in_schema=False)
def metrics() -> Response:
    """The same for Prometheus, and this process's CPU, memory and file descriptors."""
    return Response(generate_latest(_registry), media_type=CONTENT_TYPE_LATEST)
