"""Rate limits (spec/api.md §1.2, §1.5): off until settings say otherwise."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.errors import SettingsError
from langfuse_app.core.settings import get_settings
from langfuse_app.features.rate_limits import plans, service
from langfuse_app.features.rate_limits import repository_redis as counters
from tests import factories
from tests.api.conftest import Api

Set = Callable[..., None]


@pytest.fixture
def limited(engines: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Set]:
    def forget() -> None:
        service.enabled.cache_clear()
        service._limits.cache_clear()

    def set_limits(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setattr(get_settings(), name, value)
        forget()

    yield set_limits
    monkeypatch.undo()
    forget()


def test_nothing_is_counted_by_default(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "count", lambda *_: pytest.fail("counted"))
    assert api.get("/v3/scores").status_code == 200


def test_the_answer_is_the_contracts(api: Api, limited: Set) -> None:
    limited(LANGFUSE_RATE_LIMITS="public-api=2/minute")
    assert [api.get("/v3/scores").status_code for _ in range(2)] == [200, 200]
    answer = api.get("/v3/scores")
    body = answer.json()
    wait = body["details"]["retryAfterSeconds"]
    assert answer.status_code == 429
    assert body == {
        "message": "Rate limit exceeded",
        "code": "rate_limited",
        "details": {"retryAfterSeconds": wait, "limit": 2, "remaining": 0, "resetAt": body["details"]["resetAt"]},
    }
    assert 0 < wait <= 60
    reset = datetime.fromisoformat(body["details"]["resetAt"])
    assert abs((reset - datetime.now(UTC)).total_seconds() - wait) < 2
    headers = answer.headers
    assert (headers["retry-after"], headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == (str(wait), "2", "0")
    assert abs((parsedate_to_datetime(headers["x-ratelimit-reset"]) - reset).total_seconds()) < 1
    assert api.get("/projects").status_code == 200


def test_resources_organisations_and_keys_are_counted_apart(api: Api, stranger: Api, anonymous: TestClient, limited: Set) -> None:
    limited(LANGFUSE_RATE_LIMITS="public-api=3/hour, ingestion=1/hour", LANGFUSE_RATE_LIMITS_PER_KEY="public-api=2/hour")
    other_key = factories.basic_auth(api.scope)
    got = [api.get("/v3/scores").status_code for _ in range(3)]
    assert got == [200, 200, 429]
    assert anonymous.get("/api/public/v3/scores", headers=other_key).status_code == 429  # the organisation has used three
    assert stranger.get("/v3/scores").status_code == 200
    assert [api.post("/ingestion", {"batch": []}).status_code for _ in range(2)] == [207, 429]


def test_a_window_ends(api: Api, limited: Set) -> None:
    limited(LANGFUSE_RATE_LIMITS="public-api=1/second")
    statuses = [api.get("/v3/scores").status_code for _ in range(2)]
    time.sleep(1.1)
    assert [*statuses, api.get("/v3/scores").status_code] == [200, 429, 200]


def test_old_reads_name_their_successor(api: Api, limited: Set) -> None:
    limited(LANGFUSE_RATE_LIMITS="public-api-legacy=1/minute")
    api.get("/traces")
    assert api.get("/traces").json()["message"] == "Rate limit exceeded. GET /api/public/v2/observations answers more with a higher limit"


def test_without_redis_everybody_comes_in(api: Api, limited: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    from limits.errors import StorageError

    def away(*_: Any) -> bool:
        raise StorageError(ConnectionError("Redis is away"))

    limited(LANGFUSE_RATE_LIMITS="public-api=0/minute")
    monkeypatch.setattr(counters, "hit", away)
    assert api.get("/v3/scores").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "resource"),
    [
        ("POST", "/api/public/ingestion", "ingestion"),
        ("POST", "/api/public/otel/v1/traces", "ingestion"),
        ("POST", "/v1/traces", "ingestion"),
        ("POST", "/api/public/media", "media-upload"),
        ("POST", "/api/public/traces", "legacy-ingestion"),
        ("PATCH", "/api/public/generations", "legacy-ingestion"),
        ("GET", "/api/public/traces/x", "public-api-legacy"),
        ("GET", "/api/public/observations", "public-api-legacy"),
        ("GET", "/api/public/v2/observations", "public-api"),
        ("GET", "/api/public/sessions", "public-api-legacy"),
        ("DELETE", "/api/public/traces", "trace-delete"),
        ("DELETE", "/api/public/scores/x", "score-delete"),
        ("GET", "/api/public/metrics", "public-api-metrics"),
        ("GET", "/api/public/metrics/daily", "public-api-daily-metrics-legacy"),
        ("GET", "/api/public/v2/metrics", "public-api-v2-metrics"),
        ("GET", "/api/public/v2/datasets", "datasets"),
        ("POST", "/api/public/dataset-run-items", "datasets"),
        ("GET", "/api/public/annotation-queues", "annotation-queues"),
        ("POST", "/api/public/feedback", "feedback"),
        ("GET", "/api/public/v2/prompts", "prompts"),
        ("GET", "/api/public/models", "public-api"),
        ("GET", "/api/public/projects", ""),
    ],
)
def test_the_resource_of_a_route(method: str, path: str, resource: str) -> None:
    assert plans.resource(method, path) == resource


def test_plans() -> None:
    assert plans.allowed("hobby")["public-api-daily-metrics-legacy"] == "10/day"
    assert plans.allowed("core")["public-api-v2-metrics"] == "100/hour"
    assert plans.allowed("pro")["trace-delete"] == "1000/day"
    assert all("prompts" not in plans.allowed(plan) for plan in plans.PLANS)


@pytest.mark.parametrize("wrong", ["public=1/minute", "public-api=many", "public-api"])
def test_wrong_settings_stop_the_start(limited: Set, wrong: str) -> None:
    limited(LANGFUSE_RATE_LIMITS=wrong)
    with pytest.raises(SettingsError, match="LANGFUSE_RATE_LIMITS"):
        service.check_settings()


def test_a_tool_counts_as_the_route_that_it_is(api: Api, limited: Set) -> None:
    limited(LANGFUSE_RATE_LIMITS="datasets=1/minute, public-api=1/minute")

    def message(method: str, **params: Any) -> Any:
        return api.post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).json()["result"]

    assert [message("ping") for _ in range(3)] == [{}, {}, {}]
    first, second = (message("tools/call", name="list_datasets") for _ in range(2))
    assert (first["isError"], second["isError"]) == (False, True)
    assert json.loads(second["content"][0]["text"])["code"] == "rate_limited"
    assert not message("tools/call", name="list_models")["isError"]
