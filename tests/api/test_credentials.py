"""Who gets in, and with which words the others are refused (spec/api.md §1.1). Invariant 3."""

import base64
import time
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope, Right
from langfuse_app.core.time import utcnow
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.api_keys.schemas import KeyWish
from tests import factories

HOST = "Confirm that you've configured the correct host."
READS = ["/projects", "/traces", "/traces/x", "/observations", "/observations/x", "/v2/observations", "/scores", "/scores/x"]
READS += ["/v2/scores", "/v2/scores/x", "/v3/scores", "/sessions", "/sessions/x"]


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "No authorization header"),
        ("Digest x", "Invalid authorization header"),
        ("Basic ???", f"Invalid authorization header. {HOST}"),
        (basic("only-one-part"), f"Invalid authorization header. {HOST}"),
        (basic("pk-lf-x:sk-lf-x"), f"Invalid credentials. {HOST}"),
        ("Bearer pk-lf-nobody", f"Invalid public key. {HOST}"),
    ],
)
def test_the_words_of_a_refusal(anonymous: TestClient, path: str, header: str | None, message: str) -> None:
    answer = anonymous.get(f"/api/public{path}", headers={"Authorization": header} if header else {})
    assert (answer.status_code, answer.json()) == (401, {"message": message})


@pytest.mark.parametrize("path", READS)
def test_a_public_key_alone_reads_nothing(anonymous: TestClient, scope: ProjectScope, path: str) -> None:
    answer = anonymous.get(f"/api/public{path}", headers={"Authorization": f"Bearer {factories.public_key(scope)}"})
    assert (answer.status_code, answer.json()) == (403, {"message": "Access denied - insufficient permissions for this endpoint"})


def test_the_batch_route_names_the_error(anonymous: TestClient) -> None:
    answer = anonymous.post("/api/public/ingestion", json={"batch": []})
    assert (answer.status_code, answer.json()) == (401, {"message": "No authorization header", "error": "UnauthorizedError"})


def test_the_secret_decides_and_a_second_colon_ends_it(anonymous: TestClient, scope: ProjectScope) -> None:
    key = api_keys.create_key(scope)
    answer = anonymous.get("/api/public/projects", headers={"Authorization": basic(f"pk-lf-other:{key.secret_key}:lost")})
    assert answer.json()["data"][0]["id"] == scope.project_id


def test_a_revoked_key_is_refused_within_a_second(anonymous: TestClient, scope: ProjectScope) -> None:
    key = api_keys.create_key(scope)
    headers = {"Authorization": basic(f"{key.item.public_key}:{key.secret_key}")}
    assert anonymous.get("/api/public/projects", headers=headers).status_code == 200
    api_keys.delete_key(scope, key.item.id)
    time.sleep(1)
    assert anonymous.get("/api/public/projects", headers=headers).status_code == 401


def test_keys_are_shown_once_and_belong_to_one_project(scope: ProjectScope, engines: object) -> None:
    new = api_keys.create_key(scope, KeyWish("laptop"))
    listed = api_keys.list_keys(scope)
    assert [item.note for item in listed] == ["laptop"]
    assert new.item.display_secret_key == f"sk-lf-...{new.secret_key[-4:]}"
    assert new.secret_key not in repr(listed)
    assert api_keys.list_keys(factories.project()) == []


def test_a_key_of_an_organisation_opens_no_project(anonymous: TestClient, scope: ProjectScope) -> None:
    for path in (path for path in READS if path != "/projects"):
        answer = anonymous.get(f"/api/public{path}", headers=factories.organization_auth(scope))
        assert (answer.status_code, answer.json()) == (403, {"message": "Access denied - insufficient permissions for this endpoint"})
    public = api_keys.create_key(factories.organization(scope)).item.public_key
    answer = anonymous.post("/api/public/scores", json={"name": "x"}, headers={"Authorization": f"Bearer {public}"})
    message = f"Unauthorized: Cannot use organization key with bearer auth. {HOST}"
    assert (answer.status_code, answer.json()) == (401, {"message": message})


def test_an_expired_key_is_refused(anonymous: TestClient, scope: ProjectScope) -> None:
    soon = api_keys.create_key(scope, KeyWish(expires_at=utcnow() + timedelta(seconds=1.5)))
    headers = {"Authorization": basic(f"{soon.item.public_key}:{soon.secret_key}")}
    assert anonymous.get("/api/public/projects", headers=headers).status_code == 200
    time.sleep(1.6)
    answer = anonymous.get("/api/public/projects", headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"message": f"Invalid credentials. {HOST}"})


SCORE = {"traceId": "t", "name": "n", "value": 1}
BATCH = {"batch": [{"id": "e", "type": "trace-create", "timestamp": "2026-05-01T10:00:00Z", "body": {"id": "t"}}]}


@pytest.mark.parametrize(
    ("rights", "read", "score", "batch", "model"),
    [
        ((), 200, 200, 207, 400),
        ((Right.READ,), 200, 403, 403, 403),
        ((Right.INGEST,), 403, 200, 207, 403),
        ((Right.SCORES,), 403, 200, 401, 403),
        ((Right.READ, Right.SCORES), 200, 200, 401, 403),
    ],
)
def test_a_narrowed_key(
    anonymous: TestClient, scope: ProjectScope, rights: tuple[Right, ...], read: int, score: int, batch: int, model: int
) -> None:
    new = api_keys.create_key(scope, KeyWish(scopes=rights))
    headers = {"Authorization": basic(f"{new.item.public_key}:{new.secret_key}")}
    assert anonymous.get("/api/public/traces", headers=headers).status_code == read
    assert anonymous.post("/api/public/scores", json=SCORE, headers=headers).status_code == score
    answer = anonymous.post("/api/public/ingestion", json=BATCH, headers=headers)
    event = answer.json()["errors"][0]["status"] if answer.json().get("errors") else answer.status_code
    assert event == batch
    assert anonymous.post("/api/public/models", json={}, headers=headers).status_code == model


def test_a_read_only_public_key_writes_no_scores(anonymous: TestClient, scope: ProjectScope) -> None:
    new = api_keys.create_key(scope, KeyWish(scopes=(Right.READ,)))
    headers = {"Authorization": f"Bearer {new.item.public_key}"}
    assert anonymous.post("/api/public/scores", json=SCORE, headers=headers).status_code == 403
