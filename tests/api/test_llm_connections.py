"""GET, PUT and DELETE /api/public/llm-connections (spec/api.md §3.1, §4.11)."""

import json
import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import get_settings
from langfuse_app.features.llm_connections import repository, service
from langfuse_app.features.llm_connections.schemas import ConnectionOut
from langfuse_app.stores.postgres import session
from tests.api.conftest import Api
from tests.api.doors import needs_a_project_key

PATH = "/llm-connections"
SECRET = "sk-very-secret-abcd"
BODY: dict[str, Any] = {"provider": "openai", "adapter": "openai", "secretKey": SECRET}
FIELDS = {
    *("id", "provider", "adapter", "displaySecretKey", "baseURL", "customModels", "withDefaultModels", "extraHeaderKeys", "config"),
    *("createdAt", "updatedAt"),
}
BEDROCK = {"adapter": "bedrock", "config": {"region": "us-east-1"}}
AWS = '{"accessKeyId":"AKIA","secretAccessKey":"very-secret-abcd"}'


def put(api: Api, **fields: Any) -> Any:
    body = json.dumps(BODY | fields)  # escapes what a client could not send otherwise
    return api.client.put(f"/api/public{PATH}", content=body, headers=api.headers | {"Content-Type": "application/json"})


def issues(answer: Any) -> list[list[str]]:
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid request data"), answer.text
    return [issue["path"] for issue in answer.json()["error"]]


def test_a_connection_lives_its_life(api: Api) -> None:
    created = put(api)
    assert created.status_code == 201
    connection = created.json()
    assert connection.keys() == FIELDS
    ConnectionOut.model_validate(connection)
    defaults = {"baseURL": None, "customModels": [], "withDefaultModels": True, "extraHeaderKeys": [], "config": None}
    assert {name: connection[name] for name in defaults} == defaults
    assert connection["displaySecretKey"] == "...abcd"

    changed = put(
        api, customModels=["m1"], withDefaultModels=False, extraHeaders={"X-Team": "secret-team"}, baseURL="https://llm.example.com/v1"
    )
    assert changed.status_code == 200
    assert changed.json() == connection | {
        "customModels": ["m1"],
        "withDefaultModels": False,
        "extraHeaderKeys": ["X-Team"],
        "baseURL": "https://llm.example.com/v1",
        "updatedAt": changed.json()["updatedAt"],
    }
    assert api.get(PATH).json() == {"data": [changed.json()], "meta": {"page": 1, "limit": 50, "totalItems": 1, "totalPages": 1}}
    assert put(api).json()["extraHeaderKeys"] == []

    deleted = api.send("DELETE", f"{PATH}/{connection['id']}")
    assert (deleted.status_code, list(deleted.json())) == (200, ["message"])
    assert api.send("DELETE", f"{PATH}/{connection['id']}").status_code == 404
    assert api.get(PATH).json()["data"] == []


def test_secrets_are_stored_encrypted_and_come_back_for_a_call(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    put(api, extraHeaders={"X-Team": "secret-team"})
    put(api, adapter="nonsense")
    with session() as current:
        rows = current.connection().execute(text("SELECT k::text FROM llm_api_keys k")).scalars().all()
        audited = current.connection().execute(text("SELECT a::text FROM audit_logs a")).scalars().all()
    told = "\n".join([*rows, *audited, caplog.text, api.get(PATH).text])
    assert audited
    assert "very-secret" not in told
    assert "secret-team" not in told
    stored = repository.named(api.scope, "openai")
    assert stored is not None
    assert service.secrets(stored) == (SECRET, {"X-Team": "secret-team"})


def test_refusals_do_not_repeat_the_secret(api: Api) -> None:
    for answer in (put(api, **BEDROCK), put(api, adapter="x"), api.send("PUT", PATH, {"secretKey": SECRET})):
        assert answer.status_code == 400
        assert SECRET not in answer.text


@pytest.mark.parametrize(
    "fields",
    [
        {"config": {"useResponsesApi": True}},
        {"adapter": "anthropic"},
        {"adapter": "azure", "baseURL": "https://x.openai.azure.com"},
        {"adapter": "google-ai-studio"},
        BEDROCK | {"secretKey": AWS},
        BEDROCK | {"secretKey": '{"apiKey":"k"}'},
        BEDROCK | {"secretKey": service.BEDROCK_DEFAULT_CREDENTIALS},
        {"adapter": "google-vertex-ai", "secretKey": '{"type":"service_account"}'},
        {"adapter": "google-vertex-ai", "secretKey": '{"type":"service_account"}', "config": {"location": "us-central1"}},
        {"adapter": "google-vertex-ai", "secretKey": service.VERTEXAI_DEFAULT_CREDENTIALS},
    ],
)
def test_every_adapter(api: Api, fields: dict[str, Any]) -> None:
    answer = put(api, **fields)
    assert answer.status_code == 201, answer.text
    assert answer.json()["adapter"] == fields.get("adapter", "openai")
    assert answer.json()["config"] == fields.get("config")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"provider": " "}, ["provider"]),
        ({"provider": "x" * 501}, ["provider"]),
        ({"adapter": "mistral"}, ["adapter"]),
        ({"secretKey": ""}, ["secretKey"]),
        ({"secretKey": None}, ["secretKey"]),
        ({"config": {}}, ["config"]),
        ({"config": {"useResponsesApi": "yes"}}, ["config"]),
        ({"config": {"useResponsesApi": True, "region": "x"}}, ["config"]),
        ({"adapter": "anthropic", "config": {}}, ["config"]),
        ({"adapter": "azure", "config": {"region": "x"}}, ["config"]),
        (BEDROCK | {"secretKey": AWS, "config": None}, ["config"]),
        (BEDROCK | {"secretKey": AWS, "config": {"region": ""}}, ["config"]),
        (BEDROCK | {"secretKey": "plain"}, ["secretKey"]),
        (BEDROCK | {"secretKey": '{"accessKeyId":"a"}'}, ["secretKey"]),
        ({"adapter": "google-vertex-ai", "secretKey": "plain"}, ["secretKey"]),
        ({"adapter": "google-vertex-ai", "secretKey": "{}"}, ["secretKey"]),
        ({"extraHeaders": {"a b": "x"}}, ["extraHeaders", "a b", "[key]"]),
        ({"extraHeaders": {"a": "x\r\ny"}}, ["extraHeaders", "a"]),
        ({"extraHeaders": {"a": 1}}, ["extraHeaders", "a"]),
        ({"customModels": [""]}, ["customModels", 0]),
        ({"withDefaultModels": 0}, ["withDefaultModels"]),
        ({"withDefaultModels": "true"}, ["withDefaultModels"]),
        ({"config": {"useResponsesApi": "\ud800"}}, []),
        ({"baseURL": "ftp://x.com"}, ["baseURL"]),
        ({"baseURL": "http://169.254.169.254/latest"}, ["baseURL"]),
        ({"baseURL": "http://localhost:11434"}, ["baseURL"]),
    ],
)
def test_wrong_bodies_say_where(api: Api, fields: dict[str, Any], path: list[Any]) -> None:
    assert path in issues(put(api, **fields))


def test_own_hosts_can_be_allowed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGFUSE_LLM_CONNECTION_WHITELISTED_HOST", "ollama, localhost")
    get_settings.cache_clear()
    try:
        assert put(api, baseURL="http://ollama:11434/v1").status_code == 201
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


@pytest.mark.parametrize(("secret", "shown"), [("1234567", "..."), ("12345678", "...5678"), (SECRET, "...abcd")])
def test_short_secrets_show_nothing(api: Api, secret: str, shown: str) -> None:
    assert put(api, secretKey=secret).json()["displaySecretKey"] == shown


def test_other_tenants_see_nothing(api: Api, stranger: Api) -> None:
    id = put(api).json()["id"]
    answer = stranger.send("DELETE", f"{PATH}/{id}")
    assert (answer.status_code, answer.json()["error"]) == (404, "LangfuseNotFoundError")
    assert stranger.get(PATH).json()["data"] == []
    assert put(stranger).status_code == 201
    assert put(api).json()["id"] == id


def test_lists_are_paged_strictly(api: Api) -> None:
    ids = [put(api, provider=str(number)).json()["id"] for number in range(3)]
    assert [row["id"] for row in api.get(PATH, limit=2).json()["data"]] == ids[:0:-1]
    assert api.get(PATH, unknown=1).status_code == api.get(PATH, page=0).status_code == 400


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("PUT", PATH), ("DELETE", PATH + "/x")])
def test_every_route_needs_a_key(anonymous: TestClient, scope: ProjectScope, method: str, path: str) -> None:
    needs_a_project_key(anonymous, scope, method, path, BODY)
