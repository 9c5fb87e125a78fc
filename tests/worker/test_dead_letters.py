"""What fails in every attempt: its ledger row says so, the sweep leaves it alone, and a replay makes the ledger true again."""

import time
from typing import Any

import pytest

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import Settings
from langfuse_app.features.api_keys.service import operator
from langfuse_app.features.ingest import repository_clickhouse as columnar
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest import service as ingest
from langfuse_app.features.ledger import service as ledger
from langfuse_app.ingestion.rows import LedgerRow
from langfuse_app.stores.raw_log import raw_log
from langfuse_app.stores.redis import redis
from tests import factories
from tests.running import run
from worker import ingestion, sweep


@pytest.fixture(autouse=True)
def quick(engines: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    redis().flushdb()
    monkeypatch.setattr(ingestion, "RETRY_S", 0.001)
    monkeypatch.setattr(sweep, "GRACE_US", 0)


def drain() -> None:
    worker, until = ingestion.Drain(), time.monotonic() + 20
    while any(streams.lengths().values()) and time.monotonic() < until:
        worker._step()
    worker._leave()
    assert not any(streams.lengths().values())


def swept(scope: ProjectScope) -> int:
    """Entries of the project that the sweep queued again; other tests leave requests of their own."""
    redis().delete(streams.key("sweep"))
    time.sleep(0.01)
    sweep.compare()
    waiting = streams.read({(lane, shard): 1_000 for lane in streams.LANES for shard in range(streams.SHARDS)})
    return sum(entry.project_id == scope.project_id for entry in waiting)


def event(id: str) -> dict[str, Any]:
    return {"id": f"event {id}", "type": "span-create", "timestamp": "2026-05-01T10:00:00Z", "body": {"id": id, "traceId": "one trace"}}


def test_poison_is_rejected_in_the_ledger_until_a_replay_stores_it(monkeypatch: pytest.MonkeyPatch) -> None:
    scope, write = factories.project(), columnar.insert_rows

    def refuse(found: Any) -> None:
        if found and any(getattr(row, "id", "") == "poison" for row in found):
            raise ValueError("no store takes this")
        write(found)

    monkeypatch.setattr(columnar, "insert_rows", refuse)
    for id in ("poison", "sound"):
        run(ingest.submit(scope, [event(id)]))
    drain()
    [rejected] = ledger.newest(scope, "rejected")
    assert (rejected.event_id, rejected.entity_id, rejected.reason) == ("event poison", "poison", "ValueError: no store takes this")
    assert [entry.entity_id for entry in ledger.newest(scope, "stored")] == ["sound"]
    [letter] = ledger.dead_letters(operator())
    assert letter.payload == rejected.payload
    assert swept(scope) == 0

    monkeypatch.setattr(columnar, "insert_rows", write)
    assert ledger.replay(operator(), [letter.id]) == 1
    drain()
    assert ledger.dead_letters(operator()) == []
    assert {(entry.event_id, entry.outcome) for entry in ledger.newest(scope)} == {("event poison", "stored"), ("event sound", "stored")}


def test_a_body_that_rots_on_disk_is_rejected_and_asked_for_no_more() -> None:
    scope, log = factories.project(), raw_log()
    run(ingest.submit(scope, [event("rotten")]))
    [entry] = streams.read({(lane, shard): 10 for lane in streams.LANES for shard in range(streams.SHARDS)})
    path = next(path for path in log.segments() if path.name.startswith(entry.ref.segment))  # pyright: ignore[reportAttributeAccessIssue]
    with path.open("r+b") as file:
        file.seek(entry.ref.offset + entry.ref.length - 3)
        file.write(b"\x00")
    drain()
    [rejected] = ledger.newest(scope)
    assert (rejected.outcome, rejected.request_id) == ("rejected", log.header(entry.ref).request_id)
    assert "damaged frame" in rejected.reason
    assert swept(scope) == 0


def test_a_ledger_that_is_away_keeps_the_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    scope, write = factories.project(), columnar.insert_rows
    run(ingest.submit(scope, [event("waits")]))

    def away(found: Any) -> None:
        if found and not isinstance(found[0], LedgerRow):
            raise ValueError("odd")
        if found:
            raise ServiceUnavailableError("away")
        write(found)

    monkeypatch.setattr(columnar, "insert_rows", away)
    monkeypatch.setattr(ingestion.Drain, "_pause", lambda *_: time.sleep(0.002))
    worker = ingestion.Drain()
    for _ in range(30):
        worker._step()
    worker._leave()
    assert sum(streams.lengths().values()) == 1
    assert ledger.dead_letters(operator()) == []


def test_a_raw_log_that_cannot_be_read_buries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scope, log = factories.project(), raw_log()
    run(ingest.submit(scope, [event("readable")]))

    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(log, "_read", broken)
        patched.setattr(ingestion.Drain, "_pause", lambda *_: time.sleep(0.002))
        worker = ingestion.Drain()
        for _ in range(20):
            worker._step()
        worker._leave()
    assert ledger.dead_letters(operator()) == []
    drain()
    assert [entry.outcome for entry in ledger.newest(scope)] == ["stored"]
