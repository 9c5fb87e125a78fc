"""Members of organisations and their roles in projects (spec/api.md §4.13, spec/features.md §15)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.errors import ForbiddenError
from langfuse_app.core.scopes import ProjectScope, Role
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.organizations import service
from langfuse_app.features.organizations.schemas import MembershipOut, MembershipsOut
from tests import factories
from tests.api.conftest import Api

MEMBERS = "/api/public/organizations/memberships"
LAST_OWNER = "Cannot remove the last owner of an organization. Assign new owner or delete organization."


def put(client: TestClient, user_id: str, role: str, path: str = MEMBERS) -> Any:
    return client.put(path, json={"userId": user_id, "role": role})


def remove(client: TestClient, user_id: str, path: str = MEMBERS) -> Any:
    return client.request("DELETE", path, json={"userId": user_id})


def test_a_membership_lives_its_life(organization: TestClient) -> None:
    person = factories.person("Grace")
    made = put(organization, person, "VIEWER")
    assert made.status_code == 200
    MembershipOut.model_validate(made.json())
    email = accounts.person(person).email  # pyright: ignore
    assert made.json() == {"userId": person, "role": "VIEWER", "email": email, "name": "Grace"}
    assert put(organization, person, "NONE").json()["role"] == "NONE"
    listed = organization.get(MEMBERS)
    assert (listed.status_code, listed.json()) == (200, {"memberships": [made.json() | {"role": "NONE"}]})
    MembershipsOut.model_validate(listed.json())
    gone = remove(organization, person)
    assert (gone.status_code, gone.json()) == (200, {"message": "Membership deleted successfully", "userId": person})
    assert remove(organization, person).status_code == 200
    assert organization.get(MEMBERS).json() == {"memberships": []}


def test_nobody_cannot_be_a_member(organization: TestClient) -> None:
    answer = put(organization, "no-such-user", "MEMBER")
    assert (answer.status_code, answer.json()["message"]) == (404, "User not found")


@pytest.mark.parametrize("body", [{"userId": "x", "role": "KING"}, {"role": "MEMBER"}, {"userId": ""}, {}])
def test_wrong_bodies(organization: TestClient, body: dict[str, str]) -> None:
    answer = organization.put(MEMBERS, json=body)
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid request data")


def test_the_last_owner_stays(organization: TestClient) -> None:
    first, second = factories.person(), factories.person()
    put(organization, first, "OWNER")
    for refused in (remove(organization, first), put(organization, first, "ADMIN")):
        assert (refused.status_code, refused.json()["message"]) == (403, LAST_OWNER)
    put(organization, second, "OWNER")
    assert put(organization, first, "ADMIN").status_code == 200
    assert remove(organization, second).status_code == 403


def test_two_owners_do_not_remove_each_other(scope: ProjectScope) -> None:
    organization = factories.organization(scope)
    people = [factories.person(), factories.person()]
    for person in people:
        service.put_member(organization, person, Role.OWNER)

    def leave(person: str) -> bool:
        try:
            service.remove_member(organization, person)
        except ForbiddenError:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(leave, people)) == [False, True]


@pytest.mark.parametrize(
    ("mine", "theirs", "allowed"),
    [
        (Role.OWNER, Role.OWNER, True),
        (Role.ADMIN, Role.ADMIN, True),
        (Role.ADMIN, Role.OWNER, False),
        (Role.MEMBER, Role.VIEWER, False),
        (Role.VIEWER, Role.VIEWER, False),
    ],
)
def test_nobody_grants_more_than_they_have(scope: ProjectScope, mine: Role, theirs: Role, allowed: bool) -> None:
    organization = replace(factories.organization(scope), actor_kind="user", role=mine)
    project = replace(scope, actor_kind="user", role=mine)
    person = factories.person()
    if allowed:
        service.put_member(organization, person, theirs)
        service.put_project_member(project, person, theirs)
    else:
        for grant in (
            lambda: service.put_member(organization, person, theirs),
            lambda: service.put_project_member(project, person, theirs),
        ):
            with pytest.raises(ForbiddenError):
                grant()


def test_roles_in_a_project(organization: TestClient, scope: ProjectScope) -> None:
    path, person = f"/api/public/projects/{scope.project_id}/memberships", factories.person("Grace")
    refused = put(organization, person, "ADMIN", path)
    assert (refused.status_code, refused.json()["message"]) == (404, "User is not a member of this organization")
    put(organization, person, "NONE")
    assert service.membership(person, scope.project_id) is None
    made = put(organization, person, "ADMIN", path)
    assert (made.status_code, made.json()["role"]) == (200, "ADMIN")
    assert put(organization, person, "VIEWER", path).json()["role"] == "VIEWER"
    assert service.membership(person, scope.project_id).role == "VIEWER"  # pyright: ignore
    assert organization.get(path).json() == {"memberships": [made.json() | {"role": "VIEWER"}]}
    assert organization.get(MEMBERS).json()["memberships"][0]["role"] == "NONE"
    gone = remove(organization, person, path)
    assert (gone.status_code, gone.json()) == (200, {"message": "Project membership deleted successfully", "userId": person})
    assert remove(organization, person, path).status_code == 404
    assert service.membership(person, scope.project_id) is None


def test_foreign_projects_and_keys_of_projects(organization: TestClient, anonymous: TestClient, api: Api, stranger: Api) -> None:
    foreign = f"/api/public/projects/{stranger.scope.project_id}/memberships"
    assert organization.get(foreign).status_code == 404
    assert put(organization, factories.person(), "ADMIN", foreign).status_code == 404
    for path in (MEMBERS, foreign):
        assert anonymous.get(path, headers=api.headers).status_code == 403
        assert anonymous.get(path).status_code == 401


def test_every_change_is_audited_without_secrets(organization: TestClient, scope: ProjectScope) -> None:
    project = organization.post("/api/public/projects", json={"name": "second project"}).json()["id"]
    organization.put(f"/api/public/projects/{project}", json={"name": "renamed"})
    key = organization.post(f"/api/public/projects/{project}/apiKeys", json={}).json()
    person, roles = factories.person(), f"/api/public/projects/{project}/memberships"
    for change in (put(organization, person, "VIEWER"), put(organization, person, "VIEWER"), put(organization, person, "MEMBER")):
        assert change.status_code == 200
    put(organization, person, "ADMIN", roles)
    remove(organization, person, roles)
    remove(organization, person)
    remove(organization, person)
    organization.delete(f"/api/public/projects/{project}")
    log = factories.audit_log(org_id=scope.org_id)[1:]  # the first one is about the organisation's own key
    assert [(entry.action, entry.resource_type) for entry in log] == [
        ("create", "project"),
        ("update", "project"),
        ("create", "apiKey"),
        ("create", "orgMembership"),
        ("update", "orgMembership"),
        ("create", "projectMembership"),
        ("delete", "projectMembership"),
        ("delete", "orgMembership"),
        ("delete", "apiKey"),
        ("delete", "project"),
    ]
    assert {entry.type for entry in log} == {"API_KEY"}
    assert key["secretKey"] not in "".join(f"{entry.before}{entry.after}" for entry in log)
