"""Routes of projects (spec/api.md §4.13)."""

from fastapi import APIRouter, Response

from langfuse_app.api.auth import Project
from langfuse_app.api.errors import json_response
from langfuse_app.features.projects import service
from langfuse_app.features.projects.schemas import project_v1

router = APIRouter(tags=["projects"])


@router.get("/api/public/projects")
def projects(scope: Project) -> Response:
    """The project of the key, as a list of one: SDKs check their credentials with it."""
    return json_response({"data": [project_v1(service.get(scope))]})
