"""Projects and their API keys through keys of their organisation (spec/api.md §4.13)."""

import base64
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.api_keys.schemas import ApiKeysOut, NewApiKeyOut
from langfuse_app.features.projects import service
from langfuse_app.features.projects.schemas import ProjectsOut
from langfuse_app.stores.queue import queue
from tests import factories
from tests.api.conftest import Api

PATH = "/api/public/projects"


def basic(public_key: str, secret_key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{public_key}:{secret_key}".encode()).decode()}


def test_the_project_of_a_key(api: Api) -> None:
    body = api.get("/projects").json()
    organization = {"id": api.scope.org_id, "name": "test organisation"}
    assert body == {"data": [{"id": api.scope.project_id, "name": "test project", "organization": organization, "metadata": {}}]}
    ProjectsOut.model_validate(body)


def test_a_project_lives_its_life(organization: TestClient, scope: ProjectScope) -> None:
    made = organization.post(PATH, json={"name": "second project", "retention": 30, "metadata": {"team": "red"}})
    assert made.status_code == 201
    project = made.json()
    assert project == {
        "id": project["id"],
        "name": "second project",
        "organization": {"id": scope.org_id, "name": "test organisation"},
        "metadata": {"team": "red"},
        "retentionDays": 30,
    }
    renamed = organization.put(f"{PATH}/{project['id']}", json={"name": "renamed"})
    assert (renamed.status_code, renamed.json()) == (200, project | {"name": "renamed"})
    kept = organization.put(f"{PATH}/{project['id']}", json={"name": "renamed", "retention": 0, "metadata": {}}).json()
    assert "retentionDays" not in kept
    assert kept["metadata"] == {}
    deleted = organization.delete(f"{PATH}/{project['id']}")
    message = "Project deletion has been initiated and is being processed asynchronously"
    assert (deleted.status_code, deleted.json()) == (202, {"success": True, "message": message})
    assert organization.delete(f"{PATH}/{project['id']}").status_code == 404
    assert [one["name"] for one in organization.get("/api/public/organizations/projects").json()["projects"]] == ["test project"]


def test_deleting_hides_at_once_and_queues_the_rest(organization: TestClient, anonymous: TestClient, scope: ProjectScope) -> None:
    headers = factories.basic_auth(scope)
    assert anonymous.get(PATH, headers=headers).status_code == 200
    before = len(queue(service.DELETION_QUEUE).jobs)
    assert organization.delete(f"{PATH}/{scope.project_id}").status_code == 202
    refused = anonymous.get("/api/public/traces", headers=headers)
    assert (refused.status_code, refused.json()["message"].split(".")[0]) == (401, "Invalid credentials")
    (job,) = queue(service.DELETION_QUEUE).jobs[before:]
    assert (job.func_name, job.args) == (service.DELETION_TASK, (scope.project_id, scope.org_id))


def test_names_are_unique_among_the_living(organization: TestClient) -> None:
    refused = organization.post(PATH, json={"name": "test project", "retention": 0})
    assert (refused.status_code, refused.json()) == (
        409,
        {"message": "A project with this name already exists in your organization", "error": "LangfuseConflictError"},
    )
    other = organization.post(PATH, json={"name": "another", "retention": 0}).json()
    assert organization.put(f"{PATH}/{other['id']}", json={"name": "test project"}).status_code == 409
    assert organization.put(f"{PATH}/{other['id']}", json={"name": "another"}).status_code == 200
    assert organization.delete(f"{PATH}/{other['id']}").status_code == 202
    assert organization.post(PATH, json={"name": "another", "retention": 0}).status_code == 201


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": "ab"}, ["name"]),
        ({"name": "x" * 61}, ["name"]),
        ({}, ["name"]),
        ({"name": "fine", "retention": 2}, ["retention"]),
        ({"name": "fine", "retention": -1}, ["retention"]),
        ({"name": "fine", "metadata": [1]}, ["metadata"]),
        ({"name": "fine", "metadata": "not json"}, ["metadata"]),
    ],
)
def test_wrong_bodies_say_where(organization: TestClient, body: dict[str, Any], path: list[str]) -> None:
    answer = organization.post(PATH, json=body)
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid request data")
    assert path in [issue["path"] for issue in answer.json()["error"]]


def test_only_keys_of_the_organisation_manage_projects(anonymous: TestClient, api: Api, stranger: Api, organization: TestClient) -> None:
    refused = anonymous.post(PATH, json={"name": "fine"}, headers=api.headers)
    message = "Invalid API key. Organization-scoped API key required for this operation."
    assert (refused.status_code, refused.json()) == (403, {"message": message})
    for call in (organization.put, organization.delete):
        body = {"json": {"name": "fine"}} if call == organization.put else {}
        absent, foreign = call(f"{PATH}/no-such", **body), call(f"{PATH}/{stranger.scope.project_id}", **body)
        assert (absent.status_code, foreign.status_code, absent.json()) == (404, 404, foreign.json())
    assert (organization.get(PATH).status_code, organization.get(PATH).json()) == (
        403,
        {"message": "Invalid API key. Are you using an organization key?"},
    )


def test_keys_of_a_project(organization: TestClient, anonymous: TestClient, scope: ProjectScope) -> None:
    keys = f"{PATH}/{scope.project_id}/apiKeys"
    made = organization.post(keys, json={"note": "ci"})
    assert made.status_code == 201
    NewApiKeyOut.model_validate(made.json())
    new = made.json()
    assert anonymous.get(PATH, headers=basic(new["publicKey"], new["secretKey"])).status_code == 200
    listed = organization.get(keys).json()
    ApiKeysOut.model_validate(listed)
    (entry,) = listed["apiKeys"]
    assert entry.pop("lastUsedAt")
    assert entry == {key: value for key, value in new.items() if key != "secretKey"}
    assert (new["note"], new["name"], new["expiresAt"], new["scopes"]) == ("ci", "ci", None, [])
    assert organization.delete(f"{keys}/{new['id']}").json() == {"success": True}
    assert organization.delete(f"{keys}/{new['id']}").status_code == 404
    time.sleep(1)
    assert anonymous.get(PATH, headers=basic(new["publicKey"], new["secretKey"])).status_code == 401


def test_a_given_pair(organization: TestClient, anonymous: TestClient, scope: ProjectScope) -> None:
    keys, pair = f"{PATH}/{scope.project_id}/apiKeys", {"publicKey": f"pk-lf-{new_id()}", "secretKey": f"sk-lf-{new_id()}"}
    made = organization.post(keys, json=pair)
    assert (made.status_code, made.json() | pair) == (201, made.json())
    taken = organization.post(keys, json=pair)
    assert (taken.status_code, taken.json()["message"]) == (409, "API key with the provided publicKey or secretKey already exists")
    assert anonymous.get(PATH, headers=basic(pair["publicKey"], pair["secretKey"])).status_code == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"publicKey": "pk-lf-x"}, "Both publicKey and secretKey must be provided together when specifying predefined keys"),
        ({"publicKey": "x", "secretKey": "sk-lf-x"}, "publicKey must start with 'pk-lf-'"),
        ({"publicKey": "pk-lf-x", "secretKey": "x"}, "secretKey must start with 'sk-lf-'"),
    ],
)
def test_half_a_pair_is_refused(organization: TestClient, scope: ProjectScope, body: dict[str, str], message: str) -> None:
    answer = organization.post(f"{PATH}/{scope.project_id}/apiKeys", json=body)
    assert (answer.status_code, answer.json()["message"]) == (400, message)
