"""REST routes of models (spec/api.md §3.1, §4.10, §11)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import answers
from langfuse_app.api.params import Paged
from langfuse_app.core.shapes import Message
from langfuse_app.features.models import service
from langfuse_app.features.models.schemas import ModelInput, ModelOut, ModelsOut

router = APIRouter(tags=["models"])


@router.get("/api/public/models", responses=answers(ModelsOut))
def list_models(scope: Project, query: Annotated[Paged, Query()]) -> dict[str, Any]:
    """Own and default models."""
    found = service.list_models(scope, query.page, query.limit)
    return {"data": [item.wire() for item in found.items], "meta": found.meta()}


@router.post("/api/public/models", responses=answers(ModelOut))
def create_model(scope: Project, body: ModelInput) -> dict[str, Any]:
    """Define a model of the project."""
    return service.create_model(scope, body).wire()


@router.get("/api/public/models/{id}", responses=answers(ModelOut, 404))
def get_model(scope: Project, id: str) -> dict[str, Any]:
    """One model."""
    return service.get_model(scope, id).wire()


@router.put("/api/public/models/{id}", responses=answers(ModelOut, 404))
def replace_model(scope: Project, id: str, body: ModelInput) -> dict[str, Any]:
    """Redefine a model of the project."""
    return service.replace_model(scope, id, body).wire()


@router.delete("/api/public/models/{id}", responses=answers(Message, 404))
def delete_model(scope: Project, id: str) -> dict[str, str]:
    """Delete a model of the project; default ones answer 404."""
    service.delete_model(scope, id)
    return {"message": "Model successfully deleted"}
