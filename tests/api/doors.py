"""What every route of a project answers to callers who may not come in."""

from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope
from tests import factories


def needs_a_project_key(client: TestClient, scope: ProjectScope, method: str, path: str, body: object = None) -> None:
    """401 without a key or with a wrong one, 403 with a public key alone."""
    path = f"/api/public{path}"
    assert client.request(method, path, json=body).status_code == 401
    assert client.request(method, path, json=body, headers={"Authorization": "Basic cGs6c2s="}).status_code == 401
    browser = {"Authorization": f"Bearer {factories.public_key(scope)}"}
    assert client.request(method, path, json=body, headers=browser).status_code == 403
