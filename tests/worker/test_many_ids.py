"""A batch may touch more rows than fit one parameter of a query."""

from typing import Any

from langfuse_app.core.settings import Settings
from langfuse_app.core.sql import portions
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest import service as ingest
from langfuse_app.features.observations import service as observations
from langfuse_app.features.sessions import service as sessions
from langfuse_app.features.sessions.schemas import SessionQuery
from langfuse_app.features.traces import service as traces
from langfuse_app.features.traces.schemas import TraceQuery
from tests import factories
from tests.draining import drain
from tests.running import run

COUNT = 6_000


def event(number: int, kind: str, **fields: Any) -> dict[str, Any]:
    body = {"id": f"observation-with-a-long-id-{number:010d}", "traceId": "big", **fields}
    return {"id": f"{kind}-{number}", "type": kind, "timestamp": f"2026-05-01T10:00:0{kind == 'span-update':d}Z", "body": body}


def test_thousands_of_updates_of_stored_observations(engines: Settings) -> None:
    scope = factories.project()
    run(ingest.submit(scope, [event(n, "span-create", name="step", startTime="2026-05-01T10:00:00Z") for n in range(COUNT)]))
    drain()
    run(ingest.submit(scope, [event(n, "span-update", version=f"v{n}") for n in range(COUNT)]))  # another drain: nothing is remembered
    drain()
    assert streams.dead_letters() == []
    found = observations.get(scope, event(COUNT - 1, "x")["body"]["id"])
    assert (found.name, found.version) == ("step", f"v{COUNT - 1}")


def test_portions_fit_and_lose_nothing() -> None:
    texts = [f"{number}" * 40 for number in range(3_000)] + ["x" * 200_000, "é"]
    pieces = list(portions(texts))
    assert [text for piece in pieces for text in piece] == texts
    assert all(len(piece) == 1 or sum(len(text.encode()) + 3 for text in piece) <= 60_000 for piece in pieces)
    assert list(portions([])) == []


def test_a_list_of_traces_with_long_ids(engines: Settings) -> None:
    scope = factories.project()
    ids = [f"{number:04d}" + "跟" * 796 for number in range(100)]
    for id in ids:
        factories.trace(scope, id=id)
        factories.observation(scope, id)
    found = traces.list_traces(scope, TraceQuery(limit=100))
    assert {item.id for item in found.items} == set(ids)
    assert all(len(item.observation_ids) == 1 for item in found.items)


def test_names_longer_than_a_parameter_of_the_server_may_be(engines: Settings) -> None:
    scope = factories.project()
    session = "'\\" * 90_000
    trace = {"id": "long", "sessionId": session, "userId": "u" * 200_000, "timestamp": "2026-05-01T10:00:00Z"}
    run(ingest.submit(scope, [{"id": "e1", "type": "trace-create", "timestamp": "2026-05-01T10:00:00Z", "body": trace}]))
    drain()
    assert streams.dead_letters() == []
    assert [item.id for item in traces.list_traces(scope, TraceQuery(session_id=session, user_id="u" * 200_000)).items] == ["long"]
    assert [item.id for item in sessions.list_sessions(scope, SessionQuery()).items] == [session]
