"""Sessions (spec/api.md §4.3)."""

from langfuse_app.core.scopes import ProjectScope
from tests import factories
from tests.api.conftest import Api
from tests.api.test_traces import CORE


def test_sessions(api: Api, stranger: Api, scope: ProjectScope) -> None:
    factories.trace(scope, "t1", 0, session_id="a/b", environment="prod")
    factories.trace(scope, "t2", 60, session_id="later")
    factories.trace(scope, "t3", 30, session_id="a/b")
    body = api.get("/sessions").json()
    assert [row["id"] for row in body["data"]] == ["later", "a/b"]
    created = "2026-05-01T10:00:00.000Z"
    assert body["data"][1] == {"id": "a/b", "createdAt": created, "projectId": scope.project_id, "environment": "prod"}
    assert body["meta"] == {"page": 1, "limit": 50, "totalItems": 2, "totalPages": 1}
    found = {
        query: [row["id"] for row in api.get(f"/sessions?{query}").json()["data"]]
        for query in ("environment=prod", "fromTimestamp=2026-05-01T10:00:01Z", "toTimestamp=2026-05-01T10:00:01Z", "limit=1&page=2")
    }
    assert list(found.values()) == [["a/b"], ["later"], ["a/b"], ["a/b"]]
    assert stranger.get("/sessions").json()["data"] == []


def test_one_session_with_its_traces(api: Api, stranger: Api, scope: ProjectScope) -> None:
    factories.trace(scope, "t2", 60, session_id="a/b", input='{"x":1}')
    factories.trace(scope, "t1", 0, session_id="a/b")
    for path in ("/sessions/a%2Fb", "/sessions/a/b"):
        body = api.get(path).json()
        assert body.keys() == {"id", "createdAt", "projectId", "environment", "traces"}
        assert [trace["id"] for trace in body["traces"]] == ["t1", "t2"]
        assert body["traces"][0].keys() == CORE
        assert body["traces"][1]["input"] == {"x": 1}
    answer = stranger.get("/sessions/a%2Fb")
    missing = {"message": "Session not found within authorized project", "error": "LangfuseNotFoundError"}
    assert (answer.status_code, answer.json()) == (404, missing)
    assert api.get("/sessions?limit=x").status_code == 400
