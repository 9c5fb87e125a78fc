"""Invariant 2 with two workers at once: any split, order, repetition and replay gives the rows of the model, each once."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import Settings
from langfuse_app.core.time import EARLIEST_US, now_us
from langfuse_app.features.ingest import repository_clickhouse as columnar
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest import service as ingest
from langfuse_app.features.ledger import service as ledger
from langfuse_app.stores import clickhouse
from langfuse_app.stores.redis import aredis, redis
from tests import factories
from tests.ingestion.test_merge_model import check, histories
from tests.ingestion.wire import us
from tests.otlp import encode, export, span
from tests.running import run
from worker import ingestion
from worker.batches import Batch

ALL = {(lane, shard): 10_000 for lane in streams.LANES for shard in range(streams.SHARDS)}
Event = dict[str, Any]


class Story(NamedTuple):
    """What was said of each trace and observation (kind, events), and the requests in which it comes: JSON batches and exports.

    `ranks` is the order in which web processes received them, which is not quite that in which they queued them.
    """

    said: list[tuple[str, list[Event]]]
    requests: list[list[Event]]
    ranks: list[int]

    def latest_spans(self) -> dict[str, str]:
        """Span id → its name in the export that was received last."""
        ordered = sorted(zip(self.ranks, self.requests, strict=True))
        return {one["spanId"]: one["name"] for _, request in ordered for one in request if "spanId" in one}


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Shuffled, split and repeated."""
    said: list[tuple[str, list[Event]]] = []
    for number in range(draw(st.integers(3, 8))):
        kind = draw(st.sampled_from(["trace", "observation"]))
        said.append((kind, [_renamed(one, kind, number) for one in draw(histories(kind))]))
    events = [one for _, history in said for one in history]
    arriving = draw(st.permutations(events + draw(st.lists(st.sampled_from(events), max_size=6))))
    cuts = sorted(draw(st.lists(st.integers(0, len(arriving)), max_size=6)))
    batches = [arriving[a:b] for a, b in zip([0, *cuts], [*cuts, len(arriving)], strict=True) if a < b]
    exports = draw(st.lists(st.lists(SPANS, min_size=1, max_size=3, unique_by=lambda one: one["spanId"]), max_size=6))
    requests = draw(st.permutations(batches + exports))
    return Story(said, requests, draw(st.permutations(range(len(requests)))))


# The same few spans again and again, with a start in one minute or another; two traces of them.
SPANS = st.builds(
    lambda trace, number, second: span(
        traceId=f"{trace:032x}", spanId=f"{trace}{number:015x}", name=f"from {second}", startTimeUnixNano=str(us(second) * 1000)
    ),
    st.sampled_from([1, 2]),
    st.integers(0, 2),
    st.sampled_from([0, 30, 70, 400, 90_000]),
)


def _renamed(one: Event, kind: str, number: int) -> Event:
    """Ids of its own; those of observations lie two to a trace."""
    ids = {"id": f"trace {number}"} if kind == "trace" else {"id": f"observation {number}", "traceId": f"of {number // 2}"}
    return one | {"id": f"{number} {one['id']}", "body": one["body"] | ids}


def accept(scope: ProjectScope, story: Story) -> list[streams.Entry]:
    """All requests are taken; the entries that wait."""
    now = now_us()

    async def send() -> None:
        for request, rank in zip(story.requests, story.ranks, strict=True):
            ingest.now_us = lambda rank=rank: now + rank
            if "spanId" in request[0]:
                await ingest.accept_otlp(scope, ingest.Delivery(encode(export(*request)), "otlp-json"))
            else:
                assert not (await ingest.submit(scope, request))["errors"]
        await aredis().aclose()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest, "now_us", now_us)
        run(send())
    return streams.read(ALL)


class Working(ingestion.Drain):
    """Says when it has stored something."""

    def __init__(self, number: int, worked: set[int]) -> None:
        super().__init__()
        self._number, self._worked = number, worked

    def _write(self, batch: Batch) -> None:
        super()._write(batch)
        self._worked.add(self._number)


class Late(ingestion.Drain):
    """A worker that stands still between its look-ups and its insert for longer than its leases last, and then wants to go on."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._batch_size = size
        self.stands, self.goes_on = threading.Event(), threading.Event()

    def _write(self, batch: Batch) -> None:
        streams.release(self._owned, self._token)
        streams.drain_gone(self._token)
        self.stands.set()
        assert self.goes_on.wait(60)
        super()._write(batch)

    def once(self) -> None:
        """One batch."""
        self._hold()
        with suppress(ingestion.LostLeaseError):
            self._tick()
        self._leave()
        self.stands.set()


class Drains:
    """Two drains at a time, each on its thread; they leave in the middle of the work and others come in their place."""

    def __init__(self) -> None:
        self.worked: set[int] = set()  # which of the two stored something
        self._failures: list[BaseException] = []

    def run_with_late(self, sizes: list[int], size: int) -> None:
        """The same beside a third one, whose insert of the first `size` events or more comes last."""
        late = Late(size)
        thread = threading.Thread(target=late.once)
        thread.start()
        assert late.stands.wait(30)
        self.run(sizes)
        late.goes_on.set()
        thread.join(30)

    def run(self, sizes: list[int]) -> None:
        threads = [threading.Thread(target=self._work, args=(number, sizes[number::2])) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads)
        assert self._failures == []

    def _work(self, number: int, sizes: list[int]) -> None:
        try:
            for size in sizes:
                self._stay(number, size)
            while any(streams.lengths().values()):
                self._stay(number, 50)
        except BaseException as error:
            self._failures.append(error)

    def _stay(self, number: int, size: int) -> None:
        worker = Working(number, self.worked)
        worker._batch_size, worker._interval = size, 0.0
        for _ in range(3):
            worker._held_at = 0.0  # leases are shared out anew at every step
            worker._step()
        worker._leave()


@pytest.fixture
def drains(engines: Settings) -> Iterator[Drains]:
    redis().flushdb()
    found = Drains()
    yield found
    redis().flushdb()
    assert found.worked == {0, 1}


def stored(scope: ProjectScope) -> dict[tuple[str, str], Any]:
    """Living rows by kind and id; each is there once."""
    keys = {kind: _keys(scope, table) for kind, table in (("trace", "traces"), ("observation", "observations"))}
    ever = (EARLIEST_US, now_us() + 10**12)
    rows: list[Any] = columnar.stored_traces(scope, [id for _, id in keys["trace"]], *ever)
    rows += columnar.stored_observations(scope, keys["observation"], *ever)
    return {("observation" if hasattr(row, "trace_id") else "trace", row.id): row for row in rows if not row.is_deleted}


def _keys(scope: ProjectScope, table: str) -> list[tuple[str, str]]:
    trace = "id" if table == "traces" else "trace_id"
    rows = clickhouse.query(f"SELECT {trace} AS trace, id FROM {table} FINAL WHERE project_id = {{p:String}}", {"p": scope.project_id})
    keys = [(row["trace"], row["id"]) for row in rows]
    assert len(set(keys)) == len(keys)
    return keys


@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.generate,),  # threads take turns as they like: a failure hardly survives being made smaller
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    story=stories(),
    sizes=st.lists(st.sampled_from([1, 2, 5, 100]), max_size=4),
    late=st.sampled_from([0, 1, 3, 8]),
    again=st.lists(st.integers(0, 99), min_size=1, max_size=10),
)
def test_two_drains_make_what_the_model_says(drains: Drains, story: Story, sizes: list[int], late: int, again: list[int]) -> None:
    scope = factories.project()
    entries = accept(scope, story)
    drains.run_with_late(sizes, late) if late else drains.run(sizes)
    rows = stored(scope)
    for kind, history in story.said:
        check(kind, history, rows[kind, history[0]["body"]["id"]])
    latest = story.latest_spans()
    assert {id: rows["observation", id].name for id in latest} == latest
    told = ledger.newest(scope, limit=1000)
    assert len(told) == sum(map(len, story.requests))
    assert {entry.outcome for entry in told} <= {"stored", "duplicate"}

    for entry in (entries[number % len(entries)] for number in again):
        streams.republish(entry.ref, scope.project_id, [entry.shard])
    drains.run(sizes)
    assert stored(scope) == rows  # to the version
    assert set(ledger.newest(scope, limit=1000)) == set(told)
    assert streams.dead_letters() == []
