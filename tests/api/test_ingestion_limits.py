"""Acceptance at its limits, over HTTP: a full backlog, a raw log that is away, a key that is revoked."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import Settings
from langfuse_app.core.time import parse_iso
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.ingest import service as ingest
from langfuse_app.features.ledger import service as ledger
from langfuse_app.stores.redis import redis
from tests import factories
from tests.draining import drain
from tests.otlp import encode, export, span
from tests.product import free_port
from tests.s3 import running_s3
from tests.web import web_process

LIMIT = 12
Send = Callable[[], httpx.Response]


@pytest.fixture(scope="module")
def web(engines: Settings) -> Iterator[str]:
    """A web process that takes few entries, on the engines and the raw log of this run."""
    with web_process(role="api", LANGFUSE_INGESTION_BACKLOG_LIMIT=str(LIMIT)) as url:
        yield url


@pytest.fixture
def scope(engines: Settings) -> Iterator[ProjectScope]:
    redis().flushdb()
    yield factories.project()
    redis().flushdb()


class Client:
    """A key of the project at a web process."""

    def __init__(self, url: str, scope: ProjectScope) -> None:
        self._http = httpx.Client(base_url=url, headers=factories.basic_auth(scope), timeout=30)

    def batch(self, events: int = 1) -> httpx.Response:
        made = [
            {"id": new_id(), "type": "trace-create", "timestamp": "2026-05-01T10:00:00Z", "body": {"id": new_id()}} for _ in range(events)
        ]
        return self._http.post("/api/public/ingestion", json={"batch": made})

    def spans(self) -> httpx.Response:
        body = encode(export(span(traceId=new_id().replace("-", ""))))
        return self._http.post("/api/public/otel/v1/traces", content=body, headers={"content-type": "application/json"})


@pytest.fixture
def client(web: str, scope: ProjectScope) -> Iterator[Client]:
    found = Client(web, scope)
    time.sleep(1.1)  # what the process knows of the backlog of another test is a second old
    yield found
    found._http.close()


def told_to_wait(answer: httpx.Response) -> dict[str, Any]:
    """The body of a refusal that names its time."""
    assert int(answer.headers["retry-after"]) > 0
    return answer.json()


def accepted_again(send: Send, seconds: float = 10) -> int:
    deadline = time.monotonic() + seconds
    while (status := send().status_code) >= 400 and time.monotonic() < deadline:
        assert status in (429, 503)
        time.sleep(0.1)
    return status


def stored(scope: ProjectScope) -> int:
    found = ledger.newest(scope, limit=1000)
    assert {entry.outcome for entry in found} <= {"stored"}
    return len(found)


def test_a_full_backlog_says_429_and_when_to_come_again(client: Client, scope: ProjectScope) -> None:
    assert client.batch(60).status_code == 207  # touches more shards than LIMIT
    for answer in (client.batch(), client.spans()):
        assert answer.status_code == 429
        body, now = told_to_wait(answer), datetime.now(UTC)
        assert (body["message"], body["code"]) == ("Too many events are waiting to be processed: try again later", "rate_limited")
        details = body["details"]
        assert set(details) == {"retryAfterSeconds", "limit", "remaining", "resetAt"}
        assert (details["limit"], details["remaining"]) == (LIMIT, 0)
        assert details["retryAfterSeconds"] == int(answer.headers["retry-after"])
        assert now < parse_iso(details["resetAt"]) <= now + timedelta(seconds=details["retryAfterSeconds"])
        assert answer.headers["x-ratelimit-limit"] == str(LIMIT)
    drain()
    assert (accepted_again(client.batch), accepted_again(client.spans)) == (207, 200)
    drain()
    assert stored(scope) == 62  # what was refused came in once, when it was accepted


def test_a_raw_log_that_is_away_is_said_with_503_until_it_is_back(client: Client, scope: ProjectScope, engines: Settings) -> None:
    folder = engines.data_dir / "blobs" / "rawlog"
    away = folder.with_name("rawlog-away")
    assert (client.batch().status_code, client.spans().status_code) == (207, 200)
    folder.rename(away)
    folder.write_text("in the way")
    try:
        for answer in (client.batch(), client.spans(), client.batch()):
            assert answer.status_code == 503
            assert "raw log" in told_to_wait(answer)["message"]
    finally:
        folder.unlink()
        away.rename(folder)
    assert (accepted_again(client.batch), accepted_again(client.spans)) == (207, 200)
    drain()
    assert stored(scope) == 4


def test_a_bucket_that_is_away_is_said_with_503_until_it_is_back(engines: Settings, scope: ProjectScope, tmp_path: Path) -> None:
    port = free_port()
    where = {"BUCKET": "events", "ENDPOINT": f"http://127.0.0.1:{port}", "REGION": "us-east-1", "FORCE_PATH_STYLE": "true"}
    secrets = {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b"}
    settings = {f"LANGFUSE_S3_EVENT_UPLOAD_{name}": value for name, value in (where | secrets).items()}
    with web_process(role="api", **settings) as url:
        client = Client(url, scope)
        with running_s3("events", port):
            assert (client.batch().status_code, client.spans().status_code) == (207, 200)
        for answer in (client.batch(), client.spans()):
            assert answer.status_code == 503
            assert "bucket" in told_to_wait(answer)["message"]
        with running_s3("events", port):
            assert (accepted_again(client.batch), accepted_again(client.spans)) == (207, 200)
        client._http.close()
    assert sum(ingest.backlog().values()) == 4


def test_a_revoked_key_is_refused_within_a_second(web: str, scope: ProjectScope) -> None:
    """The key was used a moment ago, so that the process has it in its memory."""
    pair = api_keys.create_key(scope)
    with httpx.Client(base_url=web, auth=(pair.item.public_key, pair.secret_key), timeout=10) as client:
        assert client.get("/api/public/projects").status_code == 200
        api_keys.delete_key(scope, pair.item.id)
        revoked, seen = time.monotonic(), 200
        while seen == 200 and time.monotonic() - revoked < 5:
            asked = time.monotonic()
            seen = client.get("/api/public/projects").status_code
            assert seen in (200, 401)
        assert (seen, asked - revoked < 1.1) == (401, True)
        for path, content in (("/api/public/ingestion", "application/json"), ("/api/public/otel/v1/traces", "application/x-protobuf")):
            assert client.post(path, content=b"", headers={"content-type": content}).status_code == 401
