"""POST and PATCH of single events (spec/api.md §12)."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope
from tests import factories
from tests.api.conftest import Api
from tests.draining import drain

ROUTES = [("POST", "events"), ("POST", "spans"), ("PATCH", "spans"), ("POST", "generations"), ("PATCH", "generations")]


def send(api: Api, method: str, path: str, body: Any):
    return api.client.request(method, f"/api/public/{path}", json=body, headers=api.headers)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_key_is_needed(anonymous: TestClient, scope: ProjectScope, method: str, path: str) -> None:
    assert anonymous.request(method, f"/api/public/{path}", json={}).status_code == 401
    browser = {"Authorization": f"Bearer {factories.public_key(scope)}"}
    assert anonymous.request(method, f"/api/public/{path}", json={}, headers=browser).status_code == 403


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("body", [[], "text", {"id": "x", "spanId": "x", "generationId": "x", "startTime": "noon"}])
def test_what_is_wrong_is_named(api: Api, method: str, path: str, body: Any) -> None:
    answer = send(api, method, path, body)
    assert answer.status_code == 400
    assert answer.json()["message"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("nothing", [{}, [], 0, False])
@pytest.mark.parametrize("field", ["id", "traceId"])
def test_an_empty_value_of_another_kind_is_no_absent_id(api: Api, method: str, path: str, field: str, nothing: Any) -> None:
    name = f"{path[:-1]}Id" if method == "PATCH" and field == "id" else field
    assert send(api, method, path, {f"{path[:-1]}Id": "x", name: nothing}).status_code == 400


@pytest.mark.parametrize("path", ["events", "spans", "generations"])
@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_id_is_an_absent_one(api: Api, path: str, empty: str | None) -> None:
    assert len(send(api, "POST", path, {"id": empty, "traceId": empty}).json()["id"]) == 36


@pytest.mark.parametrize("path", ["spans", "generations"])
def test_an_update_names_what_it_updates(api: Api, path: str) -> None:
    answer = send(api, "PATCH", path, {"name": "x"})
    assert (answer.status_code, answer.json()["message"]) == (400, f"{path[:-1]}Id must say which {path[:-1]} to update")


def test_a_generation_lives_its_life(api: Api, stranger: Api) -> None:
    start = {"traceId": "t", "name": "answer", "model": "gpt-4o", "prompt": "Hello?", "startTime": "2026-05-01T10:00:00Z"}
    created = send(api, "POST", "generations", start)
    id = created.json()["id"]
    assert created.json() == {"id": id}
    end = {"generationId": id, "completion": "Hi.", "endTime": "2026-05-01T10:00:02Z", "usage": {"promptTokens": 3, "completionTokens": 2}}
    assert send(api, "PATCH", "generations", end).json() == {"id": id}
    drain()
    found = api.get(f"/observations/{id}").json()
    assert (found["input"], found["output"], found["model"], found["latency"]) == ("Hello?", "Hi.", "gpt-4o", 2.0)
    assert (found["usageDetails"]["input"], found["usageDetails"]["output"]) == (3, 2)
    assert stranger.get(f"/observations/{id}").status_code == 404


def test_spans_and_events(api: Api) -> None:
    span = send(api, "POST", "spans", {"traceId": "t", "name": "step", "startTime": "2026-05-01T10:00:00Z"}).json()["id"]
    send(api, "PATCH", "spans", {"spanId": span, "output": {"a": 1}})
    event = send(api, "POST", "events", {"traceId": "t", "id": "event-1", "name": "clicked"}).json()["id"]
    drain()
    assert api.get(f"/observations/{span}").json()["output"] == {"a": 1}
    assert (event, api.get("/observations/event-1").json()["type"]) == ("event-1", "EVENT")
