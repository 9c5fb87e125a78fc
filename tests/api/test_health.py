"""Health with real checks (spec/api.md §4.14), and what callers see while PostgreSQL is away."""

import pytest
from fastapi.testclient import TestClient

from langfuse_app import __version__
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import now_us
from langfuse_app.features.health import service
from langfuse_app.stores import cache, postgres
from tests import factories

PATH = "/api/public/health"


@pytest.fixture
def no_postgres(engines: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address where nobody listens."""
    gone = postgres._make("postgresql+psycopg://nobody:nothing@127.0.0.1:1/nowhere")
    monkeypatch.setattr(postgres, "engine", lambda: gone)


def test_recent_events(anonymous: TestClient, scope: ProjectScope) -> None:
    before = anonymous.get(PATH, params={"failIfNoRecentEvents": "true"})
    words = {"No traces within the last 3 minutes", "No observations within the last 3 minutes", "OK"}
    assert before.json()["status"] in words
    assert (before.status_code == 200) == (before.json()["status"] == "OK")
    trace = factories.trace(scope, timestamp=now_us())
    factories.observation(scope, trace, start_time=now_us())
    after = anonymous.get(PATH, params={"failIfNoRecentEvents": "true"})
    assert (after.status_code, after.json()) == (200, {"status": "OK", "version": __version__})


def test_without_postgres(anonymous: TestClient, no_postgres: None) -> None:
    assert anonymous.get(PATH).status_code == 200
    answer = anonymous.get(PATH, params={"failIfDatabaseUnavailable": "true"})
    assert (answer.status_code, answer.json()) == (503, {"status": "Database not available", "version": __version__})
    assert anonymous.get("/api/public/ready").status_code == 503


def test_nobody_is_refused_for_a_database_that_is_away(anonymous: TestClient, scope: ProjectScope, no_postgres: None) -> None:
    cache.bump("api_keys")
    answer = anonymous.get("/api/public/v3/scores", headers={"Authorization": "Basic cGstbGYteDpzay1sZi1uZXZlci1zZWVu"})
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (503, {"message": "Service Unavailable"}, "5")


def test_a_stopping_process_says_so(anonymous: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    service.stop_serving()
    try:
        assert anonymous.get("/api/public/ready").status_code == 500
        assert anonymous.get(PATH).status_code == 200
    finally:
        service._stopping.clear()
