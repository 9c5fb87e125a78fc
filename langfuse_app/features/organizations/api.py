"""Routes of organisations, their members and keys (spec/api.md §3.1, §3.2, §4.13)."""

from typing import Any

from fastapi import APIRouter

from langfuse_app.api.auth import Admin, Organization, OrganizationProject
from langfuse_app.api.documented import admin_answers, answers
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.api_keys.schemas import ApiKeysOut, CreateKeyRequest, DeletedOut, NewApiKeyOut
from langfuse_app.features.organizations import service
from langfuse_app.features.organizations.schemas import (
    DeleteMembershipRequest,
    MembershipDeletionOut,
    MembershipOut,
    MembershipRequest,
    MembershipsOut,
    OrganizationOut,
    OrganizationRequest,
    OrganizationsOut,
)
from langfuse_app.features.projects import service as projects
from langfuse_app.features.projects.schemas import OrganizationProjectsOut

router = APIRouter(tags=["organizations"])


@router.get("/api/public/organizations/memberships", responses=answers(MembershipsOut))
def list_members(scope: Organization) -> dict[str, Any]:
    """The members of the organisation."""
    return {"memberships": [item.wire() for item in service.members(scope)]}


@router.put("/api/public/organizations/memberships", responses=answers(MembershipOut, 404))
def put_member(scope: Organization, body: MembershipRequest) -> dict[str, Any]:
    """Make a person a member, or give a member another role."""
    return service.put_member(scope, body.user_id, body.role).wire()


@router.delete("/api/public/organizations/memberships", responses=answers(MembershipDeletionOut))
def remove_member(scope: Organization, body: DeleteMembershipRequest) -> dict[str, Any]:
    """End a membership."""
    service.remove_member(scope, body.user_id)
    return {"message": "Membership deleted successfully", "userId": body.user_id}


@router.get("/api/public/organizations/projects", responses=answers(OrganizationProjectsOut))
def list_projects(scope: Organization) -> dict[str, Any]:
    """The projects of the organisation."""
    return {"projects": [item.in_organization() for item in projects.list_for_organization(scope)]}


@router.get("/api/public/organizations/apiKeys", responses=answers(ApiKeysOut))
def list_keys(scope: Organization) -> dict[str, Any]:
    """The keys of the organisation itself, without their secrets."""
    return {"apiKeys": [item.wire() for item in reversed(api_keys.list_keys(scope))]}


@router.get("/api/public/projects/{project_id}/memberships", responses=answers(MembershipsOut, 404))
def list_project_members(scope: OrganizationProject) -> dict[str, Any]:
    """People with a role of their own in a project."""
    return {"memberships": [item.wire() for item in service.project_members(scope)]}


@router.put("/api/public/projects/{project_id}/memberships", responses=answers(MembershipOut, 404))
def put_project_member(scope: OrganizationProject, body: MembershipRequest) -> dict[str, Any]:
    """Give a member of the organisation a role in a project."""
    return service.put_project_member(scope, body.user_id, body.role).wire()


@router.delete("/api/public/projects/{project_id}/memberships", responses=answers(MembershipDeletionOut, 404))
def remove_project_member(scope: OrganizationProject, body: DeleteMembershipRequest) -> dict[str, Any]:
    """Take a role in a project away."""
    service.remove_project_member(scope, body.user_id)
    return {"message": "Project membership deleted successfully", "userId": body.user_id}


@router.get("/api/admin/organizations", responses=admin_answers(OrganizationsOut))
def list_organizations(scope: Admin) -> dict[str, Any]:
    """Every organisation of this instance."""
    return {"organizations": [item.wire() for item in service.all_organizations(scope)]}


@router.post("/api/admin/organizations", status_code=201, responses=admin_answers(OrganizationOut, status=201))
def create_organization(scope: Admin, body: OrganizationRequest) -> dict[str, Any]:
    """A new organisation."""
    return service.create(scope, body).wire()


@router.get("/api/admin/organizations/{organization_id}", responses=admin_answers(OrganizationOut, 404))
def get_organization(scope: Admin, organization_id: str) -> dict[str, Any]:
    """One organisation with its projects."""
    return service.get(api_keys.organization_in(scope, organization_id)).wire()


@router.put("/api/admin/organizations/{organization_id}", responses=admin_answers(OrganizationOut, 404))
def update_organization(scope: Admin, organization_id: str, body: OrganizationRequest) -> dict[str, Any]:
    """Rename an organisation."""
    return service.update(api_keys.organization_in(scope, organization_id), body).wire()


@router.delete("/api/admin/organizations/{organization_id}", responses=admin_answers(DeletedOut, 404, 409))
def delete_organization(scope: Admin, organization_id: str) -> dict[str, Any]:
    """Delete an organisation that has no projects."""
    service.delete(api_keys.organization_in(scope, organization_id))
    return {"success": True}


@router.get("/api/admin/organizations/{organization_id}/apiKeys", responses=admin_answers(ApiKeysOut, 404))
def list_organization_keys(scope: Admin, organization_id: str) -> dict[str, Any]:
    """The keys of an organisation, without their secrets."""
    return {"apiKeys": [item.wire() for item in reversed(api_keys.list_keys(api_keys.organization_in(scope, organization_id)))]}


@router.post("/api/admin/organizations/{organization_id}/apiKeys", status_code=201, responses=admin_answers(NewApiKeyOut, 404, status=201))
def create_organization_key(scope: Admin, organization_id: str, body: CreateKeyRequest) -> dict[str, Any]:
    """A new key of an organisation. Its secret is shown this once."""
    return api_keys.create_key(api_keys.organization_in(scope, organization_id), body.wish()).wire()


@router.delete("/api/admin/organizations/{organization_id}/apiKeys/{api_key_id}", responses=admin_answers(DeletedOut, 404))
def delete_organization_key(scope: Admin, organization_id: str, api_key_id: str) -> dict[str, Any]:
    """Revoke a key of an organisation."""
    api_keys.delete_key(api_keys.organization_in(scope, organization_id), api_key_id)
    return {"success": True}
