"""An observation whose start moves to another minute, which is another sorting key, is still one row."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import Settings
from langfuse_app.core.time import now_us
from langfuse_app.features.ingest import repository_clickhouse as columnar
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest import service as ingest
from langfuse_app.stores import clickhouse
from langfuse_app.stores.redis import aredis, redis
from tests import factories
from tests.draining import drain
from tests.otlp import encode, export, span
from tests.running import run

SECOND_NS = 10**9
START_S = 1_777_629_600  # 2026-05-01T10:00:00Z


@pytest.fixture
def scope(engines: Settings) -> Iterator[ProjectScope]:
    redis().flushdb()
    yield factories.project()
    redis().flushdb()


def send(scope: ProjectScope, start: float, id: str = "00000000000000aa", name: str = "work") -> streams.Entry:
    """A span that starts so many seconds after START_S; the entry that waits for the drain."""
    start_ns = str(int((START_S + start) * SECOND_NS))
    sent = span(spanId=id, name=f"{name} {start:g}", startTimeUnixNano=start_ns, endTimeUnixNano=str(2**62))

    async def accept() -> None:
        await ingest.accept_otlp(scope, ingest.Delivery(encode(export(sent)), "otlp-json"))
        await aredis().aclose()

    run(accept())
    return streams.read({(lane, shard): 10 for lane in streams.LANES for shard in range(streams.SHARDS)})[-1]


def stored(scope: ProjectScope, start: float, **about: str) -> streams.Entry:
    """The same, drained with an empty memory."""
    entry = send(scope, start, **about)
    drain()
    return entry


def rows(scope: ProjectScope) -> list[dict[str, Any]]:
    sql = "SELECT trace_id, id, name, toUnixTimestamp(start_time) AS start FROM observations FINAL WHERE project_id = {p:String} ORDER BY id, start"
    return clickhouse.query(sql, {"p": scope.project_id})


def names(scope: ProjectScope) -> list[str]:
    return [row["name"] for row in rows(scope)]


HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize("moved", [61, -61, HOUR, DAY, 40 * DAY, -40 * DAY])
def test_a_span_sent_again_with_another_start_replaces_the_first(scope: ProjectScope, moved: float) -> None:
    stored(scope, 0)
    stored(scope, moved)
    assert names(scope) == [f"work {moved:g}"]
    stored(scope, 5)
    assert names(scope) == ["work 5"]


def test_a_replay_of_the_first_changes_nothing(scope: ProjectScope) -> None:
    first, second = stored(scope, 0), stored(scope, 300)
    before = rows(scope)
    for entry in (first, second, first):
        streams.republish(entry.ref, scope.project_id, [entry.shard])
        drain()
        assert rows(scope) == before


def test_the_older_one_may_come_last(scope: ProjectScope) -> None:
    """Its request was accepted first, and its entry is drained second."""
    older = send(scope, 0)
    redis().flushdb()
    stored(scope, 600)
    streams.republish(older.ref, scope.project_id, [older.shard])
    drain()
    assert names(scope) == ["work 600"]


def test_a_start_in_the_future_is_clamped_to_two_moments_and_is_one_row(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client whose clock is wrong sends its batch again because it saw no answer."""
    now = now_us()
    for hours in (1, 0):
        monkeypatch.setattr(ingest, "now_us", lambda hours=hours: now - hours * HOUR * 1_000_000)
        stored(scope, now / 1_000_000 - START_S + 30 * DAY)
    assert len(rows(scope)) == 1


def test_new_spans_are_looked_up_only_where_their_trace_crosses_minutes(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    read: list[int] = []
    keys_of, whole = columnar.stored_minutes, columnar.stored_observations
    monkeypatch.setattr(
        columnar, "stored_minutes", lambda scope, keys, minutes: asked.append(len(minutes)) or keys_of(scope, keys, minutes)
    )
    monkeypatch.setattr(columnar, "stored_observations", lambda scope, keys, *window: read.append(len(keys)) or whole(scope, keys, *window))
    for number, start in enumerate((0, 5, 59)):
        stored(scope, start, id=f"{number + 1:016x}")
    assert (asked, read) == ([], [])
    stored(scope, 62, id=f"{9:016x}")
    assert (asked, read) == ([1], [])  # of rows only the keys
    stored(scope, 120, id=f"{9:016x}")
    assert (asked, read) == ([1, 2], [1])
    assert len(rows(scope)) == 4


def test_more_minutes_than_fit_a_query(scope: ProjectScope) -> None:
    stored(scope, 0)
    [(trace_id, id)] = [(row["trace_id"], row["id"]) for row in rows(scope)]
    minute = START_S // 60
    found = columnar.stored_minutes(scope, [(trace_id, id), (trace_id, "none")], set(range(minute - 4_500, minute + 1_000)))
    assert found == {(trace_id, id): {minute}}


def event(kind: str, number: int, **body: Any) -> dict[str, Any]:
    stamp = f"2026-05-01T10:00:0{number}Z"
    return {"id": new_id(), "type": kind, "timestamp": stamp, "body": {"id": "o", "traceId": "t"} | body}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_json_events_with_three_starts_are_one_row(scope: ProjectScope, order: tuple[int, ...]) -> None:
    events = [
        event("span-create", 0, name="made", startTime="2026-05-01T10:00:00Z"),
        event("span-update", 1, startTime="2026-05-01T10:07:00Z", output="one"),
        event("span-update", 2, startTime="2026-06-02T10:07:00Z", endTime="2026-06-02T10:08:00Z"),
    ]
    for number in order:

        async def accept(number: int = number) -> None:
            await ingest.submit(scope, [events[number]])
            await aredis().aclose()

        run(accept())
        drain()
    [row] = rows(scope)
    assert (row["name"], row["start"]) == ("made", START_S)
