"""Routes of projects and their API keys (spec/api.md §3.1, §4.13)."""

from typing import Any

from fastapi import APIRouter

from langfuse_app.api.auth import Organization, OrganizationProject, Project
from langfuse_app.api.documented import answers
from langfuse_app.core.errors import NotFoundError
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.api_keys.schemas import ApiKeysOut, CreateProjectKeyRequest, DeletedOut, NewApiKeyOut
from langfuse_app.features.projects import service
from langfuse_app.features.projects.schemas import ProjectDeletionOut, ProjectOut, ProjectRequest, ProjectsOut

router = APIRouter(tags=["projects"])


@router.get("/api/public/projects", responses=answers(ProjectsOut))
def projects(scope: Project) -> dict[str, Any]:
    """The project of the key, as a list of one: SDKs check their credentials with it."""
    try:
        return {"data": [service.get(scope).wire()]}
    except NotFoundError:  # deleted in this second: the key is known a moment longer
        return {"data": []}


@router.post("/api/public/projects", status_code=201, responses=answers(ProjectOut, 409, status=201))
def create_project(scope: Organization, body: ProjectRequest) -> dict[str, Any]:
    """A new project of the organisation."""
    return service.create(scope, body).wire()


@router.put("/api/public/projects/{project_id}", responses=answers(ProjectOut, 404, 409))
def update_project(scope: OrganizationProject, body: ProjectRequest) -> dict[str, Any]:
    """Rename a project; metadata and retention change where they are given."""
    return service.update(scope, body).wire()


@router.delete("/api/public/projects/{project_id}", status_code=202, responses=answers(ProjectDeletionOut, 404, status=202))
def delete_project(scope: OrganizationProject) -> dict[str, Any]:
    """Hide a project and revoke its keys at once; its data is removed in the background."""
    service.delete(scope)
    return {"success": True, "message": "Project deletion has been initiated and is being processed asynchronously"}


@router.get("/api/public/projects/{project_id}/apiKeys", responses=answers(ApiKeysOut, 404))
def list_keys(scope: OrganizationProject) -> dict[str, Any]:
    """The keys of a project, oldest first, without their secrets."""
    return {"apiKeys": [item.wire() for item in reversed(api_keys.list_keys(scope))]}


@router.post("/api/public/projects/{project_id}/apiKeys", status_code=201, responses=answers(NewApiKeyOut, 404, 409, status=201))
def create_key(scope: OrganizationProject, body: CreateProjectKeyRequest) -> dict[str, Any]:
    """A new key of a project, or a given pair. Its secret is shown this once."""
    return api_keys.create_key(scope, body.wish()).wire()


@router.delete("/api/public/projects/{project_id}/apiKeys/{api_key_id}", responses=answers(DeletedOut, 404))
def delete_key(scope: OrganizationProject, api_key_id: str) -> dict[str, Any]:
    """Revoke a key of a project."""
    api_keys.delete_key(scope, api_key_id)
    return {"success": True}
