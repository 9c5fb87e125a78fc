"""What a key of an organisation reads about it (spec/api.md §3.1, §4.13)."""

from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.api_keys.schemas import ApiKeysOut
from langfuse_app.features.projects.schemas import OrganizationProjectsOut
from tests.api.conftest import Api


def test_projects(organization: TestClient, scope: ProjectScope) -> None:
    answer = organization.get("/api/public/organizations/projects")
    (project,) = answer.json()["projects"]
    OrganizationProjectsOut.model_validate(answer.json())
    assert (answer.status_code, project["id"], project["metadata"]) == (200, scope.project_id, {})
    assert project.keys() == {"id", "name", "metadata", "createdAt", "updatedAt"}


def test_keys(organization: TestClient) -> None:
    answer = organization.get("/api/public/organizations/apiKeys")
    (key,) = answer.json()["apiKeys"]
    ApiKeysOut.model_validate(answer.json())
    fields = {"id", "createdAt", "expiresAt", "lastUsedAt", "note", "name", "publicKey", "displaySecretKey", "scopes"}
    assert (answer.status_code, key.keys()) == (200, fields)
    assert key["publicKey"].startswith("pk-lf-")
    assert key["displaySecretKey"].startswith("sk-lf-...")


def test_keys_of_projects_and_none_at_all(anonymous: TestClient, api: Api) -> None:
    for path in ("projects", "apiKeys", "memberships"):
        assert anonymous.get(f"/api/public/organizations/{path}", headers=api.headers).status_code == 403
        refused = anonymous.get(f"/api/public/organizations/{path}")
        assert (refused.status_code, refused.json()) == (401, {"message": "No authorization header"})
