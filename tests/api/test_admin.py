"""What the holder of ADMIN_API_KEY may do (spec/api.md §1.1, §3.2)."""

import base64
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import get_settings
from langfuse_app.features.api_keys.schemas import ApiKeysOut, NewApiKeyOut
from langfuse_app.features.organizations.schemas import OrganizationOut, OrganizationsOut
from tests import factories
from tests.api.conftest import Api

PATH = "/api/admin/organizations"
KEY = "admin-key-of-this-instance"


@pytest.fixture
def admin(anonymous: TestClient, engines: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(get_settings(), "ADMIN_API_KEY", KEY)
    client = TestClient(anonymous.app, raise_server_exceptions=False)
    client.headers["Authorization"] = f"Bearer {KEY}"
    return client


def test_who_may_not(admin: TestClient, anonymous: TestClient, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = {
        "Unauthorized: No authorization header provided": {},
        "Unauthorized: Invalid token": {"Authorization": "Bearer wrong"},
    }
    for text, headers in refused.items():
        answer = anonymous.get(PATH, headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"error": text})
    assert anonymous.get(PATH, headers=api.headers).status_code == 401
    monkeypatch.setattr(get_settings(), "ADMIN_API_KEY", "")
    answer = admin.get(PATH)
    assert (answer.status_code, answer.json()) == (403, {"error": "ADMIN_API_KEY is not set"})


def test_an_organisation_lives_its_life(admin: TestClient) -> None:
    made = admin.post(PATH, json={"name": "Northwind", "metadata": {"plan": "free"}})
    assert made.status_code == 201
    OrganizationOut.model_validate(made.json())
    item = made.json()
    expected = {"id": item["id"], "name": "Northwind", "createdAt": item["createdAt"], "metadata": {"plan": "free"}, "projects": []}
    assert item == expected
    assert admin.get(f"{PATH}/{item['id']}").json() == item
    listed = admin.get(PATH).json()
    OrganizationsOut.model_validate(listed)
    assert item in listed["organizations"]
    changed = admin.put(f"{PATH}/{item['id']}", json={"name": "Southwind"})
    assert (changed.status_code, changed.json()) == (200, item | {"name": "Southwind"})
    gone = admin.delete(f"{PATH}/{item['id']}")
    assert (gone.status_code, gone.json()) == (200, {"success": True})
    for answer in (admin.get(f"{PATH}/{item['id']}"), admin.delete(f"{PATH}/{item['id']}"), admin.put(f"{PATH}/x", json={"name": "fine"})):
        assert (answer.status_code, answer.json()) == (404, {"error": "Organization not found"})


def test_wrong_bodies(admin: TestClient) -> None:
    answer = admin.post(PATH, json={"name": "ab"})
    assert (answer.status_code, answer.json()["error"], answer.json()["details"][0]["path"]) == (400, "Invalid request data", ["name"])


def test_an_organisation_with_projects_stays(admin: TestClient, scope: ProjectScope, organization: TestClient) -> None:
    answer = admin.delete(f"{PATH}/{scope.org_id}")
    assert (answer.status_code, answer.json()["error"]) == (400, "Cannot delete organization with existing projects")
    (project,) = admin.get(f"{PATH}/{scope.org_id}").json()["projects"]
    assert (project["id"], project["name"]) == (scope.project_id, "test project")
    organization.delete(f"/api/public/projects/{scope.project_id}")
    assert admin.get(f"{PATH}/{scope.org_id}").json()["projects"] == []
    assert admin.delete(f"{PATH}/{scope.org_id}").status_code == 409


def test_keys_of_an_organisation(admin: TestClient, anonymous: TestClient, scope: ProjectScope) -> None:
    keys = f"{PATH}/{scope.org_id}/apiKeys"
    made = admin.post(keys, json={"note": "terraform", "scopes": ["read"]})
    assert made.status_code == 201
    NewApiKeyOut.model_validate(made.json())
    new = made.json()
    headers = {"Authorization": "Basic " + base64.b64encode(f"{new['publicKey']}:{new['secretKey']}".encode()).decode()}
    assert anonymous.get("/api/public/organizations/projects", headers=headers).status_code == 200
    assert anonymous.post("/api/public/projects", json={"name": "fine"}, headers=headers).status_code == 403
    listed = admin.get(keys).json()
    ApiKeysOut.model_validate(listed)
    assert [key["note"] for key in listed["apiKeys"]] == ["terraform"]
    assert admin.delete(f"{keys}/{new['id']}").json() == {"success": True}
    assert admin.delete(f"{keys}/{new['id']}").json() == {"error": "API key not found"}
    assert admin.get(f"{PATH}/{new_id()}/apiKeys").status_code == 404


def test_models_for_any_project(admin: TestClient, scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    path, twice = "/api/public/models", {"x-langfuse-admin-api-key": KEY}
    body = {"modelName": "acme", "matchPattern": "^acme$", "unit": "TOKENS", "totalPrice": 1}
    acting = twice | {"x-langfuse-project-id": scope.project_id}
    made = admin.post(path, json=body, headers=acting)
    assert made.status_code == 200
    assert admin.get(f"{path}/{made.json()['id']}", headers=acting).json() == made.json()
    assert admin.get(path, headers=twice).status_code == 400
    assert admin.get(path, headers=twice | {"x-langfuse-project-id": "no-such"}).status_code == 404
    assert admin.get(path, headers=acting | {"x-langfuse-admin-api-key": "wrong"}).status_code == 401
    assert admin.get(path, headers=acting | {"Authorization": "Bearer wrong"}).status_code == 401
    assert admin.get("/api/public/traces", headers=acting).status_code == 401
    monkeypatch.setattr(get_settings(), "ADMIN_API_KEY", "")
    assert admin.get(path, headers=acting).json() == {"message": "ADMIN_API_KEY is not set", "error": "InternalServerError"}


def test_changes_are_audited(admin: TestClient) -> None:
    item = admin.post(PATH, json={"name": "Northwind"}).json()
    (entry,) = factories.audit_log(org_id=item["id"])
    assert (entry.type, entry.api_key_id, entry.action, entry.resource_type) == ("API_KEY", "ADMIN_KEY", "create", "organization")
