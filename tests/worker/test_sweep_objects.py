"""The sweep of a raw log whose requests are objects: losing Redis loses nothing, finished hours rest, what is old goes."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import now_us
from langfuse_app.features.deletions import service as deletions
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.stores.blobs import S3Blobs
from langfuse_app.stores.locks import exclusive
from langfuse_app.stores.raw_log import BucketRawLog, objects
from langfuse_app.stores.raw_log.objects import hour_of
from langfuse_app.stores.redis import redis
from tests import factories
from tests.draining import drain
from tests.s3 import S3
from tests.sweeping import HOUR_US, accept, bury_what_waits, letters, outcomes, stored, sweepable, swept, this_second_is_over, waiting
from worker import sweep, sweep_objects


@pytest.fixture
def log(s3: S3, scope: ProjectScope, tmp_path: Path) -> Iterator[BucketRawLog]:
    """One object per request."""
    with sweepable(s3, "objects", tmp_path) as found:
        yield found


class Asked:
    """Which listings were asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folders: list[str] = []
        page = S3Blobs.page

        def told(bucket: S3Blobs, folder: str, after: str = "", limit: int = 1_000) -> Any:
            self.folders.append(folder)
            return page(bucket, folder, after, limit)

        monkeypatch.setattr(S3Blobs, "page", told)

    def hours(self) -> list[str]:
        """Of those that began below an hour since the last question."""
        found = [folder.removeprefix("rawlog/").removesuffix("/") for folder in self.folders if folder.startswith("rawlog/2")]
        self.folders.clear()
        return found


def test_losing_redis_loses_nothing_and_stores_everything_once(log: BucketRawLog, scope: ProjectScope) -> None:
    names = [f"t{n:02}" for n in range(40)]
    accept(scope, *[names[n : n + 5] for n in range(0, 40, 5)])
    redis().flushdb()
    this_second_is_over()
    assert swept() == 8
    assert swept() == 0  # they wait now
    drain()
    assert stored(scope) == names
    assert outcomes(scope) == ["stored"] * 40
    assert swept() == 0
    assert waiting(scope) == 0


def test_a_request_that_is_known_in_part_is_queued_for_the_rest(log: BucketRawLog, scope: ProjectScope) -> None:
    names = [f"t{n:02}" for n in range(20)]
    accept(scope, names)
    shards = {streams.shard_of(scope.project_id, name) for name in names}
    gone = min(shards)
    redis().delete(streams.stream("live", gone))
    drain()
    missing = [name for name in names if streams.shard_of(scope.project_id, name) == gone]
    assert sorted(stored(scope) + missing) == names
    this_second_is_over()
    assert swept() == 1
    assert waiting(scope) == 1
    drain()
    assert stored(scope) == names


def test_what_waits_is_not_queued_again_and_keeps_its_hour_open(log: BucketRawLog, scope: ProjectScope) -> None:
    accept(scope, ["t"], hours_ago=2)
    hour = hour_of(time.time() - 7_200)
    assert swept() == 0
    assert waiting(scope) == 1
    assert hour not in log.objects.finished()
    drain()
    assert swept() == 0
    assert hour in log.objects.finished()


def test_a_young_request_is_on_its_way(log: BucketRawLog, scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "GRACE_US", 60_000_000)
    accept(scope, ["t"])
    redis().flushdb()
    assert swept() == 0


def test_one_process_sweeps_at_a_time(log: BucketRawLog, scope: ProjectScope) -> None:
    accept(scope, ["t"])
    redis().flushdb()
    this_second_is_over()
    with exclusive("sweep", hold_s=10):
        assert swept() == 0
    assert swept() == 1
    assert sweep.compare() == 0  # the next round is not due


def test_finished_hours_are_not_listed_again(log: BucketRawLog, scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(scope, ["old"], hours_ago=3)
    accept(scope, ["new"])
    drain()
    asked, now = Asked(monkeypatch), hour_of(time.time())
    swept()
    assert len(asked.hours()) >= 4
    redis().flushdb()  # what is finished is known in the bucket
    swept()
    assert set(asked.hours()) <= {now, hour_of(time.time() - 3_600 - sweep_objects.LATE_S), hour_of(time.time() - sweep_objects.LATE_S)}
    assert now not in log.objects.finished()


def half_past() -> float:
    """How many hours ago it was half past one of the last two hours: a little before or after that is the same hour."""
    return time.time() % 3_600 / 3_600 + 1.5


def test_within_an_hour_only_the_end_is_listed_again(log: BucketRawLog, scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(scope, ["a"], ["b"], hours_ago=half_past())
    drain()
    accept(scope, ["c"], hours_ago=half_past() - 0.1)
    swept()
    after: list[str] = []
    page = log.objects.page
    monkeypatch.setattr(log.objects, "page", lambda hour, name: after.append(name) or page(hour, name))
    swept()
    assert [request.ref.segment for request in log.objects.requests()][1] in after  # the one behind it waits


def test_a_name_that_comes_late_is_found(log: BucketRawLog, scope: ProjectScope) -> None:
    """A PUT takes its time, clocks differ: what is known of the last two minutes is not all of them."""
    accept(scope, ["early"])
    drain()
    this_second_is_over()
    swept()
    accept(scope, ["late"], hours_ago=30 / 3_600)
    redis().delete(*(streams.stream(lane, streams.shard_of(scope.project_id, "late")) for lane in streams.LANES))
    assert swept() == 1


def test_rounds_without_time_get_through_all(log: BucketRawLog, scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little a round does, the next one goes on behind it."""
    names = [f"t{n}" for n in range(9)]
    accept(scope, *[[name] for name in names], hours_ago=2)
    redis().flushdb()
    monkeypatch.setattr(objects, "PAGE", 2)
    monkeypatch.setattr(sweep, "PART_S", 0.0)
    hour = hour_of(time.time() - 7_200)
    queued = 0
    for _ in range(20):
        queued += swept()
        drain()
        if hour in log.objects.finished():
            break
    assert stored(scope) == names
    assert queued == 9
    assert hour in log.objects.finished()


def test_a_round_that_ran_out_of_time_is_gone_on_with(log: BucketRawLog, scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first page of the hour waits for its turn; what was lost behind it is found all the same."""
    names = [f"t{n}" for n in range(60)]
    first = streams.shard_of(scope.project_id, names[0])
    lost = next(name for name in names if streams.shard_of(scope.project_id, name) != first)
    accept(scope, *[[names[0]]] * 4, hours_ago=half_past())
    accept(scope, [lost], hours_ago=half_past() - 0.1)
    redis().delete(*(streams.stream(lane, streams.shard_of(scope.project_id, lost)) for lane in streams.LANES))
    monkeypatch.setattr(objects, "PAGE", 2)
    monkeypatch.setattr(sweep, "PART_S", 0.0)
    assert [swept() for _ in range(3)] == [0, 0, 1]
    drain()
    assert set(stored(scope)) == {names[0], lost}


def test_what_nobody_can_read_holds_up_nothing(log: BucketRawLog, scope: ProjectScope) -> None:
    accept(scope, ["t"], hours_ago=2)
    [request] = list(log.objects.requests())
    log.objects.replace(request.ref, b"no frame at all")
    redis().flushdb()
    assert swept() == 0
    assert hour_of(time.time() - 7_200) in log.objects.finished()


def test_keys_of_others_are_left_alone(log: BucketRawLog, scope: ProjectScope) -> None:
    """Consoles put a key for the folder itself, people put notes."""
    names = ["rawlog/", "rawlog/.keep", "rawlog/2020/01/01/05"]
    for name in names:
        log.objects._bucket.put(name, b"")
    accept(scope, ["t"], hours_ago=2)
    drain()
    swept()
    assert [listed.name for listed in log.objects._bucket.page("rawlog/")[0]][:3] == names


def test_old_hours_expire_and_unfinished_ones_later(log: BucketRawLog, scope: ProjectScope) -> None:
    accept(scope, ["finished"], hours_ago=6)
    log.objects.finish(hour_of(time.time() - 6 * 3_600))
    accept(scope, ["unfinished"], hours_ago=7)
    accept(scope, ["overdue"], hours_ago=4 + 24 + 2)
    accept(scope, ["kept"], hours_ago=2)
    swept()  # the three wait, queued a moment ago
    assert {request.received_at // HOUR_US for request in log.objects.requests()} == {
        (now_us() - hours * HOUR_US) // HOUR_US for hours in (7, 2)
    }
    assert hour_of(time.time() - 6 * 3_600) not in log.objects.finished()


def test_what_still_waits_does_not_expire(log: BucketRawLog, scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store was away for days: entries wait since then."""
    accept(scope, ["patient"], hours_ago=40)
    monkeypatch.setattr(streams, "oldest_waiting", lambda: time.time() - 40 * 3_600)
    swept()
    assert len(list(log.objects.requests())) == 1
    monkeypatch.undo()
    assert abs((streams.oldest_waiting() or 0) - time.time()) < 10
    drain()
    assert (stored(scope), streams.oldest_waiting()) == (["patient"], None)
    swept()
    assert list(log.objects.requests()) == []


@pytest.mark.usefixtures("unfreed")
def test_deleted_events_are_taken_out_of_objects(log: BucketRawLog, scope: ProjectScope) -> None:
    other = factories.project()
    accept(scope, ["gone", "stays"], ["gone"], hours_ago=0.01)
    accept(other, ["gone"])
    drain()
    deletions.delete_traces(scope, ["gone"])
    deletions.erase_stores()
    assert deletions.erase_raw_log() >= 1
    mine = [log.read(request.ref) for request in log.objects.requests() if request.project_id == scope.project_id]
    assert all(b"secret of gone" not in frame.body for frame in mine)
    assert sum(b"secret of stays" in frame.body for frame in mine) == 1
    [foreign] = [log.read(request.ref) for request in log.objects.requests() if request.project_id == other.project_id]
    assert b"secret of gone" in foreign.body
    assert all(deletion.complete for deletion in deletions.list_deletions(scope, 1, 10).items)


@pytest.mark.usefixtures("unfreed")
def test_what_a_deleted_project_left_is_not_queued_again(log: BucketRawLog, scope: ProjectScope) -> None:
    accept(scope, ["a", "b"], hours_ago=2)
    drain()
    deletions.delete_project(scope)
    deletions.erase_stores()  # the ledger's rows go too
    deletions.erase_raw_log()
    [request] = list(log.objects.requests())
    assert log.read(request.ref).body == b""
    assert swept() == 0
    assert hour_of(time.time() - 7_200) in log.objects.finished()


def test_an_object_that_is_gone_is_rejected_and_can_be_given_up(log: BucketRawLog, scope: ProjectScope) -> None:
    accept(scope, ["t"])
    [request] = list(log.objects.requests())
    log.objects.drop(hour_of(request.received_at / 1e6), float("inf"))
    bury_what_waits()
    [letter] = letters(scope)
    assert (letter.ref, "KeyError" in letter.reason) == (request.ref, True)
    assert outcomes(scope) == ["rejected"]
    assert swept() == 0
