"""GET and POST /traces, GET /traces/{id}, GET /trace/{id} (spec/api.md §4.1, spec/wire.md §5, §6)."""

from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.accounts import service as accounts
from tests import factories
from tests.api.conftest import Api

CORE = {
    *("id", "projectId", "name", "timestamp", "environment", "tags", "bookmarked", "release", "version", "userId", "public"),
    *("input", "output", "metadata", "sessionId", "createdAt", "updatedAt", "externalId"),
}
DETAILS = CORE | {"htmlPath", "latency", "totalCost", "observations", "scores"}


def conversation(scope: ProjectScope, id: str = "t1", at_s: float = 0, **columns: Any) -> None:
    """A trace with a root span, a generation with a cost, an error, and two scores."""
    known: dict[str, Any] = {"name": "chat", "user_id": "u1", "session_id": "s1", "tags": ["a", "b"], "release": "r1", "version": "v1"}
    payload = {"input": '{"q":"hi"}', "output": "plain", "metadata": {"count": "3", "who": "ada", "deep": '{"x":[1]}'}}
    factories.trace(scope, id, at_s, **known | payload | columns)
    factories.observation(scope, id, f"{id}-root", at_s, name="root", end_time=factories.at(at_s + 2))
    factories.observation(
        scope,
        id,
        f"{id}-gen",
        at_s + 0.5,
        type="GENERATION",
        parent_observation_id=f"{id}-root",
        provided_model_name="gpt-4o",
        usage_details={"input": 10, "input_cached": 5, "output": 7, "total": 22},
        cost_details={"input": Decimal("0.001"), "output": Decimal("0.002"), "total": Decimal("0.003")},
        total_cost=Decimal("0.003"),
        end_time=factories.at(at_s + 1),
        level="ERROR",
    )
    factories.score(scope, f"{id}-score", at_s, trace_id=id, value=0.5)
    factories.score(scope, f"{id}-fix", at_s + 1, trace_id=id, data_type="CORRECTION", name="output", long_string_value="better")


@pytest.fixture(scope="module")
def two(anonymous: TestClient) -> Api:
    """A project with two traces that differ in everything; tests only read it."""
    scope = factories.project()
    conversation(scope)
    other = {"name": "other", "user_id": "u2", "session_id": "s2", "tags": ["a", "c"], "release": "r2", "version": "v2"}
    conversation(scope, "t2", 60, environment="prod", **other)
    return Api(anonymous, scope)


def test_one_trace_with_everything(api: Api, scope: ProjectScope) -> None:
    conversation(scope)
    body = api.get("/traces/t1").json()
    assert body.keys() == DETAILS
    assert (body["input"], body["output"]) == ({"q": "hi"}, "plain")
    assert body["metadata"] == {"count": 3, "who": "ada", "deep": {"x": [1]}}
    assert (body["latency"], body["totalCost"]) == (2.0, 0.003)
    assert (body["timestamp"], body["tags"], body["externalId"]) == ("2026-05-01T10:00:00.000Z", ["a", "b"], None)
    assert body["htmlPath"] == f"/project/{scope.project_id}/traces/t1"
    assert [item["id"] for item in body["observations"]] == ["t1-root", "t1-gen"]
    assert [item["id"] for item in body["scores"]] == ["t1-score"]  # a correction has no first-generation form


def test_absent_values_are_null(api: Api, scope: ProjectScope) -> None:
    factories.trace(scope, "bare")
    body = api.get("/traces/bare").json()
    absent = ("name", "userId", "sessionId", "release", "version", "input", "output", "externalId")
    assert {name: body[name] for name in absent} == dict.fromkeys(absent)
    assert (body["metadata"], body["tags"], body["observations"], body["scores"]) == ({}, [], [], [])
    assert (body["latency"], body["totalCost"]) == (0, 0)


def test_a_foreign_trace_does_not_exist(api: Api, stranger: Api, scope: ProjectScope) -> None:
    conversation(scope)
    answer = stranger.get("/traces/t1")
    missing = {"message": "Trace t1 not found within authorized project", "error": "LangfuseNotFoundError"}
    assert (answer.status_code, answer.json()) == (404, missing)
    assert stranger.get("/traces").json()["data"] == []


def test_a_row_of_the_list(api: Api, scope: ProjectScope) -> None:
    conversation(scope)
    body = api.get("/traces").json()
    (row,) = body["data"]
    assert row.keys() == DETAILS
    assert (row["observations"], row["scores"]) == (["t1-root", "t1-gen"], ["t1-score", "t1-fix"])
    assert (row["latency"], row["totalCost"]) == (2.0, 0.003)
    assert body["meta"] == {"page": 1, "limit": 50, "totalItems": 1, "totalPages": 1}


def test_groups_that_were_not_asked_for(api: Api, scope: ProjectScope) -> None:
    conversation(scope)
    (row,) = api.get("/traces", fields="core,nonsense").json()["data"]
    assert (row["observations"], row["scores"], row["latency"], row["totalCost"], row["input"]) == ([], [], -1, -1, None)
    one = api.get("/traces/t1", fields="core,metrics").json()
    assert (one["observations"], one["scores"], one["latency"], one["input"]) == ([], [], 2.0, None)


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"userId": "u2"}, ["t2"]),
        ({"name": "other"}, ["t2"]),
        ({"sessionId": "s2"}, ["t2"]),
        ({"tags": "a,b"}, ["t1"]),
        ({"tags": ["a", "c"]}, ["t2"]),
        ({"tags": "a"}, ["t2", "t1"]),
        ({"version": "v2"}, ["t2"]),
        ({"release": "r2"}, ["t2"]),
        ({"environment": ["prod", "test"]}, ["t2"]),
        ({"fromTimestamp": "2026-05-01T10:01:00Z"}, ["t2"]),
        ({"toTimestamp": "2026-05-01T12:01:00+02:00"}, ["t1"]),
        ({"orderBy": "timestamp.asc"}, ["t1", "t2"]),
        ({"orderBy": "name.desc"}, ["t2", "t1"]),
        ({"limit": 1}, ["t2"]),
        ({"limit": 1, "page": 2}, ["t1"]),
        ({"userId": "nobody"}, []),
    ],
)
def test_filters_and_order(two: Api, params: dict[str, Any], found: list[str]) -> None:
    body = two.get("/traces", **params).json()
    assert [row["id"] for row in body["data"]] == found
    assert body["meta"]["totalItems"] == (2 if "limit" in params else len(found))


def test_an_order_that_does_not_exist(api: Api) -> None:
    answer = api.get("/traces", orderBy="latency; DROP TABLE traces")
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequestError")


def test_values_are_never_part_of_the_query(api: Api, scope: ProjectScope) -> None:
    nasty = "a'b/\\c\"d\te\tf{p1:String} – 你好"
    factories.trace(scope, nasty, user_id=nasty)
    assert [row["id"] for row in api.get("/traces", userId=nasty).json()["data"]] == [nasty]
    assert api.get("/traces/a%27b%2F%5Cc%22d%09e%09f%7Bp1%3AString%7D%20%E2%80%93%20%E4%BD%A0%E5%A5%BD").json()["id"] == nasty


def test_the_newest_version_counts(api: Api, scope: ProjectScope) -> None:
    factories.trace(scope, "t1", 0, name="first", user_id="old")
    factories.trace(scope, "t1", 30, name="second", user_id="new")
    factories.trace(scope, "gone", 10)
    factories.trace(scope, "gone", 10, is_deleted=1)
    body = api.get("/traces").json()
    assert [(row["id"], row["name"]) for row in body["data"]] == [("t1", "second")]
    assert body["meta"]["totalItems"] == 1
    assert api.get("/traces", userId="old").json()["data"] == []
    assert api.get("/traces/gone").status_code == 404


def test_a_short_link_finds_the_trace_for_members_only(anonymous: TestClient, scope: ProjectScope) -> None:
    trace_id = factories.trace(scope)
    asked = anonymous.get(f"/trace/{trace_id}")
    assert (asked.status_code, asked.headers["location"]) == (303, f"/auth/sign-in?next=%2Ftrace%2F{trace_id}")
    for owner, status in ((scope, 303), (factories.project(), 404)):
        token = accounts.sign_in(factories.user(owner).email, "correct horse battery")
        answer = anonymous.get(f"/trace/{trace_id}", headers={"Cookie": f"{accounts.COOKIE}={token}"})
        assert answer.status_code == status
    assert asked.status_code == 303


def test_a_trace_written_as_before_batches(api: Api) -> None:
    assert api.post("/traces", {"id": "mine", "name": "x"}).json() == {"id": "mine"}
    assert len(api.post("/traces", {"name": "x"}).json()["id"]) == 36
    assert api.post("/traces", {"name": 5}).status_code == 400
    assert api.post("/traces", []).status_code == 400
    assert [api.post("/traces", {"id": nothing}).status_code for nothing in ({}, [], 0, False)] == [400] * 4
    assert len(api.post("/traces", {"id": ""}).json()["id"]) == 36
