"""Noisy neighbours: whatever one tenant sends, another one's live trace is in the next batch. Orders are proved, not times."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import Settings
from langfuse_app.core.time import iso_ms, now_us, utcnow
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest import service as ingest
from langfuse_app.stores import clickhouse
from langfuse_app.stores.raw_log import FrameHeader, raw_log
from langfuse_app.stores.redis import aredis, redis
from tests import factories
from tests.otlp import encode, encode_proto, export, span
from tests.running import run
from worker import ingestion

OLD = "2025-03-01T10:00:00Z"
OLD_NS, NEW_NS = 1_740_000_000 * 10**9, now_us() * 1000


@pytest.fixture(autouse=True)
def empty_streams(engines: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    redis().flushdb()
    monkeypatch.setattr(ingest, "_backlog", ingest._Backlog())
    yield
    redis().flushdb()


def event(trace: str, stamp: str = "") -> dict[str, Any]:
    now = iso_ms(utcnow())
    return {"id": new_id(), "type": "trace-create", "timestamp": now, "body": {"id": trace, "name": trace, "timestamp": stamp or now}}


def send(*deliveries: tuple[ProjectScope, list[dict[str, Any]]]) -> None:
    async def all_of_them() -> None:
        for scope, events in deliveries:
            await ingest.submit(scope, events)
        await aredis().aclose()

    run(all_of_them())


def one_of_each_shard(scope: ProjectScope) -> dict[int, str]:
    """Shard → the id of a trace that lies there."""
    found: dict[int, str] = {}
    for number in range(10_000):
        found.setdefault(streams.shard_of(scope.project_id, f"flood {number}"), f"flood {number}")
    return found


def flood(scope: ProjectScope, requests: int, lane: str = "live", payload: int = 10) -> None:
    """So many requests, each with an event for every shard."""
    ids = one_of_each_shard(scope)
    events = [event(id) for id in ids.values()]
    events[0]["body"]["input"] = "x" * payload
    body = json.dumps({"batch": events}).encode()

    async def publish() -> None:
        for _ in range(requests):
            header = FrameHeader(new_id(), scope.project_id, now_us(), "json", "", {shard: [n] for n, shard in enumerate(ids)})
            await streams.publish(await raw_log().append(header, body), scope.project_id, ids, lane)
        await aredis().aclose()

    run(publish())


def lanes(scope: ProjectScope) -> set[str]:
    return {entry.lane for entry in waiting() if entry.project_id == scope.project_id}


def waiting() -> list[streams.Entry]:
    return streams.read({(lane, shard): 10_000 for lane in streams.LANES for shard in range(streams.SHARDS)})


def stored(scope: ProjectScope) -> set[str]:
    sql = "SELECT id FROM traces FINAL WHERE project_id = {p:String}"
    return {row["id"] for row in clickhouse.query(sql, {"p": scope.project_id})}


def one_batch(size: int) -> None:
    """What a drain takes first of all that waits."""
    worker = ingestion.Drain()
    worker._batch_size = size
    worker._hold()
    worker._tick()
    worker._leave()


def test_a_flood_fills_its_share_of_the_live_lane_and_then_goes_to_bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "FAIR_ENTRIES", 5)
    noisy, quiet = factories.project(), factories.project()
    send(*[(noisy, [event(f"t{number}")]) for number in range(20)], (quiet, [event("mine")]))
    counts = ingest.backlog()
    assert (counts, lanes(quiet)) == ({"live": 5 + 1, "bulk": 15}, {"live"})


def test_a_flood_of_a_tenant_that_is_alone_leaves_room_for_the_next_one() -> None:
    """A share of a backlog that is one's own is no limit."""
    noisy, quiet = factories.project(), factories.project()
    ingest._backlog.refresh = never  # type: ignore[method-assign]
    ingest._backlog.total, ingest._backlog.live = 50_000, {noisy.project_id: 50_000}
    send((noisy, [event("more")]), (quiet, [event("mine")]))
    assert (lanes(noisy), lanes(quiet)) == ({"bulk"}, {"live"})


async def never() -> None:
    """The backlog as it is."""


@pytest.mark.parametrize("size", [65, 200])
def test_a_neighbours_trace_is_in_the_next_batch(size: int) -> None:
    """The flood has its whole share of the live lane, and came first: one of its requests of each lane goes before, no more."""
    noisy, quiet = factories.project(), factories.project()
    flood(noisy, 60)
    flood(noisy, 10, "bulk")
    send((quiet, [event("mine")]))
    one_batch(size)
    assert stored(quiet) == {"mine"}
    assert len(waiting()) > 50 * streams.SHARDS  # and the flood is still there


def test_big_frames_count_for_what_they_weigh(monkeypatch: pytest.MonkeyPatch) -> None:
    noisy, quiet = factories.project(), factories.project()
    flood(noisy, 6, payload=20_000)
    send(*[(quiet, [event(f"t{number}")]) for number in range(10)])
    monkeypatch.setattr(ingestion, "BYTES_PER_TICK", 40_000)
    one_batch(10_000)
    assert len(stored(quiet)) == 10


def test_the_bulk_lane_is_never_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the live lane alone would fill every batch."""
    busy, backfilling = factories.project(), factories.project()
    flood(busy, 20)
    send((backfilling, [event(f"t{number}", OLD) for number in range(3)]))
    assert lanes(backfilling) == {"bulk"}
    one_batch(2 * streams.SHARDS + 1)
    assert stored(backfilling)


def test_all_that_waits_is_taken_without_a_pause() -> None:
    """A tick that leaves something behind is followed at once by the next one."""
    scope = factories.project()
    flood(scope, 120)
    worker = ingestion.Drain()
    worker._batch_size = 10**6
    worker._hold()
    told = [worker._tick() for _ in range(3)]
    worker._leave()
    assert told[0] == (True, True)
    assert told[-1][1] is False


@pytest.mark.parametrize(
    ("age_ns", "lane"), [(OLD_NS, "bulk"), (NEW_NS, "live"), (0, "live"), (NEW_NS + 10**18, "live")], ids=["old", "new", "unsaid", "future"]
)
@pytest.mark.parametrize("form", ["otlp-json", "otlp-protobuf"])
def test_spans_that_ended_long_ago_are_a_backfill(age_ns: int, lane: str, form: str) -> None:
    scope = factories.project()
    document = export(span(startTimeUnixNano="1740000000000000000", endTimeUnixNano=str(age_ns)))
    body = encode(document) if form == "otlp-json" else encode_proto(document)

    async def accept() -> None:
        await ingest.accept_otlp(scope, ingest.Delivery(body, form))
        await aredis().aclose()

    run(accept())
    assert lanes(scope) == {lane}


def test_a_backfill_leaves_the_tenants_own_live_traces_in_front(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "FAIR_ENTRIES", 3)
    scope = factories.project()
    send(*[(scope, [event(f"old {number}", OLD)]) for number in range(8)], (scope, [event("now")]))
    assert ingest.backlog() == {"live": 1, "bulk": 8}
    one_batch(1)
    assert "now" in stored(scope)
