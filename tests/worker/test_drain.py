"""The main road without HTTP: accept, drain, read the rows. Invariants 1 and 2."""

import contextlib
import itertools
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.core.scopes import Access, ProjectScope
from langfuse_app.core.settings import Settings
from langfuse_app.core.time import EARLIEST_US
from langfuse_app.features.api_keys.service import operator
from langfuse_app.features.ingest import repository as relational
from langfuse_app.features.ingest import repository_clickhouse as columnar
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest import service
from langfuse_app.features.ledger import service as ledger
from langfuse_app.features.models import service as models
from langfuse_app.features.models.schemas import ModelInput
from langfuse_app.runtime.token_counter import TokenCounter
from langfuse_app.stores import clickhouse
from langfuse_app.stores.postgres import session
from langfuse_app.stores.raw_log import raw_log
from langfuse_app.stores.redis import aredis, redis
from tests import running
from tests.otlp import SPAN_ID, TRACE_ID, span
from worker import batches, ingestion, sweep


@pytest.fixture
def scope(engines: Settings) -> Iterator[ProjectScope]:
    redis().flushdb()
    project = str(uuid.uuid4())
    with session() as current:
        connection = current.connection()
        connection.execute(
            text("INSERT INTO organizations (id, name, created_at, updated_at) VALUES (:i, 'o', now(), now())"), {"i": project}
        )
        connection.execute(
            text("INSERT INTO projects (id, org_id, name, created_at, updated_at, has_traces) VALUES (:i, :i, 'p', now(), now(), false)"),
            {"i": project},
        )
    yield ProjectScope(project, project, "key", "api_key", Access.PROJECT, public_key="pk")
    redis().flushdb()


def microseconds() -> st.SearchStrategy[int]:
    """Times that a row may have."""
    return st.integers(EARLIEST_US, 4_102_444_800_000_000)


def event(kind: str, stamp: str = "2026-05-01T10:00:00Z", **body: Any) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "type": kind, "timestamp": stamp, "body": body}


def accept(scope: ProjectScope, *events: dict[str, Any]) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        try:
            return await service.submit(scope, list(events))
        finally:
            await aredis().aclose()

    return running.run(run())


def drain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingestion, "IDLE_S", 0.2)
    ingestion.drain()


def rows(table: str, scope: ProjectScope) -> list[dict[str, Any]]:
    sql = f"SELECT * FROM {table} FINAL WHERE project_id = {{p:String}} ORDER BY id"
    return clickhouse.query(sql, {"p": scope.project_id})


def conversation() -> list[dict[str, Any]]:
    return [
        event(
            "trace-create",
            id="t1",
            name="chat",
            userId="u1",
            sessionId="s1",
            tags=["b", "a"],
            metadata={"k": 1},
            input={"q": "hi"},
            output="bye",
        ),
        event("span-create", id="o1", traceId="t1", name="step", startTime="2026-05-01T10:00:00Z"),
        event(
            "generation-create",
            id="o2",
            traceId="t1",
            parentObservationId="o1",
            name="answer",
            model="gpt-4o",
            input=[{"role": "user", "content": "hi"}],
            startTime="2026-05-01T10:00:01Z",
        ),
        event(
            "generation-update",
            "2026-05-01T10:00:05Z",
            id="o2",
            traceId="t1",
            output="hello",
            endTime="2026-05-01T10:00:03Z",
            usage={"input": 100, "output": 10},
        ),
        event("score-create", id="sc1", traceId="t1", name="quality", value=0.9),
    ]


def test_a_batch_becomes_rows(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = accept(scope, *conversation())
    assert [one["status"] for one in answer["successes"]] == [201] * 5
    drain(monkeypatch)
    [trace] = rows("traces", scope)
    assert (trace["name"], trace["user_id"], trace["session_id"], trace["tags"]) == ("chat", "u1", "s1", ["a", "b"])
    assert json.loads(trace["input"]) == {"q": "hi"}
    step, generation = rows("observations", scope)
    assert (step["type"], generation["type"], generation["parent_observation_id"]) == ("SPAN", "GENERATION", "o1")
    assert generation["output"] == "hello"
    assert generation["usage_details"] == {"input": 100, "output": 10, "total": 110}
    assert float(generation["total_cost"]) == pytest.approx(100 * 2.5e-6 + 10 * 10e-6)
    [score] = rows("scores", scope)
    assert (score["trace_id"], score["value"]) == ("t1", 0.9)
    assert not any(streams.lengths().values())


def test_every_event_has_one_outcome(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [*conversation(), event("trace-create", name="no id"), event("score-create", traceId="t1", name="x", value=1, configId="none")]
    answer = accept(scope, *events)
    assert len(answer["successes"]) == 7
    drain(monkeypatch)
    outcomes = {entry.event_id: entry.outcome for entry in ledger.newest(scope)}
    assert outcomes == {one["id"]: "rejected" if one["body"].get("name") in ("no id", "x") else "stored" for one in events}
    assert {entry.outcome for entry in ledger.where(scope, "o2")} == {"stored"}


def test_a_replay_changes_nothing(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(scope, *conversation())
    drain(monkeypatch)
    before = {table: rows(table, scope) for table in ("traces", "observations", "scores")}
    replay_all()
    drain(monkeypatch)
    assert {table: rows(table, scope) for table in before} == before


def test_the_same_batch_three_times_is_stored_once(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    events = conversation()
    for _ in range(3):
        accept(scope, *events)
    drain(monkeypatch)
    assert (len(rows("traces", scope)), len(rows("observations", scope)), len(rows("scores", scope))) == (1, 2, 1)
    outcomes = [entry.outcome for entry in ledger.newest(scope)]
    assert (outcomes.count("stored"), outcomes.count("duplicate")) == (5, 10)


def replay_all() -> None:
    log = raw_log()
    for path in log.segments():  # type: ignore[union-attr]
        for header, ref in log.scan(path):  # type: ignore[union-attr]
            streams.republish(ref, header.project_id, header.routes)


def test_updates_come_before_creates_and_in_other_batches(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *rest = reversed(conversation())
    for one in [first, *rest]:
        accept(scope, one)
        drain(monkeypatch)
    [trace] = rows("traces", scope)
    assert trace["name"] == "chat"
    _, generation = rows("observations", scope)
    assert (generation["output"], generation["provided_model_name"], generation["usage_details"]["total"]) == ("hello", "gpt-4o", 110)


def test_a_moved_start_leaves_one_row(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(scope, event("span-update", "2026-05-02T10:00:00Z", id="o", traceId="t", output="late"))
    drain(monkeypatch)
    accept(scope, event("span-create", "2026-05-01T10:00:00Z", id="o", traceId="t", name="early", startTime="2026-05-01T10:00:00Z"))
    drain(monkeypatch)
    [row] = rows("observations", scope)
    assert (row["name"], row["output"], f"{row['start_time']:%Y-%m-%d}") == ("early", "late", "2026-05-01")
    assert len(rows("traces", scope)) == 1


def export(scope: ProjectScope, *spans: dict[str, Any]) -> None:
    """Spans of one resource through the OTLP route's service."""
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"scope": {"name": "test"}, "spans": spans}]}]}).encode()

    async def run() -> None:
        try:
            await service.accept_otlp(scope, service.Delivery(body, "otlp-json"))
        finally:
            await aredis().aclose()

    running.run(run())


def test_a_span_exported_again_keeps_what_an_event_stated(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    update = event("span-update", "2025-11-25T01:00:00Z", id=SPAN_ID, traceId=TRACE_ID, output="by hand", metadata={"reviewed": "yes"})
    for send in (lambda: export(scope, span(name="first")), lambda: accept(scope, update), lambda: export(scope, span(name="second"))):
        send()
        drain(monkeypatch)  # each with an empty memory
    [row] = rows("observations", scope)
    assert (row["name"], row["output"], row["metadata"]["reviewed"]) == ("second", "by hand", "yes")


def test_spans_of_a_trace_without_events_are_written_without_a_look_up(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(columnar, "stored_observations", lambda *args: asked.append(args) or [])
    for name in ("first", "second"):
        export(scope, span(name=name))
        drain(monkeypatch)
    assert (asked, [row["name"] for row in rows("observations", scope)]) == ([], ["second"])


@pytest.mark.parametrize("failure", [None, ServiceUnavailableError("away"), ValueError("odd")], ids=["none", "away", "odd"])
@pytest.mark.parametrize("failing", range(3))
def test_batches_that_overlap_give_what_they_give_alone(
    scope: ProjectScope, monkeypatch: pytest.MonkeyPatch, failure: Exception | None, failing: int
) -> None:
    for number in range(6):
        stamp = f"2026-05-01T10:00:0{number}Z"
        accept(scope, event("span-update", stamp, id="o", traceId="t", metadata={f"k{number}": number}, output=f"out {number}"))
        accept(scope, event("trace-create", stamp, id="t", tags=[f"tag {number}"]))
        export(scope, span(name=f"span {number}"))
    drain_overlapping(monkeypatch, failure, failing)
    [event_row] = [row for row in rows("observations", scope) if row["id"] == "o"]
    assert (event_row["output"], sorted(event_row["metadata"])) == ("out 5", [f"k{number}" for number in range(6)])
    assert [row["tags"] for row in rows("traces", scope) if row["id"] == "t"] == [[f"tag {number}" for number in range(6)]]
    assert [row["name"] for row in rows("observations", scope) if row["id"] == SPAN_ID] == ["span 5"]
    assert {entry.outcome for entry in ledger.newest(scope)} <= {"stored", "duplicate"}  # equal but for their names, spans look alike
    assert len(ledger.newest(scope)) == 18
    assert streams.dead_letters() == []


def drain_overlapping(monkeypatch: pytest.MonkeyPatch, failure: Exception | None, failing: int) -> None:
    """Drain with one frame per batch, of which one write fails."""
    write, calls, worker = columnar.insert_rows, itertools.count(), ingestion.Drain()

    def insert(found: Any) -> None:
        if failure and found and next(calls) == 2 * failing:
            raise failure
        write(found)

    monkeypatch.setattr(columnar, "insert_rows", insert)
    monkeypatch.setattr(worker, "_batch_size", 1)
    worker._hold()
    while any(streams.lengths().values()):
        with contextlib.suppress(ServiceUnavailableError):
            worker._tick()
    worker._leave()


def test_what_waits_for_the_tokenizer_holds_nobody_up(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(TokenCounter):
        def _load(self, missing: Any) -> None:
            time.sleep(1)
            super()._load(missing)

    slow = Slow()
    monkeypatch.setattr(batches, "TOKENS", slow)
    monkeypatch.setattr(ingestion, "TOKENS", slow)
    counted_model = {
        "modelName": "mine",
        "matchPattern": "mine",
        "unit": "TOKENS",
        "inputPrice": 1,
        "outputPrice": 1,
        "tokenizerId": "openai",
    }
    models.create_model(scope, ModelInput.model_validate(counted_model | {"tokenizerConfig": {"tokenizerModel": "gpt-4o"}}))
    accept(scope, event("generation-create", id="counted", traceId="t1", model="mine", input="hello world", output="yes"))
    accept(scope, event("span-create", id="other", traceId="t2"))
    worker = ingestion.Drain()
    worker._hold()
    worker._tick()
    assert [row["id"] for row in rows("observations", scope)] == ["other"]
    while any(streams.lengths().values()):
        worker._tick()
    worker._leave()
    [counted, _] = rows("observations", scope)
    assert (counted["usage_details"], counted["cost_source"]) == ({"input": 2, "output": 1, "total": 3}, "estimated")
    assert {entry.outcome for entry in ledger.newest(scope)} == {"stored"}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=microseconds(), last=microseconds(), stamp=microseconds())
def test_a_locator_keeps_its_times_to_the_microsecond(scope: ProjectScope, first: int, last: int, stamp: int) -> None:
    key = (scope.project_id, str(uuid.uuid4()))
    relational.save_locators({key: (first, last, stamp)})
    assert relational.locate([key]) == {key: relational.Window(first, last, stamp, None, None, False)}
    relational.save_locators({key: (first + 5, last - 5, stamp)}, {key})
    assert relational.locate([key]) == {key: relational.Window(first, last, stamp, None, None, True)}


def test_redis_wiped_loses_nothing(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(scope, *conversation())
    redis().flushdb()
    monkeypatch.setattr(sweep, "GRACE_US", 0)
    time.sleep(0.01)
    assert sweep.compare() >= 1
    drain(monkeypatch)
    assert len(rows("observations", scope)) == 2
    redis().delete(streams.key("sweep"))
    assert sweep.compare() == 0


def test_events_of_a_deleted_trace_are_dropped(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(scope, *conversation())
    with session() as current:
        current.connection().execute(
            text("INSERT INTO deleted_objects (project_id, kind, object_id, deleted_at) VALUES (:p, 'trace', 't1', now())"),
            {"p": scope.project_id},
        )
    drain(monkeypatch)
    assert rows("observations", scope) == []
    assert {entry.outcome for entry in ledger.newest(scope)} == {"deleted"}


def test_a_damaged_frame_goes_to_the_dead_letters_and_harms_nobody(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(scope, *conversation())
    entry = next(iter(streams.read({(lane, shard): 10 for lane in streams.LANES for shard in range(streams.SHARDS)})))
    broken = entry.ref.__class__(entry.ref.segment, entry.ref.offset + 1, entry.ref.length)
    streams.republish(broken, scope.project_id, [entry.shard])
    monkeypatch.setattr(ingestion, "RETRY_S", 0.01)
    drain_until(lambda: bool(streams.dead_letters()), monkeypatch)
    assert len(rows("observations", scope)) == 2
    [letter] = ledger.dead_letters(operator())
    assert "torn frame" in letter.reason or "damaged" in letter.reason
    [rejected] = ledger.newest(scope, "rejected")
    assert (rejected.reason, rejected.request_id) == (letter.reason, str(broken))
    assert ledger.drop(operator()) == 1


def drain_until(done: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(30):
        drain(monkeypatch)
        if done():
            return
    raise AssertionError("it never came to that")


# --- events that name no trace --------------------------------------------------------------------


@pytest.mark.parametrize("together", [True, False])
def test_an_update_by_id_alone_finds_its_trace(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch, together: bool) -> None:
    """Python's SDK before 2.30 ends observations without naming their trace, mostly in a later batch."""
    made = event("generation-create", id="o1", traceId="t1", name="answer", startTime="2026-05-01T10:00:01Z")
    ended = event("generation-update", "2026-05-01T10:00:05Z", id="o1", output="hello", endTime="2026-05-01T10:00:03Z")
    if together:
        accept(scope, ended, made)
    else:
        accept(scope, made)
        accept(scope, ended)
    drain(monkeypatch)
    [row] = rows("observations", scope)
    assert (row["trace_id"], row["name"], row["output"]) == ("t1", "answer", "hello")
    assert [trace["id"] for trace in rows("traces", scope)] == ["t1"]


def test_traces_are_remembered_for_clients_that_may_leave_them_out(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"batch": [event("span-create", id="o1", traceId="t1"), event("event-create", id="o2", traceId="t1")]}).encode()

    async def remembered(name: str, version: str) -> dict[str, str]:
        redis().flushdb()
        try:
            await service.accept_json(scope, service.Delivery(body, sdk_name=name, sdk_version=version))
            return await streams.remembered_traces(scope.project_id, ["o1", "o2"])
        finally:
            await aredis().aclose()

    for client in (("python", "2.7.6"), ("", "")):
        assert running.run(remembered(*client)) == {"o1": "t1"}
    for client in (("python", "2.30.0"), ("python", "2.60.10"), ("langfuse-js", "3.39.2")):
        assert running.run(remembered(*client)) == {}
    monkeypatch.setattr(streams, "MOST_REMEMBERED", 0)  # as if a day had brought that many
    assert running.run(remembered("", "")) == {}
