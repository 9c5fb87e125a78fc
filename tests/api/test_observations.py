"""Observations, both generations (spec/api.md §4.2, §11, spec/wire.md §5, §6)."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope
from tests import factories
from tests.api.conftest import Api

V1 = {
    *("id", "projectId", "traceId", "parentObservationId", "name", "type", "environment", "startTime", "endTime", "version", "createdAt"),
    *("updatedAt", "input", "output", "metadata", "level", "statusMessage", "model", "modelParameters", "completionStartTime"),
    *("promptId", "promptName", "promptVersion", "usageDetails", "costDetails", "usage", "unit", "promptTokens", "completionTokens"),
    *("totalTokens", "usagePricingTierName", "usagePricingTierId", "modelId", "inputPrice", "outputPrice", "totalPrice"),
    *("calculatedInputCost", "calculatedOutputCost", "calculatedTotalCost", "latency", "timeToFirstToken"),
}
CORE = {"id", "traceId", "startTime", "endTime", "projectId", "parentObservationId", "type"}
ALWAYS = {"modelId", "inputPrice", "outputPrice", "totalPrice"}
GROUPS = {
    "basic": {
        *("name", "level", "statusMessage", "version", "environment", "bookmarked", "public", "userId", "sessionId"),
        "isRootObservation",
    },
    "time": {"completionStartTime", "createdAt", "updatedAt"},
    "io": {"input", "output"},
    "metadata": {"metadata"},
    "model": {"providedModelName", "model", "internalModelId", "modelParameters"},
    "usage": {"usageDetails", "costDetails", "totalCost", "usagePricingTierName"},
    "prompt": {"promptId", "promptName", "promptVersion"},
    "metrics": {"latency", "timeToFirstToken"},
    "trace_context": {"tags", "release", "traceName"},
}


def generation(scope: ProjectScope, id: str = "gen", at_s: float = 0, **columns: Any) -> str:
    """A generation with everything set, on trace t1."""
    full: dict[str, Any] = {
        "type": "GENERATION",
        "name": "answer",
        "end_time": factories.at(at_s + 1.5),
        "completion_start_time": factories.at(at_s + 0.25),
        "provided_model_name": "gpt-4o",
        "internal_model_id": "model-1",
        "model_parameters": '{"temperature":0.5,"stop":"[\\"x\\"]"}',
        "usage_details": {"input": 10, "input_cached": 5, "output": 7, "total": 22},
        "cost_details": {"input": Decimal("0.001"), "output": Decimal("0.002"), "total": Decimal("0.003")},
        "total_cost": Decimal("0.003"),
        "unit_prices": {"input": Decimal("0.0000025"), "output": Decimal("0.00001")},
        "usage_pricing_tier_id": "tier-1",
        "usage_pricing_tier_name": "Standard",
        "prompt_id": "prompt-1",
        "prompt_name": "greet",
        "prompt_version": 3,
        "input": '[{"role":"user"}]',
        "output": "5",
        "metadata": {"n": "3", "long": "x" * 300},
        "status_message": "fine",
        "version": "v1",
    }
    return factories.observation(scope, "t1", id, at_s, **full | columns)


@pytest.fixture(scope="module")
def two(anonymous: TestClient) -> Api:
    """A project with two observations that differ in everything; tests only read it."""
    scope = factories.project()
    generation(scope)
    factories.trace(scope, "t1", user_id="u1")
    factories.trace(scope, "t2", user_id="u2", session_id="s2")
    factories.observation(scope, "t2", "late", 5, parent_observation_id="gen", level="WARNING", environment="prod", user_id="other")
    return Api(anonymous, scope)


def test_the_first_generation(api: Api, scope: ProjectScope) -> None:
    generation(scope, parent_observation_id="root")
    body = api.get("/observations/gen").json()
    assert body.keys() == V1
    expected = {
        "projectId": scope.project_id,
        "traceId": "t1",
        "parentObservationId": "root",
        "type": "GENERATION",
        "startTime": "2026-05-01T10:00:00.000Z",
        "endTime": "2026-05-01T10:00:01.500Z",
        "completionStartTime": "2026-05-01T10:00:00.250Z",
        "latency": 1.5,
        "timeToFirstToken": 0.25,
        "input": [{"role": "user"}],
        "output": 5,
        "metadata": {"n": 3, "long": "x" * 300},
        "modelParameters": {"temperature": 0.5, "stop": '["x"]'},
        "usage": {"unit": "TOKENS", "input": 15, "output": 7, "total": 22},
        "unit": "TOKENS",
        "promptTokens": 15,
        "completionTokens": 7,
        "totalTokens": 22,
        "usageDetails": {"input": 10, "input_cached": 5, "output": 7, "total": 22},
        "calculatedInputCost": 0.001,
        "calculatedTotalCost": 0.003,
        "inputPrice": 0.0000025,
        "totalPrice": None,
        "modelId": "model-1",
        "promptVersion": 3,
        "usagePricingTierName": "Standard",
    }
    assert {name: body[name] for name in expected} == expected


def test_absent_values_of_the_first_generation(api: Api, scope: ProjectScope) -> None:
    factories.observation(scope, "t1", "bare")
    body = api.get("/observations/bare").json()
    filled = {
        *("id", "projectId", "traceId", "type", "environment", "startTime", "createdAt", "updatedAt", "level", "unit"),
        *("usage", "usageDetails", "costDetails", "promptTokens", "completionTokens", "totalTokens", "metadata"),
    }
    assert {name for name, value in body.items() if value is not None} == filled
    assert (body["usageDetails"], body["costDetails"], body["totalTokens"], body["metadata"]) == ({}, {}, 0, {})


def test_a_foreign_observation_does_not_exist(api: Api, stranger: Api, scope: ProjectScope) -> None:
    generation(scope)
    answer = stranger.get("/observations/gen")
    assert (answer.status_code, answer.json()["error"]) == (404, "LangfuseNotFoundError")
    assert stranger.get("/observations").json()["data"] == []
    assert stranger.get("/v2/observations").json() == {"data": [], "meta": {}}


@pytest.mark.parametrize("path", ["/observations", "/v2/observations"])
@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["late", "gen"]),
        ({"name": "answer"}, ["gen"]),
        ({"type": "SPAN"}, ["late"]),
        ({"traceId": "t2"}, ["late"]),
        ({"level": "WARNING"}, ["late"]),
        ({"parentObservationId": "gen"}, ["late"]),
        ({"environment": "prod,test"}, ["late"]),
        ({"version": "v1"}, ["gen"]),
        ({"userId": "u2"}, ["late"]),
        ({"fromStartTime": "2026-05-01T10:00:01Z"}, ["late"]),
        ({"toStartTime": "2026-05-01T10:00:01Z"}, ["gen"]),
        ({"limit": 1}, ["late"]),
    ],
)
def test_filters(two: Api, path: str, params: dict[str, Any], found: list[str]) -> None:
    assert [row["id"] for row in two.get(path, **params).json()["data"]] == found


def test_pages_of_the_first_generation(api: Api, scope: ProjectScope) -> None:
    for number in range(5):
        factories.observation(scope, "t1", f"o{number}", number)
    body = api.get("/observations", limit=2, page=2).json()
    assert [row["id"] for row in body["data"]] == ["o2", "o1"]
    assert body["meta"] == {"page": 2, "limit": 2, "totalItems": 5, "totalPages": 3}


def test_wrong_values(api: Api) -> None:
    for path in ("/observations?level=LOUD", "/v2/observations?limit=1001", "/v2/observations?isRootObservation=maybe"):
        assert api.get(path).status_code == 400, path
    assert api.get("/v2/observations", parseIoAsJson="true").status_code == 400
    assert api.get("/v2/observations", parseIoAsJson="false").status_code == 200
    for cursor in ("nonsense", base64.b64encode(b"{}").decode(), base64.b64encode(b"[]").decode()):
        answer = api.get("/v2/observations", cursor=cursor)
        assert (answer.status_code, answer.json()["message"]) == (400, "Invalid cursor format")


def test_groups_of_the_second_generation(api: Api, scope: ProjectScope) -> None:
    generation(scope)
    assert api.get("/v2/observations").json()["data"][0].keys() == CORE | ALWAYS | GROUPS["basic"]
    for group, fields in GROUPS.items():
        (row,) = api.get("/v2/observations", fields=f"{group},unknown").json()["data"]
        assert row.keys() == CORE | ALWAYS | fields, group


def test_values_of_the_second_generation(api: Api, scope: ProjectScope) -> None:
    factories.trace(scope, "t1", user_id="u1", session_id="s1", tags=["a"], name="chat", release="r1", bookmarked=True)
    generation(scope, user_id="carried by the span")
    (row,) = api.get("/v2/observations", fields="core," + ",".join(GROUPS)).json()["data"]
    expected = {
        "input": '[{"role":"user"}]',
        "output": "5",
        "metadata": {"n": 3, "long": "x" * 300},
        "model": "gpt-4o",
        "providedModelName": "gpt-4o",
        "modelId": "model-1",
        "inputPrice": "0.0000025",
        "outputPrice": "0.00001",
        "totalPrice": None,
        "userId": "u1",
        "sessionId": "s1",
        "tags": ["a"],
        "traceName": "chat",
        "release": "r1",
        "bookmarked": True,
        "isRootObservation": True,
        "parentObservationId": None,
        "latency": 1.5,
        "totalCost": 0.003,
    }
    assert {name: row[name] for name in expected} == expected


def test_metadata_of_the_second_generation_is_cut(api: Api, scope: ProjectScope) -> None:
    generation(scope)
    cut = api.get("/v2/observations", fields="metadata").json()["data"][0]["metadata"]
    assert cut == {"n": 3, "long": "x" * 200}
    whole = api.get("/v2/observations", fields="metadata", expandMetadata="long").json()["data"][0]["metadata"]
    assert whole["long"] == "x" * 300


def test_roots(api: Api, scope: ProjectScope) -> None:
    factories.observation(scope, "t1", "root")
    factories.observation(scope, "t1", "app", 1, parent_observation_id="root", is_app_root=True)
    factories.observation(scope, "t1", "child", 2, parent_observation_id="app")
    found = {flag: [row["id"] for row in api.get("/v2/observations", isRootObservation=flag).json()["data"]] for flag in ("true", "false")}
    assert found == {"true": ["app", "root"], "false": ["child"]}


def test_the_cursor_neither_repeats_nor_skips(api: Api, scope: ProjectScope) -> None:
    """Many rows share a start to the microsecond, and new ones arrive between the pages."""
    for number in range(25):
        factories.observation(scope, f"t{number % 3}", f"o{number:02}", number // 5 * 0.000001)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        body = api.get("/v2/observations", limit=4, **({"cursor": cursor} if cursor else {})).json()
        seen += [row["id"] for row in body["data"]]
        factories.observation(scope, "t0", at_s=100)
        cursor = body["meta"].get("cursor")
        if cursor is None:
            break
        assert json.loads(base64.b64decode(cursor)).keys() == {"lastStartTimeTo", "lastTraceId", "lastId"}
    assert sorted(seen) == [f"o{number:02}" for number in range(25)]


def test_the_same_id_in_two_traces(api: Api, scope: ProjectScope) -> None:
    factories.observation(scope, "t1", "same", 0, name="one")
    factories.observation(scope, "t2", "same", 1, name="two")
    assert len(api.get("/observations").json()["data"]) == 2
    assert api.get("/observations/same").json()["name"] == "two"
