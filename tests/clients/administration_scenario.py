"""Organisations, projects, members, keys, SCIM and feedback through the generated clients of the Python SDKs."""

from __future__ import annotations

import json
import os
from typing import Any

import langfuse.api as generated


def _client(keys: str) -> Any:
    """The SDK's own REST client; its class was renamed once."""
    public_key, secret_key = os.environ[keys].split(":")
    try:
        kind = generated.LangfuseAPI
    except AttributeError:
        from langfuse.api.client import FernLangfuse

        kind = FernLangfuse
    names = {"x_langfuse_sdk_name": "test", "x_langfuse_sdk_version": "1", "x_langfuse_public_key": public_key}
    return kind(base_url=os.environ["HOST"], username=public_key, password=secret_key, **names)


def _with_body(call: Any, *path: str, model: str, **fields: Any) -> Any:
    """Bodies are keyword arguments in newer SDKs, a `request` in older ones."""
    try:
        return call(*path, **fields)
    except TypeError:
        return call(*path, request=getattr(generated, model)(**fields))


def drive() -> None:
    """One life of each object; prints what the SDK made of the answers."""
    organization, project, person = _client("ORGANIZATION_KEYS"), _client("PROJECT_KEYS"), os.environ["PERSON"]
    projects, members, scim = organization.projects, organization.organizations, organization.scim
    made = projects.create(name="from the SDK", retention=0, metadata={"team": "red"})
    renamed = projects.update(made.id, name="renamed")
    key = projects.create_api_key(made.id, note="ci")
    listed = projects.get_api_keys(made.id).api_keys
    member = _with_body(members.update_organization_membership, user_id=person, role="MEMBER", model="MembershipRequest")
    in_project = _with_body(members.update_project_membership, made.id, user_id=person, role="ADMIN", model="MembershipRequest")
    there = members.get_project_memberships(made.id).memberships
    gone = _with_body(members.delete_project_membership, made.id, user_id=person, model="DeleteMembershipRequest")
    user = scim.create_user(user_name=f"{person}@example.org", name={"formatted": "Ada"})
    facts = {
        "own project": project.projects.get().data[0].name,
        "project": [made.name, made.metadata, renamed.name, renamed.metadata],
        "key": [key.note, key.secret_key[:6], [one.id for one in listed] == [key.id]],
        "member": [member.role, in_project.role, [one.user_id for one in there] == [person], gone.user_id == person],
        "organisation": [len(members.get_organization_projects().projects), len(members.get_organization_api_keys().api_keys)],
        "scim": [user.name.formatted, scim.get_user(user.id).user_name == user.user_name, scim.list_users().total_results],
        "discovery": [scim.get_service_provider_config().patch.supported, scim.get_resource_types().total_results],
        "deleted": [projects.delete_api_key(made.id, key.id).success, scim.delete_user(user.id) is not None],
        "project deleted": projects.delete(made.id).success,
        "health": project.health.health().status,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    drive()
