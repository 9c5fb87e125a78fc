"""Deletions: hidden at once, gone from every store by the job, proved by the receipt, and not brought back by a replay."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.deletions import service
from langfuse_app.features.deletions.schemas import DeletionOut
from langfuse_app.features.ingest import repository as relational
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.stores import clickhouse
from langfuse_app.stores.raw_log import FileRawLog, raw_log
from tests import factories
from tests.api.conftest import Api
from tests.draining import drain
from worker.ingestion import Drain


def events(trace_id: str, *others: str) -> dict[str, Any]:
    """A batch with a trace, an observation and a score for each id."""
    batch: list[dict[str, Any]] = []
    for id in (trace_id, *others):
        stamp = {"timestamp": "2026-05-01T10:00:00.000Z"}
        batch += [
            stamp
            | {
                "id": f"e1-{id}",
                "type": "trace-create",
                "body": {"id": id, "name": "secret name", "sessionId": f"session-{id}", "input": f"secret of {id}"},
            },
            stamp
            | {
                "id": f"e2-{id}",
                "type": "span-create",
                "body": {"id": f"span-{id}", "traceId": id, "name": "step", "output": f"answer of {id}"},
            },
            stamp | {"id": f"e3-{id}", "type": "score-create", "body": {"id": f"score-{id}", "traceId": id, "name": "quality", "value": 1}},
        ]
    return {"batch": batch}


def rows(scope: ProjectScope, table: str) -> int:
    """Rows of a table, every version counted, deleted ones that still have bytes not."""
    return clickhouse.query(f"SELECT count() AS n FROM {table} WHERE project_id = {{p:String}}", {"p": scope.project_id})[0]["n"]


def delete(api: Api, path: str, body: object = None):
    return api.client.request("DELETE", f"/api/public{path}", json=body, headers=api.headers)


@pytest.mark.parametrize("path", ["/traces/x", "/scores/x"])
def test_deleting_needs_a_key(anonymous: TestClient, scope: ProjectScope, path: str) -> None:
    assert anonymous.delete(f"/api/public{path}").status_code == 401
    browser = {"Authorization": f"Bearer {factories.public_key(scope)}"}
    assert anonymous.delete(f"/api/public{path}", headers=browser).status_code == 403


@pytest.mark.parametrize("body", [{}, {"traceIds": []}, {"traceIds": ["x"] * 1001}, {"traceIds": ["x"], "more": 1}, {"traceIds": [1]}])
def test_many_traces_are_named_exactly(api: Api, body: dict[str, Any]) -> None:
    answer = delete(api, "/traces", body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_unknown_ids_are_fine(api: Api) -> None:
    assert delete(api, "/traces/nobody").json() == {"message": "Trace deleted successfully"}
    assert delete(api, "/traces", {"traceIds": ["nobody", "nobody else"]}).json() == {"message": "Traces deleted successfully"}
    answer = delete(api, "/scores/nobody")
    assert (answer.status_code, answer.json().keys()) == (202, {"message"})


def test_a_trace_is_hidden_at_once_and_then_gone(api: Api, scope: ProjectScope) -> None:
    assert api.post("/ingestion", events("gone", "stays")).status_code == 207
    drain()
    answer = delete(api, "/traces/gone")
    assert (answer.status_code, answer.json()) == (200, {"message": "Trace deleted successfully"})
    assert [trace["id"] for trace in api.get("/traces").json()["data"]] == ["stays"]
    assert api.get("/traces/gone").status_code == 404
    assert api.get("/observations/span-gone").status_code == 404
    assert [score["id"] for score in api.get("/v3/scores").json()["data"]] == ["score-stays"]

    service.erase_stores()
    receipt = api.client.get(answer.headers["location"], headers=api.headers).json()
    DeletionOut.model_validate(receipt)
    assert receipt["analytics"]["count"] >= 3
    assert all(receipt[store]["erasedAt"] for store in ("analytics", "relational", "media"))
    assert (receipt["rawLog"]["erasedAt"], receipt["complete"]) == (None, False)
    assert [rows(scope, table) for table in ("observations", "traces", "scores")] == [1, 1, 1]
    assert relational.locate([(scope.project_id, "gone"), (scope.project_id, "stays")]).keys() == {(scope.project_id, "stays")}
    assert [session["id"] for session in api.get("/sessions").json()["data"]] == ["session-stays"]


@pytest.mark.parametrize("sealed", [False, True], ids=["open", "sealed"])
def test_the_raw_log_loses_it_and_a_replay_brings_nothing_back(api: Api, scope: ProjectScope, sealed: bool) -> None:
    log = raw_log()
    assert isinstance(log, FileRawLog)
    api.post("/ingestion", events("gone", "stays"))
    drain()
    [(path, ref)] = [(path, ref) for path in log.segments() for header, ref in log.scan(path) if header.project_id == scope.project_id]
    if sealed:
        log._abandon_segment()
        log.seal(path)
    assert b"secret of gone" in log.read(ref).body
    delete(api, "/traces/gone")
    service.erase_stores()
    assert service.erase_raw_log() >= 1

    frame = log.read(ref)
    body = frame.body
    assert frame.header.encoding == ""
    assert b"secret of gone" not in body
    assert b"answer of gone" not in body
    assert b"secret of stays" in body
    assert api.get("/deletions").json()["data"][0]["complete"]

    streams.republish(ref, scope.project_id, set(frame.header.routes))  # a replay of what is left
    drain()
    api.post("/ingestion", events("other"))  # the open segment goes on
    drain()
    assert {trace["id"] for trace in api.get("/traces").json()["data"]} == {"stays", "other"}


def test_what_was_on_its_way_is_dropped_and_what_comes_later_is_new(api: Api, scope: ProjectScope) -> None:
    api.post("/ingestion", events("t"))
    delete(api, "/traces/t")
    drain()
    assert api.get("/traces").json()["data"] == []
    again = {
        "batch": [{"id": "again", "timestamp": "2026-05-01T11:00:00.000Z", "type": "trace-create", "body": {"id": "t", "userId": "ada"}}]
    }
    api.post("/ingestion", again)
    drain()
    trace = api.get("/traces/t").json()
    assert (trace["userId"], trace["name"], trace["input"]) == ("ada", None, None)
    service.erase_stores()
    assert api.get("/traces/t").json()["userId"] == "ada"


def test_nothing_of_the_deleted_trace_lives_on_in_a_drain_that_remembers_it(api: Api) -> None:
    worker = Drain()
    api.post("/ingestion", events("t"))
    worker._hold()
    worker._tick()
    delete(api, "/traces/t")
    later = {
        "batch": [{"id": "later", "timestamp": "2026-05-01T12:00:00.000Z", "type": "trace-create", "body": {"id": "t", "userId": "ada"}}]
    }
    api.post("/ingestion", later)
    worker._tick()
    worker._leave()
    trace = api.get("/traces/t").json()
    assert (trace["userId"], trace["name"], trace["input"]) == ("ada", None, None)


def test_a_receipt_is_its_projects(api: Api, stranger: Api) -> None:
    place = delete(api, "/traces/x").headers["location"]
    assert api.client.get(place, headers=api.headers).status_code == 200
    assert api.client.get(place, headers=stranger.headers).status_code == 404
    assert stranger.get("/deletions").json()["data"] == []


def test_a_score_goes_alone(api: Api, scope: ProjectScope) -> None:
    api.post("/ingestion", events("t"))
    drain()
    delete(api, "/scores/score-t")
    assert api.get("/v3/scores").json()["data"] == []
    assert api.get("/traces/t").json()["scores"] == []
    service.erase_stores()
    assert (rows(scope, "scores"), rows(scope, "traces")) == (0, 1)


def test_another_tenants_trace_stays(api: Api, stranger: Api) -> None:
    stranger.post("/ingestion", events("same id"))
    drain()
    delete(api, "/traces/same id")
    service.erase_stores()
    service.erase_raw_log()
    assert stranger.get("/traces/same id").json()["input"] == "secret of same id"


def test_a_project_goes_with_everything(api: Api, stranger: Api, scope: ProjectScope) -> None:
    api.post("/ingestion", events("t"))
    stranger.post("/ingestion", events("t"))
    drain()
    service.delete_project(scope)
    service.erase_stores()
    service.erase_raw_log()
    assert [rows(scope, table) for table in ("observations", "traces", "scores", "ingestion_log")] == [0, 0, 0, 0]
    assert relational.living_projects([scope.project_id]) == set()
    assert stranger.get("/traces/t").status_code == 200
    log = raw_log()
    assert isinstance(log, FileRawLog)
    mine = [log.read(ref).body for path in log.segments() for header, ref in log.scan(path) if header.project_id == scope.project_id]
    assert mine == [b""]
