"""What holds for every request: ids, CORS, limits, and answers that are never a page (spec/api.md §1.2, §1.3)."""

import pytest
from fastapi.testclient import TestClient

from langfuse_app import __version__
from tests.api.conftest import Api


def test_unknown_paths_are_json(anonymous: TestClient) -> None:
    answer = anonymous.get("/api/public/nothing")
    assert (answer.status_code, answer.json()["error"]) == (404, "LangfuseNotFoundError")


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/api/public/projects"), ("PUT", "/api/public/scores"), ("POST", "/api/public/v3/scores")]
)
def test_other_methods_of_known_paths(anonymous: TestClient, method: str, path: str) -> None:
    answer = anonymous.request(method, path)
    assert (answer.status_code, answer.json()) == (405, {"message": "Method not allowed", "error": "MethodNotAllowedError"})


def test_any_origin_may_ask(anonymous: TestClient) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    preflight = anonymous.options("/api/public/ingestion", headers=asked)
    assert (preflight.status_code, preflight.content) == (204, b"")
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert preflight.headers["access-control-allow-headers"] == "authorization"
    assert anonymous.get("/api/public/traces").headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in anonymous.get("/api/auth/sign-out").headers


def test_every_answer_has_its_id(anonymous: TestClient) -> None:
    assert anonymous.get("/api/public/health", headers={"x-request-id": "mine-1"}).headers["x-request-id"] == "mine-1"
    assert len(anonymous.get("/api/public/health", headers={"x-request-id": "a b"}).headers["x-request-id"]) == 36


def test_a_body_over_its_limit_is_refused(api: Api) -> None:
    answer = api.post("/scores", {"name": "x" * 1_100_000})
    assert (answer.status_code, answer.json()["error"]) == (413, "PayloadTooLargeError")


def test_health(anonymous: TestClient) -> None:
    for path in ("health", "ready"):
        answer = anonymous.get(f"/api/public/{path}?failIfDatabaseUnavailable=true")
        assert (answer.status_code, answer.json()) == (200, {"status": "OK", "version": __version__})
        assert anonymous.head(f"/api/public/{path}").status_code == 200


def test_projects(api: Api) -> None:
    body = api.get("/projects").json()
    organization = {"id": api.scope.org_id, "name": "test organisation"}
    assert body == {"data": [{"id": api.scope.project_id, "name": "test project", "organization": organization, "metadata": {}}]}


@pytest.mark.parametrize(
    ("path", "field"),
    [("/traces?page=0", "page"), ("/traces?limit=101", "limit"), ("/traces?fromTimestamp=2026-05-01T00:00:00", "fromTimestamp")],
)
def test_wrong_parameters_are_listed(api: Api, path: str, field: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 400
    assert answer.json()["message"] == "Invalid request data"
    (issue,) = answer.json()["error"]
    assert issue["path"] == [field]
    assert issue["code"]
    assert issue["message"]


def test_an_empty_parameter_is_an_absent_one(api: Api) -> None:
    assert api.get("/traces?page=&limit=&userId=&fromTimestamp=&environment=").json()["meta"]["limit"] == 50
