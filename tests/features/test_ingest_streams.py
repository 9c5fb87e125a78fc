"""The streams: references in, one owner per shard, nothing deleted by someone who lost his lease."""

from collections.abc import Iterator

import pytest

from langfuse_app.core.settings import Settings
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.stores.raw_log import Ref
from langfuse_app.stores.redis import aredis, redis
from tests import running


@pytest.fixture(autouse=True)
def empty_redis(engines: Settings) -> Iterator[None]:
    redis().flushdb()
    yield
    redis().flushdb()


def publish(count: int, shard: int = 3, project: str = "p1", lane: str = "live") -> None:
    async def run() -> None:
        for n in range(count):
            await streams.publish(Ref("segment", n * 100, 100), project, [shard], lane)
        await aredis().aclose()

    running.run(run())


def read(shard: int = 3, lane: str = "live") -> list[streams.Entry]:
    return streams.read({(lane, shard): 100})


def test_entries_come_in_order_with_their_reference() -> None:
    publish(3)
    assert [entry.ref.offset for entry in read()] == [0, 100, 200]
    assert read()[0].project_id == "p1"


def test_a_shard_has_one_owner() -> None:
    assert streams.lease(3, "a")
    assert not streams.lease(3, "b")
    streams.release([3], "b")  # not b's to release
    assert not streams.lease(3, "b")
    streams.release([3], "a")
    assert streams.lease(3, "b")


def test_renewing_tells_which_leases_are_lost() -> None:
    streams.lease(1, "a")
    streams.lease(2, "b")
    assert streams.renew([1, 2], "a") == {1}


def test_only_the_owner_acknowledges() -> None:
    publish(2)
    entries = read()
    streams.lease(3, "new owner")
    streams.acknowledge(entries, "old owner")
    assert len(read()) == 2
    streams.acknowledge(entries, "new owner")
    assert read() == []


def test_counts_of_the_live_lane_rise_and_fall() -> None:
    publish(5)
    publish(4, lane="bulk")
    assert streams.live_by_project() == {"p1": 5}
    streams.lease(3, "a")
    streams.acknowledge(read()[:2] + read(lane="bulk"), "a")
    assert streams.live_by_project() == {"p1": 3}


def test_one_drain_is_asked_for_at_a_time() -> None:
    assert streams.ask_for_drain()
    assert not streams.ask_for_drain()
    assert streams.drain_alive("d1") == 1
    assert streams.drain_alive("d2") == 2
    streams.drain_gone("d1")
    assert streams.drain_alive("d2") == 1
    assert streams.ask_for_drain()


def test_attempts_are_counted_until_the_entry_is_acknowledged() -> None:
    publish(1)
    assert streams.count_attempts(read()) == [1]
    assert streams.count_attempts(read()) == [2]
    streams.lease(3, "a")
    streams.acknowledge(read(), "a")
    assert redis().hgetall(streams.key("attempts")) == {}


def test_dead_letters_keep_their_reason() -> None:
    publish(1)
    streams.bury(read()[0], "ValueError: damaged frame")
    [letter] = streams.dead_letters()
    assert (letter.project_id, letter.shard, letter.reason) == ("p1", 3, "ValueError: damaged frame")
    assert streams.drop_dead_letters([letter.id]) == 1
    assert streams.dead_letters() == []


def test_a_trace_stays_in_its_shard_and_shards_spread() -> None:
    assert streams.shard_of("p", "trace") == streams.shard_of("p", "trace")
    assert len({streams.shard_of("p", f"trace-{n}") for n in range(500)}) == streams.SHARDS
    streams.shard_of("p", "\ud800")  # a lone surrogate is an id like another
