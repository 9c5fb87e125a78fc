"""The sweep queues again what the ledger does not know, and nothing else."""

import time

import pytest

from langfuse_app.core.ids import new_id
from langfuse_app.core.settings import Settings
from langfuse_app.core.time import now_us
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest import service as ingest
from langfuse_app.stores.raw_log import raw_log
from langfuse_app.stores.redis import aredis, redis
from tests import factories
from tests.draining import drain
from tests.running import run
from worker import sweep


def test_requests_that_were_appended_out_of_order_are_known(engines: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests that come at once are stamped in one order and appended in another; the first of a segment may be the youngest."""
    redis().flushdb()
    monkeypatch.setattr(sweep, "GRACE_US", 0)
    scope, log, now = factories.project(), raw_log(), now_us()
    log._abandon_segment()  # type: ignore[union-attr]

    async def accept() -> None:
        for late in (3, 1, 2):
            monkeypatch.setattr(ingest, "now_us", lambda late=late: now + late)
            event = {"id": new_id(), "type": "trace-create", "timestamp": "2026-05-01T10:00:00Z", "body": {"id": f"t{late}"}}
            await ingest.submit(scope, [event])
        await aredis().aclose()

    run(accept())
    drain()
    time.sleep(0.01)
    sweep.compare()
    waiting = streams.read({(lane, shard): 1_000 for lane in streams.LANES for shard in range(streams.SHARDS)})
    assert [entry for entry in waiting if entry.project_id == scope.project_id] == []
    redis().flushdb()
