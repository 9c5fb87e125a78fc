"""What tests of the sweep do: requests of any age, a round at once, and what came of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import now_us
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest import service as ingest
from langfuse_app.features.ledger import service as ledger
from langfuse_app.stores import clickhouse
from langfuse_app.stores.raw_log import BucketRawLog
from langfuse_app.stores.redis import aredis, redis
from tests.bucket_log import bucket_log
from tests.running import run
from tests.s3 import S3
from worker import ingestion, sweep

HOUR_US = 3_600_000_000
RETENTION = {"LANGFUSE_RAW_LOG_RETENTION_HOURS": "4"}


@contextmanager
def sweepable(s3: S3, form: str, folder: Path) -> Iterator[BucketRawLog]:
    """A raw log with a bucket, with objects and files of its own: what other tests lost would be found too."""
    with bucket_log(s3, form, f"{folder.name}/", LANGFUSE_DATA_DIR=str(folder / "data"), **RETENTION) as found:
        yield found
    redis().flushdb()


def accept(scope: ProjectScope, *requests: list[str], hours_ago: float = 0) -> None:
    """A request for each list, with a trace for each name."""
    stamp = {"timestamp": "2026-05-01T10:00:00Z", "type": "trace-create"}

    async def submit() -> None:
        for names in requests:
            await ingest.submit(scope, [stamp | {"id": new_id(), "body": {"id": name, "input": f"secret of {name}"}} for name in names])
        await aredis().aclose()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest, "now_us", lambda: now_us() - int(hours_ago * HOUR_US))
        run(submit())


def swept() -> int:
    redis().delete(streams.key("sweep"))
    time.sleep(0.01)
    return sweep.compare()


def this_second_is_over() -> None:
    """Names are cut to the second, and a request counts as ripe once its second is over."""
    time.sleep(1.05 - time.time() % 1)


def stored(scope: ProjectScope) -> list[str]:
    """Ids of the project's traces, every version of a row counted."""
    rows = clickhouse.query("SELECT id FROM traces WHERE project_id = {p:String} ORDER BY id", {"p": scope.project_id})
    return [row["id"] for row in rows]


def outcomes(scope: ProjectScope) -> list[str]:
    return sorted(entry.outcome for entry in ledger.newest(scope, limit=1_000))


def entries(scope: ProjectScope) -> list[streams.Entry]:
    """What waits of the project."""
    found = streams.read({(lane, shard): 1_000 for lane in streams.LANES for shard in range(streams.SHARDS)})
    return [entry for entry in found if entry.project_id == scope.project_id]


def waiting(scope: ProjectScope) -> int:
    return len(entries(scope))


def letters(scope: ProjectScope) -> list[streams.DeadLetter]:
    return [letter for letter in streams.dead_letters() if letter.project_id == scope.project_id]


def bury_what_waits() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingestion, "RETRY_S", 0.001)
        worker, until = ingestion.Drain(), time.monotonic() + 20
        while any(streams.lengths().values()) and time.monotonic() < until:
            worker._step()
        worker._leave()
