"""Scores: three generations of reading, two of writing (spec/api.md §4.4, §11)."""

import base64
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope
from tests import factories
from tests.api.conftest import Api
from worker import ingestion

BASE_V1 = {
    *("id", "traceId", "name", "source", "observationId", "timestamp", "createdAt", "updatedAt", "authorUserId", "comment"),
    *("metadata", "configId", "queueId", "environment", "dataType"),
}
CORE_V3 = {"id", "projectId", "name", "source", "timestamp", "environment", "createdAt", "updatedAt", "dataType", "value"}


def every_kind(scope: ProjectScope) -> None:
    """One score of each data type, newest last."""
    factories.trace(scope, "t1", user_id="u1", session_id="s1", tags=["a"], environment="prod")
    factories.score(scope, "numeric", 0, trace_id="t1", value=0.25, comment="fine", metadata={"n": "1"})
    factories.score(scope, "category", 1, trace_id="t1", observation_id="o1", data_type="CATEGORICAL", string_value="good", name="mood")
    factories.score(scope, "flag", 2, trace_id="t1", data_type="BOOLEAN", value=1, string_value="True", source="EVAL")
    factories.score(scope, "text", 3, trace_id="t1", data_type="TEXT", string_value="words", environment="prod")
    factories.score(scope, "fix", 4, trace_id="t1", data_type="CORRECTION", name="output", long_string_value="better")
    factories.score(scope, "session", 5, session_id="s1", value=2)
    factories.score(scope, "run", 6, dataset_run_id="r1", value=3, config_id="c1", queue_id="q1", author_user_id="ada")


@pytest.fixture(scope="module")
def kinds(anonymous: TestClient) -> Api:
    """A project with one score of every kind; tests only read it."""
    scope = factories.project()
    every_kind(scope)
    return Api(anonymous, scope)


def ids(answer: Any) -> list[str]:
    return [row["id"] for row in answer.json()["data"]]


def test_the_first_generation(kinds: Api) -> None:
    body = kinds.get("/scores").json()
    rows = {row["id"]: row for row in body["data"]}
    assert list(rows) == ["text", "flag", "category", "numeric"]
    assert rows["numeric"].keys() == BASE_V1 | {"value", "trace"}
    assert rows["category"].keys() == rows["flag"].keys() == BASE_V1 | {"value", "stringValue", "trace"}
    assert rows["text"].keys() == BASE_V1 | {"stringValue", "trace"}
    assert (rows["category"]["value"], rows["category"]["stringValue"]) == (0, "good")
    assert (rows["flag"]["value"], rows["flag"]["stringValue"]) == (1, "True")
    assert rows["numeric"]["trace"] == {"userId": "u1", "tags": ["a"], "environment": "prod"}
    assert rows["numeric"]["metadata"] == {"n": 1}
    assert body["meta"]["totalItems"] == 4
    one = kinds.get("/scores/numeric").json()
    assert one.keys() == BASE_V1 | {"value"}
    absent = ("observationId", "authorUserId", "configId", "queueId")
    assert {name: one[name] for name in absent} == dict.fromkeys(absent)


def test_what_the_first_generation_cannot_show(kinds: Api, stranger: Api) -> None:
    missing = {"message": "Score not found within authorized project", "error": "LangfuseNotFoundError"}
    for caller, path in (
        (kinds, "/scores/fix"),
        (kinds, "/scores/session"),
        (stranger, "/scores/numeric"),
        (stranger, "/v2/scores/numeric"),
    ):
        answer = caller.get(path)
        assert (answer.status_code, answer.json()) == (404, missing), path
    for path in ("/scores", "/v2/scores", "/v3/scores"):
        assert ids(stranger.get(path)) == []


def test_the_second_generation(kinds: Api) -> None:
    rows = {row["id"]: row for row in kinds.get("/v2/scores").json()["data"]}
    assert list(rows) == ["run", "session", "fix", "text", "flag", "category", "numeric"]
    assert rows["numeric"].keys() == BASE_V1 | {"sessionId", "datasetRunId", "value", "trace"}
    assert (rows["fix"]["value"], rows["fix"]["stringValue"]) == (0, "better")
    assert (rows["session"]["traceId"], rows["session"]["sessionId"], rows["session"]["trace"]) == (None, "s1", None)
    assert rows["numeric"]["trace"] == {"userId": "u1", "tags": ["a"], "environment": "prod", "sessionId": "s1"}
    assert "trace" not in kinds.get("/v2/scores", fields="score").json()["data"][0]
    assert kinds.get("/v2/scores/run").json()["datasetRunId"] == "r1"


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"name": "mood"}, ["category"]),
        ({"userId": "u1"}, ["fix", "text", "flag", "category", "numeric"]),
        ({"userId": "u2"}, []),
        ({"traceTags": "a"}, ["fix", "text", "flag", "category", "numeric"]),
        ({"source": "EVAL"}, ["flag"]),
        ({"environment": "prod"}, ["text"]),
        ({"operator": ">=", "value": 2}, ["run", "session"]),
        ({"value": 2}, ["run", "session", "fix", "text", "flag", "category", "numeric"]),
        ({"scoreIds": "fix,flag"}, ["fix", "flag"]),
        ({"configId": "c1"}, ["run"]),
        ({"queueId": "q1"}, ["run"]),
        ({"dataType": "CORRECTION"}, ["fix"]),
        ({"sessionId": "s1"}, ["session"]),
        ({"datasetRunId": "r1"}, ["run"]),
        ({"observationId": "o1,o2"}, ["category"]),
        ({"traceId": "t1", "limit": 2}, ["fix", "text"]),
        ({"fromTimestamp": "2026-05-01T10:00:05Z"}, ["run", "session"]),
        ({"toTimestamp": "2026-05-01T10:00:01Z"}, ["numeric"]),
    ],
)
def test_filters_of_the_second_generation(kinds: Api, params: dict[str, Any], found: list[str]) -> None:
    assert ids(kinds.get("/v2/scores", **params)) == found


@pytest.mark.parametrize(
    "path",
    ["/scores?fields=trace", "/v2/scores?fields=score&userId=u", "/scores?operator=LIKE", "/scores?dataType=X", "/v2/scores?value=x"],
)
def test_wrong_queries(api: Api, path: str) -> None:
    assert api.get(path).status_code == 400


def test_the_third_generation(kinds: Api) -> None:
    rows = {row["id"]: row for row in kinds.get("/v3/scores").json()["data"]}
    assert all(row.keys() == CORE_V3 for row in rows.values())
    values = {id: row["value"] for id, row in rows.items()}
    expected = {"run": 3, "session": 2, "fix": "better", "text": "words", "flag": True, "category": "good", "numeric": 0.25}
    assert values == expected
    rows = {row["id"]: row for row in kinds.get("/v3/scores", fields="details,subject,annotation").json()["data"]}
    more = {"comment", "configId", "metadata", "subject", "authorUserId", "queueId"}
    assert rows["numeric"].keys() == CORE_V3 | more
    assert rows["numeric"]["subject"] == {"kind": "trace", "id": "t1"}
    assert rows["category"]["subject"] == {"kind": "observation", "id": "o1", "traceId": "t1"}
    assert rows["session"]["subject"] == {"kind": "session", "id": "s1"}
    assert rows["run"]["subject"] == {"kind": "experiment", "id": "r1"}
    assert (rows["run"]["authorUserId"], rows["run"]["queueId"], rows["run"]["configId"]) == ("ada", "q1", "c1")


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"id": "fix,flag"}, ["fix", "flag"]),
        ({"source": "eval"}, ["flag"]),
        ({"dataType": "boolean", "value": "true"}, ["flag"]),
        ({"dataType": "BOOLEAN", "value": "0"}, []),
        ({"dataType": "CATEGORICAL", "value": "good,bad"}, ["category"]),
        ({"dataType": "NUMERIC", "value": "0.25,3"}, ["run", "numeric"]),
        ({"dataType": "NUMERIC", "valueMin": 1, "valueMax": 2}, ["session"]),
        ({"traceId": "t1", "observationId": "o1"}, ["category"]),
        ({"experimentId": "r1"}, ["run"]),
        ({"authorUserId": "ada"}, ["run"]),
    ],
)
def test_filters_of_the_third_generation(kinds: Api, params: dict[str, Any], found: list[str]) -> None:
    assert ids(kinds.get("/v3/scores", **params)) == found


@pytest.mark.parametrize(
    "query",
    [
        *("page=2", "value=1", "dataType=TEXT&value=x", "valueMin=1", "dataType=BOOLEAN&valueMax=1", "observationId=o"),
        *("traceId=a&sessionId=b", "userId=u", "traceTags=a", "dataType=NUMERIC&value=x", "cursor=x", "limit=0"),
    ],
)
def test_wrong_queries_of_the_third_generation(api: Api, query: str) -> None:
    assert api.get(f"/v3/scores?{query}").status_code == 400


def test_the_cursor_of_the_third_generation(api: Api, scope: ProjectScope) -> None:
    for number in range(7):
        factories.score(scope, f"s{number}", number // 3, trace_id="t1", value=number)
    seen: list[str] = []
    cursor = ""
    while True:
        body = api.get("/v3/scores", limit=3, cursor=cursor).json()
        seen += [row["id"] for row in body["data"]]
        assert body["meta"]["limit"] == 3
        cursor = body["meta"].get("cursor", "")
        if not cursor:
            break
        assert json.loads(base64.urlsafe_b64decode(cursor + "==")).keys() == {"v", "lastTimestamp", "lastId"}
    assert seen == ["s6", "s5", "s4", "s3", "s2", "s1", "s0"]


def score(**more: Any) -> dict[str, Any]:
    return {"traceId": "t1", "name": "quality", "value": 0.5} | more


def test_a_score_is_accepted_and_can_be_read(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = api.post(
        "/scores", score(id="mine", comment="ok", metadata={"k": {"deep": 1}}, environment="Prod", timestamp="2026-05-01T10:00:00Z")
    )
    assert (answer.status_code, answer.json()) == (200, {"id": "mine"})
    made = api.post("/scores", score(id="", value="good")).json()["id"]
    monkeypatch.setattr(ingestion, "IDLE_S", 0.2)
    ingestion.drain()
    stored = api.get("/v2/scores/mine").json()
    expected = {"value": 0.5, "comment": "ok", "environment": "prod", "timestamp": "2026-05-01T10:00:00.000Z", "source": "API"}
    assert {name: stored[name] for name in expected} == expected
    assert stored["metadata"] == {"k": {"deep": 1}}
    assert api.get(f"/v3/scores?id={made}").json()["data"][0]["dataType"] == "CATEGORICAL"


@pytest.mark.parametrize(
    "body",
    [
        score(name=""),
        score(value=None),
        score(traceId=None),
        score(sessionId="s1"),
        score(source="EVAL"),
        score(source="ANNOTATION"),
        score(dataType="BOOLEAN", value=2),
        score(dataType="CATEGORICAL", value=1),
        score(timestamp="2026-05-01"),
        "text",
    ],
)
def test_scores_that_break_a_rule(api: Api, body: Any) -> None:
    answer = api.post("/scores", body)
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid request data")
    many = api.post("/scores", [score(), body])
    assert many.status_code == 207
    assert (many.json()["accepted"], many.json()["rejected"], len(many.json()["errors"])) == (1, 1, 1)


def test_an_array_of_scores(api: Api) -> None:
    answer = api.post("/scores", [score(), score(value="good")])
    assert (answer.status_code, answer.json()) == (202, {"message": "Accepted"})


def test_a_browser_writes_scores_with_its_public_key(anonymous: TestClient, scope: ProjectScope) -> None:
    headers = {"Authorization": f"Bearer {factories.public_key(scope)}"}
    assert anonymous.post("/api/public/scores", json=score(id="b"), headers=headers).json() == {"id": "b"}
    assert anonymous.post("/api/public/scores", content="{", headers=headers).status_code == 400
    assert anonymous.post("/api/public/scores", json=score()).status_code == 401
