"""SCIM (spec/api.md §4.16)."""

import base64
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import ProjectScope, Role
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.organizations import service as organizations
from langfuse_app.features.scim.schemas import ScimUserOut, ScimUsersOut
from tests import factories
from tests.api.conftest import Api

PATH = "/api/public/scim/Users"
USER, PATCH = "urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = ["urn:ietf:params:scim:api:messages:2.0:Error"]
LAST_OWNER = "Cannot remove the last owner of an organization. Assign new owner or delete organization."


def email() -> str:
    return f"{new_id()}@example.com"


def error(answer: Any) -> tuple[int, str]:
    body = answer.json()
    assert body == {"schemas": ERROR, "detail": body["detail"], "status": answer.status_code}
    return body["status"], body["detail"]


def patched(client: TestClient, user_id: str, *operations: dict[str, Any]) -> Any:
    return client.patch(f"{PATH}/{user_id}", json={"schemas": [PATCH], "Operations": list(operations)})


def test_a_user_lives_its_life(organization: TestClient) -> None:
    address = email()
    made = organization.post(PATH, json={"schemas": [USER], "userName": address.upper(), "name": {"formatted": "Ada"}, "roles": ["ADMIN"]})
    assert made.status_code == 201
    user = made.json()
    ScimUserOut.model_validate(user)
    assert user == {
        "schemas": [USER],
        "id": user["id"],
        "userName": address,
        "name": {"formatted": "Ada"},
        "emails": [{"primary": True, "value": address, "type": "work"}],
        "active": True,
        "meta": user["meta"],
    }
    assert (user["meta"]["resourceType"], user["meta"]["location"]) == ("User", f"{PATH}/{user['id']}")
    again = organization.post(PATH, json={"userName": address})
    assert error(again) == (409, "User with this userName already exists")
    assert organization.get(f"{PATH}/{user['id']}").json() == user
    gone = organization.delete(f"{PATH}/{user['id']}")
    assert (gone.status_code, gone.json()) == (200, {})
    assert error(organization.get(f"{PATH}/{user['id']}")) == (404, "User not found in organization")
    assert accounts.user_id(address) == user["id"]


def test_passwords_are_not_taken(organization: TestClient) -> None:
    address = email()
    organization.post(PATH, json={"userName": address, "password": "given by the provider"})
    with pytest.raises(accounts.UnauthorizedError):
        accounts.sign_in(address, "given by the provider")


def test_lists(organization: TestClient) -> None:
    users = [organization.post(PATH, json={"userName": email()}).json() for _ in range(3)]
    everyone = organization.get(PATH).json()
    ScimUsersOut.model_validate(everyone)
    assert (everyone["totalResults"], everyone["startIndex"], everyone["itemsPerPage"]) == (3, 1, 3)
    assert everyone["Resources"] == users
    second = organization.get(PATH, params={"startIndex": 2, "count": 1}).json()
    assert (second["totalResults"], second["startIndex"], second["Resources"]) == (3, 2, [users[1]])
    one = organization.get(PATH, params={"filter": f'userName eq "{users[2]["userName"].upper()}"'}).json()
    assert (one["totalResults"], one["Resources"]) == (1, [users[2]])
    assert organization.get(PATH, params={"filter": 'userName eq "nobody"'}).json()["totalResults"] == 0
    assert error(organization.get(PATH, params={"filter": "userName sw x"}))[0] == 400


@pytest.mark.parametrize(
    ("given", "role"),
    [
        (["VIEWER"], "VIEWER"),
        ([{"value": "MEMBER"}], "MEMBER"),
        (["KING", "ADMIN"], "ADMIN"),
        (["KING"], "NONE"),
        (None, "NONE"),
        ([], "NONE"),
    ],
)
def test_the_first_valid_role(organization: TestClient, scope: ProjectScope, given: Any, role: str) -> None:
    user = organization.post(PATH, json={"userName": email(), "roles": given}).json()
    assert organizations.member(factories.organization(scope), user["id"]).role == role  # pyright: ignore


def test_replacing(organization: TestClient, scope: ProjectScope) -> None:
    user = organization.post(PATH, json={"userName": email(), "roles": ["MEMBER"]}).json()
    path, body = f"{PATH}/{user['id']}", {"schemas": [USER], "userName": user["userName"]}

    def role() -> Role | None:
        found = organizations.member(factories.organization(scope), user["id"])
        return found and found.role

    assert organization.put(path, json=body | {"active": True}).json() == user
    assert role() is Role.MEMBER
    organization.put(path, json=body | {"active": True, "roles": ["ADMIN"]})
    assert role() is Role.ADMIN
    assert organization.put(path, json=body | {"active": False}).json() == user | {"active": False}
    assert role() is None
    organization.put(path, json=body | {"active": True})
    assert role() is Role.NONE
    assert error(organization.put(path, json={"active": True}))[0] == 400
    assert error(organization.put(f"{PATH}/no-such", json=body | {"active": True})) == (404, "User not found")


def test_patching(organization: TestClient) -> None:
    user = organization.post(PATH, json={"userName": email()}).json()
    out = patched(organization, user["id"], {"op": "replace", "value": {"active": False}})
    assert (out.status_code, out.json()["active"]) == (200, False)
    back = patched(organization, user["id"], {"op": "Replace", "path": "active", "value": True})
    assert (back.status_code, back.json()) == (200, user)
    wrong = patched(organization, user["id"], {"op": "add", "path": "name", "value": "x"})
    assert error(wrong) == (
        400,
        "Unsupported operation or invalid value in request body. Only 'replace' with 'active' or 'roles' is supported.",
    )
    assert error(patched(organization, user["id"], {"op": "replace", "value": {"active": "perhaps"}}))[0] == 400
    assert error(patched(organization, user["id"]))[0] == 400
    assert error(organization.patch(f"{PATH}/{user['id']}", json={"Operations": []}))[0] == 400


def test_the_last_owner_stays(organization: TestClient) -> None:
    owner = organization.post(PATH, json={"userName": email(), "roles": ["OWNER"]}).json()["id"]
    refused = [
        organization.delete(f"{PATH}/{owner}"),
        patched(organization, owner, {"op": "replace", "value": {"active": False}}),
        organization.put(f"{PATH}/{owner}", json={"schemas": [USER], "active": True, "roles": ["VIEWER"]}),
    ]
    assert [error(answer) for answer in refused] == [(403, LAST_OWNER)] * 3


def test_json_as_text_and_its_own_content_type(organization: TestClient) -> None:
    as_text = organization.post(PATH, json=json.dumps({"userName": email()}))
    typed = organization.post(PATH, content=json.dumps({"userName": email()}), headers={"content-type": "application/scim+json"})
    assert (as_text.status_code, typed.status_code) == (201, 201)
    assert error(organization.post(PATH, json="{"))[0] == 400
    assert error(organization.post(PATH, json={}))[0] == 400


@pytest.mark.parametrize("name", ["ServiceProviderConfig", "ResourceTypes", "Schemas"])
def test_discovery(organization: TestClient, name: str) -> None:
    answer = organization.get(f"/api/public/scim/{name}")
    assert (answer.status_code, answer.json()["schemas"][0].split(":")[0]) == (200, "urn")


def test_refusals(anonymous: TestClient, api: Api, scope: ProjectScope) -> None:
    assert error(anonymous.get(PATH)) == (401, "No authorization header")
    message = "Invalid API key. Organization-scoped API key required for this operation."
    assert error(anonymous.get(PATH, headers=api.headers)) == (403, message)
    assert error(anonymous.put(PATH)) == (405, "Method not allowed")
    wrong = "Basic " + base64.b64encode(b"pk-lf-x:sk-lf-x").decode()
    assert error(anonymous.get(PATH, headers={"Authorization": wrong}))[0] == 401
    bearer = factories.organization_auth(scope)["Authorization"].replace("Basic", "Bearer")
    assert anonymous.get(PATH, headers={"Authorization": bearer}).status_code == 200


def test_members_of_others(organization: TestClient, anonymous: TestClient, stranger: Api) -> None:
    user = organization.post(PATH, json={"userName": email()}).json()["id"]
    theirs = factories.organization_auth(stranger.scope)
    assert anonymous.get(f"{PATH}/{user}", headers=theirs).status_code == 404
    assert anonymous.get(PATH, headers=theirs).json()["totalResults"] == 0
    assert anonymous.delete(f"{PATH}/{user}", headers=theirs).status_code == 200
    assert organization.get(f"{PATH}/{user}").status_code == 200
