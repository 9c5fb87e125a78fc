"""The operator's tools: keys of whole projects, queues, and storing again what was accepted (spec/api.md §12)."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from rq import SimpleWorker

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import get_settings
from langfuse_app.features.admin.schemas import MOST, DeadLettersOut, QueueActionOut, QueueCountsOut, ReplayOut
from langfuse_app.features.deletions import service as deletions
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.queues.service import announce
from langfuse_app.stores import clickhouse
from langfuse_app.stores.queue import enqueue, queue
from langfuse_app.stores.raw_log import FileRawLog, Ref, raw_log
from langfuse_app.stores.redis import redis
from tests import factories
from tests.api.conftest import Api
from tests.draining import drain

KEYS, QUEUES, REPLAY = "/api/admin/api-keys", "/api/admin/bullmq", "/api/admin/ingestion-replay"
KEY = "admin-key-of-this-instance"
QUEUE = "trace-delete"


@pytest.fixture
def admin(anonymous: TestClient, engines: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    redis().flushdb()
    monkeypatch.setattr(get_settings(), "ADMIN_API_KEY", KEY)
    client = TestClient(anonymous.app, raise_server_exceptions=False)
    client.headers["Authorization"] = f"Bearer {KEY}"
    yield client
    redis().flushdb()


@pytest.mark.parametrize(("method", "path"), [("POST", KEYS), ("GET", QUEUES), ("POST", QUEUES), ("GET", REPLAY), ("POST", REPLAY)])
def test_who_may_not(admin: TestClient, anonymous: TestClient, api: Api, monkeypatch: pytest.MonkeyPatch, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {KEY}"}, api.headers):
        answer = anonymous.request(method, path, headers=headers)
        assert (answer.status_code, answer.json().keys()) == (401, {"error"})
    monkeypatch.setattr(get_settings(), "ADMIN_API_KEY", "")
    answer = admin.request(method, path)
    assert (answer.status_code, answer.json()) == (403, {"error": "ADMIN_API_KEY is not set"})


def test_other_methods(admin: TestClient) -> None:
    for method, path, allowed in (("GET", KEYS, "POST"), ("PUT", QUEUES, "GET, POST"), ("DELETE", REPLAY, "GET, POST")):
        answer = admin.request(method, path)
        assert (answer.status_code, answer.headers["allow"], answer.json()) == (405, allowed, {"error": "Method not allowed"})


_PERIOD = {"projectId": "p", "fromTimestamp": "2026-05-01T10:00:00Z", "toTimestamp": "2026-05-01T11:00:00Z"}


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        (KEYS, {}, ["action"]),
        (KEYS, {"action": "rotate", "projectIds": ["p"]}, ["action"]),
        (KEYS, {"action": "delete"}, ["projectIds"]),
        (KEYS, {"action": "delete", "projectIds": []}, ["projectIds"]),
        (KEYS, {"action": "delete", "projectIds": ["p"] * (MOST + 1)}, ["projectIds"]),
        (KEYS, {"action": "delete", "projectIds": [1]}, ["projectIds", 0]),
        (QUEUES, {"action": "retry"}, ["queueNames"]),
        (QUEUES, {"action": "remove", "queueNames": [QUEUE]}, ["bullStatus"]),
        (QUEUES, {"action": "remove", "queueNames": [QUEUE], "bullStatus": "lost"}, ["bullStatus"]),
        (QUEUES, {"action": "add", "queueName": "trace-delete", "keys": ["p/r"]}, ["queueName"]),
        (QUEUES, {"action": "backup"}, []),
        (REPLAY, {}, ["keys"]),
        (REPLAY, {"keys": []}, ["keys"]),
        (REPLAY, {"keys": ["p/r"] * (MOST + 1)}, ["keys"]),
        (REPLAY, {"keys": ["p/r"], "more": 1}, ["more"]),
        (REPLAY, {"projectId": "p"}, ["fromTimestamp"]),
        (REPLAY, _PERIOD | {"fromTimestamp": "2026-05-01T10:00:00"}, ["fromTimestamp"]),
        (REPLAY, _PERIOD | {"fromTimestamp": "2026-05-01T11:00:00Z"}, []),
        (REPLAY, _PERIOD | {"limit": 0}, ["limit"]),
        (REPLAY, {"deadLetters": "all"}, ["deadLetters"]),
    ],
)  # fmt: skip
def test_wrong_bodies_say_where(admin: TestClient, path: str, body: Any, place: list[Any]) -> None:
    answer = admin.post(path, json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "Invalid request data")
    assert answer.json()["details"][0]["path"] == place
    assert answer.json()["details"][0]["message"]


def test_bodies_are_bounded(admin: TestClient) -> None:
    answer = admin.post(REPLAY, json={"keys": ["x" * 500] * 3_000})
    assert (answer.status_code, answer.json().keys()) == (413, {"error"})


# --- keys ------------------------------------------------------------------------------------------------------------


def test_keys_of_projects_are_revoked(admin: TestClient, api: Api, stranger: Api, organization: TestClient) -> None:
    public = factories.public_key(api.scope)
    answer = admin.post(KEYS, json={"action": "delete", "projectIds": [api.scope.project_id, api.scope.project_id]})
    assert (answer.status_code, answer.json()) == (200, {"message": "API keys deleted"})
    assert api.get("/projects").status_code == 401
    assert stranger.get("/projects").status_code == 200
    assert organization.get("/api/public/organizations/projects").status_code == 200
    log = factories.audit_log(project_id=api.scope.project_id, resource_type="apiKey", action="delete")
    assert (len(log), {entry.api_key_id for entry in log}) == (2, {"ADMIN_KEY"})
    assert public not in str(log)
    assert admin.post(KEYS, json={"action": "delete", "projectIds": [api.scope.project_id]}).status_code == 200


def test_an_unknown_project_stops_the_whole(admin: TestClient, api: Api) -> None:
    for action in ("delete", "invalidate"):
        answer = admin.post(KEYS, json={"action": action, "projectIds": [api.scope.project_id, "no-such"]})
        assert (answer.status_code, answer.json()) == (404, {"error": "Nothing was changed, for there is no project no-such"})
    assert api.get("/projects").status_code == 200


def test_keys_are_looked_up_again(admin: TestClient, api: Api) -> None:
    assert api.get("/projects").status_code == 200
    epoch = streams.key("epoch", "api_keys")
    before = int(redis().get(epoch) or 0)  # pyright: ignore[reportArgumentType]
    answer = admin.post(KEYS, json={"action": "invalidate", "projectIds": [api.scope.project_id]})
    assert (answer.status_code, answer.json()) == (200, {"message": "API keys invalidated"})
    assert int(redis().get(epoch)) == before + 1  # pyright: ignore[reportArgumentType]
    assert api.get("/projects").status_code == 200
    [entry] = factories.audit_log(project_id=api.scope.project_id, action="invalidate")
    assert (entry.type, entry.api_key_id, entry.resource_type) == ("API_KEY", "ADMIN_KEY", "apiKey")


# --- queues ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def announced(admin: TestClient) -> None:
    announce({QUEUE: {"lane": "default", "retries": 0}, "project-delete": {"lane": "default", "retries": 0}})


def counts(admin: TestClient) -> dict[str, dict[str, int]]:
    answer = admin.get(QUEUES)
    assert answer.status_code == 200
    found = [QueueCountsOut.model_validate(one) for one in answer.json()]
    assert {key for one in answer.json() for key in one} == {"queueName", "jobCount"}
    return {one.queue_name: one.job_count for one in found}


def act(admin: TestClient, **body: Any) -> tuple[int, Any]:
    answer = admin.post(QUEUES, json=body)
    if answer.is_success:
        QueueActionOut.model_validate(answer.json())
    return answer.status_code, answer.json()


def fail(count: int = 1) -> None:
    """Jobs that fail at once, as a worker leaves them."""
    for _ in range(count):
        enqueue(QUEUE, "builtins.int", "no number")
    SimpleWorker([queue(QUEUE)], connection=redis()).work(burst=True, logging_level="CRITICAL")


def test_queues_are_counted(admin: TestClient, announced: None, scope: ProjectScope) -> None:
    fail(2)
    enqueue(QUEUE, "builtins.int", "1")
    enqueue(QUEUE, "builtins.int", "1", delay_s=600)
    streams.bury(streams.Entry(b"1-0", "live", 0, Ref("s", 0, 1), scope.project_id), "reason")
    streams.republish(Ref("s", 0, 1), scope.project_id, [1, 2])
    nothing = {"waiting": 0, "active": 0, "delayed": 0, "failed": 0}
    assert counts(admin) == {
        "project-delete": nothing,
        QUEUE: {"waiting": 1, "active": 0, "delayed": 1, "failed": 2},
        "ingestion-live": {"waiting": 0},
        "ingestion-bulk": {"waiting": 2},
        "ingestion-dead-letters": {"failed": 1},
    }


def test_failed_jobs_are_tried_again(admin: TestClient, announced: None) -> None:
    fail(3)
    gone = queue(QUEUE).failed_job_registry.get_job_ids()[0]
    redis().delete(f"rq:job:{gone}")
    names = [QUEUE, "project-delete", "ingestion-live", QUEUE]
    assert act(admin, action="retry", queueNames=names) == (200, {"message": "Retried all jobs", "count": 2})
    assert counts(admin)[QUEUE] == {"waiting": 2, "active": 0, "delayed": 0, "failed": 0}
    assert act(admin, action="retry", queueNames=names) == (200, {"message": "Retried all jobs", "count": 0})
    [first, *_] = factories.audit_log(resource_type="queue", resource_id=QUEUE, action="retry")
    assert (first.org_id, first.project_id, first.api_key_id) == ("", None, "ADMIN_KEY")


@pytest.mark.parametrize(("state", "left"), [("wait", "waiting"), ("failed", "failed"), ("delayed", "delayed")])
def test_jobs_of_a_state_are_removed(admin: TestClient, announced: None, state: str, left: str) -> None:
    fail()
    enqueue(QUEUE, "builtins.int", "1")
    enqueue(QUEUE, "builtins.int", "1", delay_s=600)
    before = counts(admin)[QUEUE]
    assert act(admin, action="remove", queueNames=[QUEUE], bullStatus=state) == (200, {"message": "Removed all jobs", "count": 1})
    assert counts(admin)[QUEUE] == before | {left: 0}
    assert len(list(redis().scan_iter("rq:job:*"))) == 2
    assert factories.audit_log(resource_type="queue", resource_id=QUEUE, action="delete")


def test_finished_jobs_are_forgotten(admin: TestClient, announced: None) -> None:
    enqueue(QUEUE, "builtins.int", "1")
    SimpleWorker([queue(QUEUE)], connection=redis()).work(burst=True, logging_level="CRITICAL")
    for state, count in (("paused", 0), ("prioritized", 0), ("completed", 1), ("completed", 0)):
        assert act(admin, action="remove", queueNames=[QUEUE], bullStatus=state)[1]["count"] == count


def test_what_must_not_be_removed(admin: TestClient, announced: None, scope: ProjectScope) -> None:
    streams.republish(Ref("s", 0, 1), scope.project_id, [1])
    enqueue(QUEUE, "builtins.int", "1")
    for names, state, text in (
        ([QUEUE], "active", "bullStatus active: jobs that run cannot be removed, stop their worker"),
        ([QUEUE, "ingestion-bulk"], "wait", "queueNames ingestion-bulk: what waits there was accepted and will be stored"),
    ):
        assert act(admin, action="remove", queueNames=names, bullStatus=state) == (400, {"error": text})
    assert (counts(admin)["ingestion-bulk"], counts(admin)[QUEUE]["waiting"]) == ({"waiting": 1}, 1)
    for body in ({"action": "retry"}, {"action": "remove", "bullStatus": "failed"}):
        status, answer = act(admin, queueNames=[QUEUE, "no-such"], **body)
        assert (status, answer["error"][:34]) == (400, "queueNames: there is no no-such, o")


# --- replays ---------------------------------------------------------------------------------------------------------


def send(api: Api, *traces: str) -> str:
    """A request with those traces, stored; its id."""
    batch = [
        {"id": f"e-{id}", "type": "trace-create", "timestamp": "2026-05-01T10:00:00Z", "body": {"id": id, "name": id}} for id in traces
    ]
    assert api.post("/ingestion", {"batch": batch}).status_code == 207
    drain()
    return api.get("/ingestion-log", id=traces[0]).json()["data"][0]["requestId"]


def replay(admin: TestClient, **body: Any) -> dict[str, Any]:
    answer = admin.post(REPLAY, json=body)
    assert answer.status_code == 200, answer.text
    ReplayOut.model_validate(answer.json())
    return answer.json()


def stored(scope: ProjectScope) -> list[dict[str, Any]]:
    return clickhouse.query("SELECT * FROM traces FINAL WHERE project_id = {p:String} ORDER BY id", {"p": scope.project_id})


def outcomes(api: Api, id: str) -> list[str]:
    return [entry["outcome"] for entry in api.get("/ingestion-log", id=id).json()["data"]]


def forget(scope: ProjectScope) -> None:
    """Lose the rows, as a mistake of an operator would."""
    clickhouse.command(f"DELETE FROM traces WHERE project_id = '{scope.project_id}' SETTINGS lightweight_deletes_sync = 2")
    assert stored(scope) == []


def test_a_request_is_stored_again_as_it_was(admin: TestClient, api: Api) -> None:
    request_id = send(api, "a", "b", "c")
    before, key = stored(api.scope), f"{api.scope.project_id}/{request_id}"
    assert len(before) == 3
    for _ in range(2):
        assert replay(admin, keys=[key, key]) == {"queued": 1, "skipped": 0, "errors": []}
    drain()
    assert stored(api.scope) == before
    assert outcomes(api, "a") == ["stored"]
    forget(api.scope)
    assert act(admin, action="add", queueName="ingestion-bulk", keys=[key]) == (
        200,
        {"message": "Added 1 requests to ingestion-bulk", "count": 1},
    )
    assert counts(admin)["ingestion-bulk"]["waiting"] > 0
    drain()
    assert [{**row, "event_ts": 0} for row in stored(api.scope)] == [{**row, "event_ts": 0} for row in before]
    log = factories.audit_log(project_id=api.scope.project_id, action="replay")
    assert {(entry.api_key_id, entry.resource_type, entry.after) for entry in log} == {
        ("ADMIN_KEY", "ingestion", f'{{"requestIds":["{request_id}"]}}')
    }


def test_a_request_of_a_sealed_segment_is_stored_again(admin: TestClient, api: Api) -> None:
    log = raw_log()
    assert isinstance(log, FileRawLog)
    log._abandon_segment()
    request_id = send(api, "a")
    [entry] = api.get("/ingestion-log", id="a").json()["data"]
    log._abandon_segment()
    log.seal(next(path for path in log.segments() if entry["payload"].startswith(path.stem)))
    forget(api.scope)
    assert replay(admin, keys=[f"{api.scope.project_id}/{request_id}"])["queued"] == 1
    drain()
    assert [row["id"] for row in stored(api.scope)] == ["a"]


def test_what_cannot_be_stored_again_is_told(admin: TestClient, api: Api, stranger: Api) -> None:
    mine, theirs, project = send(api, "a"), send(stranger, "b"), api.scope.project_id
    assert replay(admin, keys=[f"{project}/{mine}", f"{project}/{theirs}", "no-such/x", "x"]) == {
        "queued": 1,
        "skipped": 3,
        "errors": [
            f"{project}/{theirs}: the ledger knows no such request",
            "no-such/x: there is no such project; a key is <project id>/<request id>",
            "/x: there is no such project; a key is <project id>/<request id>",
        ],
    }
    drain()


def test_expired_and_damaged_requests(admin: TestClient, api: Api) -> None:
    log, ids, paths = raw_log(), list[str](), list[Path]()
    assert isinstance(log, FileRawLog)
    for trace in ("expired", "damaged"):
        log._abandon_segment()
        ids.append(send(api, trace))
        [entry] = api.get("/ingestion-log", id=trace).json()["data"]
        paths.append(next(path for path in log.segments() if entry["payload"].startswith(path.stem)))
    expired, damaged = paths
    expired.unlink()
    with damaged.open("r+b") as file:
        file.write(b"XXXX")
    assert replay(admin, keys=[f"{api.scope.project_id}/{id}" for id in ids])["errors"] == [
        f"{api.scope.project_id}/{ids[0]}: the raw log does not keep it any more",
        f"{api.scope.project_id}/{ids[1]}: it is damaged in the raw log",
    ]
    damaged.unlink()


@pytest.mark.parametrize("erased", [False, True])
def test_what_was_deleted_stays_deleted(admin: TestClient, api: Api, erased: bool) -> None:
    one, two = new_id(), new_id()
    request_id, alone = send(api, one, two), send(api, lonely := new_id())
    for trace in (one, lonely):
        assert api.send("DELETE", f"/traces/{trace}").status_code == 200
    if erased:
        deletions.erase_stores()
        deletions.erase_raw_log()
    replay(admin, keys=[f"{api.scope.project_id}/{id}" for id in (request_id, alone)])
    drain()
    assert [row["id"] for row in api.get("/traces").json()["data"]] == [two]
    assert [row["id"] for row in stored(api.scope) if not row["is_deleted"]] == [two]
    assert admin.get(REPLAY).json()["data"] == []


def test_a_project_that_is_gone(admin: TestClient, api: Api, organization: TestClient) -> None:
    key = f"{api.scope.project_id}/{send(api, 'a')}"
    organization.delete(f"/api/public/projects/{api.scope.project_id}")
    assert replay(admin, keys=[key])["queued"] == 0
    period = _PERIOD | {"projectId": api.scope.project_id}
    assert admin.post(REPLAY, json=period).status_code == 404


def test_a_period_is_stored_again_part_by_part(admin: TestClient, api: Api, stranger: Api) -> None:
    before = time.time()
    ids = [send(api, f"t{number}") for number in range(5)]
    send(stranger, "theirs")
    rows = stored(api.scope)
    forget(api.scope)
    period: dict[str, Any] = {
        "projectId": api.scope.project_id,
        "fromTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(before)),
        "toTimestamp": "2100-01-01T00:00:00+01:00",
        "limit": 2,
    }
    answer, queued, rounds = replay(admin, **period), 0, 1
    while "cursor" in answer:
        assert (answer["queued"], answer["skipped"], answer["errors"]) == (2, 0, [])
        queued += answer["queued"]
        answer, rounds = replay(admin, **period, cursor=answer["cursor"]), rounds + 1
    assert (queued + answer["queued"], rounds) == (len(ids), 3)
    drain()
    assert [row["id"] for row in stored(api.scope)] == [row["id"] for row in rows]
    earlier = period | {"fromTimestamp": "2020-01-01T00:00:00Z", "toTimestamp": "2020-01-02T00:00:00Z"}
    assert replay(admin, **earlier) == {"queued": 0, "skipped": 0, "errors": []}
    assert admin.post(REPLAY, json=period | {"cursor": "nonsense"}).json() == {"error": "Invalid cursor format"}


def test_a_full_backlog_takes_no_replay(admin: TestClient, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    key = f"{api.scope.project_id}/{send(api, 'a')}"
    monkeypatch.setattr(get_settings(), "LANGFUSE_INGESTION_BACKLOG_LIMIT", 1)
    assert replay(admin, keys=[key])["queued"] == 1
    answer: Response = admin.post(REPLAY, json={"keys": [key]})
    assert (answer.status_code, answer.headers["retry-after"], answer.json().keys()) == (503, "5", {"error"})
    drain()


def test_dead_letters_are_listed_and_replayed(admin: TestClient, api: Api) -> None:
    for number in range(3):
        streams.bury(streams.Entry(b"1-0", "live", number, Ref("segment", number, 10), api.scope.project_id), f"ValueError: {number}")
    listed = admin.get(REPLAY, params={"limit": 2})
    DeadLettersOut.model_validate(listed.json())
    one, two = listed.json()["data"]
    assert one == {
        "id": one["id"],
        "diedAt": one["diedAt"],
        "projectId": api.scope.project_id,
        "shard": 0,
        "payload": "segment@0+10",
        "reason": "ValueError: 0",
    }
    assert one["diedAt"].endswith("Z")
    [three] = admin.get(REPLAY, params={"after": two["id"]}).json()["data"]
    assert replay(admin, deadLetters=[one["id"], "nonsense"]) == {
        "queued": 1,
        "skipped": 1,
        "errors": ["nonsense: there is no such dead letter"],
    }
    assert act(admin, action="retry", queueNames=["ingestion-dead-letters"])[1]["count"] == 2
    assert counts(admin)["ingestion-bulk"] == {"waiting": 3}
    log = factories.audit_log(project_id=api.scope.project_id, resource_type="deadLetter")
    assert [entry.resource_id for entry in log] == [one["id"], two["id"], three["id"]]
    assert admin.get(REPLAY, params={"after": "- +"}).json() == {"error": "after must be the id of a dead letter"}
    assert admin.get(REPLAY, params={"limit": 0}).status_code == 400


def test_dead_letters_are_given_up(admin: TestClient, api: Api) -> None:
    streams.bury(streams.Entry(b"1-0", "live", 0, Ref("s", 0, 1), api.scope.project_id), "reason")
    assert act(admin, action="remove", queueNames=["ingestion-dead-letters"], bullStatus="wait")[1]["count"] == 0
    assert act(admin, action="remove", queueNames=["ingestion-dead-letters"], bullStatus="failed")[1]["count"] == 1
    assert admin.get(REPLAY).json() == {"data": []}
