"""The sweep of segments that move into a bucket: moved when stored, read, erased and expired there, kept here while it is away."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.deletions import service as deletions
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ledger import service as ledger
from langfuse_app.stores.blobs import BlobStoreError, S3Blobs
from langfuse_app.stores.raw_log import BucketRawLog
from langfuse_app.stores.redis import redis
from tests.bucket_log import bucket_log
from tests.draining import drain
from tests.s3 import S3, running_s3
from tests.sweeping import RETENTION, accept, bury_what_waits, entries, letters, outcomes, stored, sweepable, swept, waiting
from worker import ingestion


@pytest.fixture
def moving(s3: S3, scope: ProjectScope, tmp_path: Path) -> Iterator[BucketRawLog]:
    """Segments that move into the bucket."""
    with sweepable(s3, "segments", tmp_path) as found:
        yield found


def age(log: BucketRawLog) -> None:
    """The open segment's last write was an hour ago."""
    log.files._abandon_segment()
    for path in log.files.segments():
        os.utime(path, (time.time() - 3_600, time.time() - 3_600))


def test_a_finished_segment_moves_and_is_replayed_from_the_bucket(moving: BucketRawLog, scope: ProjectScope) -> None:
    accept(scope, ["a"], ["b", "c"])
    queued = entries(scope)
    age(moving)
    swept()
    assert moving.files.segments()  # not everything is in the ledger
    drain()
    swept()
    assert moving.files.moved is not None
    assert (moving.files.segments(), moving.files.sealed()) == ([], [])
    assert list(moving.files.moved.segments()) == [queued[0].ref.segment]
    for entry in queued:
        streams.republish(entry.ref, entry.project_id, [entry.shard])
    drain()
    assert sorted(set(stored(scope))) == ["a", "b", "c"]
    assert outcomes(scope) == ["stored"] * 3
    [told] = ledger.where(scope, "b")
    assert told.payload in {str(entry.ref) for entry in queued}


def test_a_moved_segment_that_expired_ends_among_the_dead_letters(moving: BucketRawLog, scope: ProjectScope) -> None:
    accept(scope, ["t"])
    [entry] = entries(scope)
    drain()
    age(moving)
    swept()
    assert moving.files.moved is not None
    moving.files.moved.expire(time.time() + 60, float("inf"))
    streams.republish(entry.ref, scope.project_id, [entry.shard])
    bury_what_waits()
    assert [letter.ref for letter in letters(scope)] == [entry.ref]


def test_a_bucket_that_is_away_buries_nothing(moving: BucketRawLog, scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(scope, ["t"])
    [entry] = entries(scope)
    drain()
    age(moving)
    swept()
    streams.republish(entry.ref, scope.project_id, [entry.shard])
    with monkeypatch.context() as away:
        away.setattr(S3Blobs, "reader", lambda *_: (_ for _ in ()).throw(BlobStoreError("away")))
        away.setattr(ingestion.Drain, "_pause", lambda *_: time.sleep(0.002))
        worker = ingestion.Drain()
        for _ in range(20):
            worker._step()
        worker._leave()
    assert waiting(scope) == 1
    assert letters(scope) == []
    drain()
    assert waiting(scope) == 0


def test_losing_redis_loses_nothing_of_open_segments_beside_a_bucket(moving: BucketRawLog, scope: ProjectScope) -> None:
    accept(scope, ["a"], ["b"])
    redis().flushdb()
    time.sleep(0.01)
    assert swept() == 2
    drain()
    assert stored(scope) == ["a", "b"]


@pytest.mark.usefixtures("unfreed")
def test_deleted_events_are_taken_out_of_moved_segments(moving: BucketRawLog, scope: ProjectScope) -> None:
    accept(scope, ["gone", "stays"])
    [entry, *_] = entries(scope)
    drain()
    age(moving)
    swept()
    assert not moving.files.sealed()
    assert b"secret of gone" in moving.read(entry.ref).body
    deletions.delete_traces(scope, ["gone"])
    deletions.erase_stores()
    assert deletions.erase_raw_log() >= 1
    frame = moving.read(entry.ref)
    assert b"secret of gone" not in frame.body
    assert b"secret of stays" in frame.body
    assert [path.name for path in moving.files.folder.iterdir()] == []  # nothing is left of the work
    streams.republish(entry.ref, scope.project_id, set(frame.header.routes))
    drain()
    assert set(stored(scope)) == {"stays"}


def test_a_bucket_that_is_away_keeps_segments_here_and_stops_nothing_else(scope: ProjectScope, tmp_path: Path) -> None:
    with running_s3("absent") as gone:
        pass
    folder = {"LANGFUSE_DATA_DIR": str(tmp_path / "data")}
    with bucket_log(gone, "segments", "", **RETENTION, **folder) as log:
        accept(scope, ["a"])
        drain()
        age(log)
        swept()
        [path] = log.files.sealed()
        accept(scope, ["b"])
        redis().flushdb()
        time.sleep(0.01)
        assert swept() == 1
        drain()
        assert stored(scope) == ["a", "b"]
        assert path.exists()
    with running_s3("absent") as back, bucket_log(back, "segments", "", **RETENTION, **folder) as log:
        swept()
        assert log.files.moved is not None
        assert (path.exists(), list(log.files.moved.segments())) == (False, [path.name.removesuffix(".log.zst")])
    redis().flushdb()


def test_moved_segments_and_what_was_left_behind_expire(moving: BucketRawLog, scope: ProjectScope) -> None:
    accept(scope, ["a"])
    drain()
    age(moving)
    swept()
    assert moving.files.moved is not None
    [segment] = moving.files.moved.segments()
    old = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(time.time() - 5 * 3_600))}-aaaaaaaa"
    begun = moving.files.folder / f"{old}.log.zst.part"
    for path in (moving.files.folder / f"{old}.log.zst", begun):
        path.write_bytes(b"")
    moving.files.moved.take(moving.files.folder / f"{old}.log.zst")
    os.utime(begun, (0, 0))
    swept()
    assert list(moving.files.moved.segments()) == [segment]
    assert not begun.exists()
