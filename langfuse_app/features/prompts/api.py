"""Routes of prompts, both generations (spec/api.md §4.6, §12)."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import answers
from langfuse_app.api.params import Moment, Paged, Params
from langfuse_app.core.shapes import PageMeta
from langfuse_app.features.prompts import service
from langfuse_app.features.prompts.repository import ListQuery
from langfuse_app.features.prompts.schemas import CreatePrompt, NewLabels, PromptOut, PromptsOut, ResolvedPromptOut

router = APIRouter(tags=["prompts"])
_PROMPTS = "/api/public/v2/prompts"


class Prompts(Paged):
    """Query of the list."""

    limit: int = Field(10, ge=1, le=100)
    name: str | None = None
    label: str | None = None
    tag: str | None = None
    version: int | None = None
    from_updated_at: Moment | None = None
    to_updated_at: Moment | None = None


@router.get(_PROMPTS, responses=answers(PromptsOut))
def list_prompts(scope: Project, params: Annotated[Prompts, Query()]) -> PromptsOut:
    """Prompts by name, with their versions and labels."""
    found = service.list_prompts(scope, ListQuery(**params.model_dump()))
    meta = PageMeta.model_validate(found.meta())
    return PromptsOut(data=found.items, meta=meta, pagination=meta)


@router.post(_PROMPTS, status_code=201, responses=answers(PromptOut, status=201))
def create_prompt(scope: Project, body: CreatePrompt) -> PromptOut:
    """Write a new version of a prompt; its labels leave the other versions."""
    return PromptOut.model_validate(service.create(scope, body))


class Which(Params):
    """Which version; none of both is the one in production."""

    version: int | None = Field(None, ge=1, le=2**31 - 1)
    label: str | None = None


class Read(Which):
    """Query of one prompt."""

    resolve: bool = Field(True, description="false leaves references to other prompts as they are")


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


@router.patch(_PROMPTS + "/{name:path}/versions/{version}", responses=answers(PromptOut, 404))
def add_labels(scope: Project, name: str, version: Annotated[int, Field(ge=1, le=2**31 - 1)], body: NewLabels) -> PromptOut:
    """Move labels to a version."""
    return PromptOut.model_validate(service.add_labels(scope, name, version, body.new_labels))


@router.get(_PROMPTS + "/{prompt_name:path}", responses=answers(ResolvedPromptOut, 404))
def get_prompt(scope: Project, prompt_name: str, params: Annotated[Read, Query()]) -> Response:
    """One version by number or label, else the one in production; references to other prompts are replaced."""
    return _json(service.read(scope, prompt_name, params.version, params.label, resolve=params.resolve))


@router.delete(_PROMPTS + "/{prompt_name:path}", status_code=204, responses=answers(None, 404, status=204))
def delete_prompt(scope: Project, prompt_name: str, params: Annotated[Which, Query()]) -> Response:
    """Delete a prompt, or its versions that match."""
    service.delete(scope, prompt_name, params.version, params.label)
    return Response(status_code=204)


class Named(Which):
    """Query of the first generation's read."""

    name: str


@router.get("/api/public/prompts", responses=answers(ResolvedPromptOut, 404))
def get_prompt_v1(scope: Project, params: Annotated[Named, Query()]) -> Response:
    """One version by number, else the one in production."""
    return _json(service.read(scope, params.name, params.version, params.label))


@router.post("/api/public/prompts", status_code=201, responses=answers(PromptOut, status=201))
def create_prompt_v1(scope: Project, body: CreatePrompt) -> PromptOut:
    """Write a new version; `isActive` puts it into production."""
    made = PromptOut.model_validate(service.create(scope, body))
    return made.model_copy(update={"is_active": "production" in made.labels})
