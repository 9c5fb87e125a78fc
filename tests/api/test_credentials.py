"""Who gets in, and with which words the others are refused (spec/api.md §1.1). Invariant 3."""

import base64
import time

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.api_keys import service as api_keys
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
    new = api_keys.create_key(scope, "laptop")
    listed = api_keys.list_keys(scope)
    assert [item.note for item in listed] == ["laptop"]
    assert new.item.display_secret_key == f"sk-lf-...{new.secret_key[-4:]}"
    assert new.secret_key not in repr(listed)
    assert api_keys.list_keys(factories.project()) == []
