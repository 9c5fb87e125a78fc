"""Routes of skills (spec/api.md §11)."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, BeforeValidator, Field

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import coded_answers
from langfuse_app.api.params import Moment, Paged, Params, split_commas
from langfuse_app.features.skills import service
from langfuse_app.features.skills.repository import ListQuery
from langfuse_app.features.skills.schemas import (
    MOST_HASHES,
    CreateSkillVersion,
    DeletedOut,
    FileContentsOut,
    SkillsMeta,
    SkillsOut,
    SkillVersionOut,
    UpdateSkill,
    UpdateSkillLabels,
    check_hash,
)

router = APIRouter(tags=["skills"])
_SKILLS = "/api/public/unstable/skills"
_VERSION = _SKILLS + "/{skill_name}/versions/{skill_version}"
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Skills(Paged):
    """Query of the list."""

    limit: int = Field(10, ge=1, le=100)
    name: str | None = None
    search: Annotated[str | None, Field(max_length=1000, description="Part of a name or description, in any case")] = None
    tag: str | None = None
    from_updated_at: Moment | None = None
    to_updated_at: Moment | None = None


@router.get(_SKILLS, responses=coded_answers(SkillsOut))
def list_skills(scope: Project, params: Annotated[Skills, Query()]) -> SkillsOut:
    """Skills by name as their newest versions show them, the last changed first."""
    found = service.list_skills(scope, ListQuery(**params.model_dump()))
    return SkillsOut(data=found.items, meta=SkillsMeta.model_validate(found.meta() | {"hasNextPage": found.page < found.pages}))


@router.post(_SKILLS, responses=coded_answers(SkillVersionOut))
def create_skill_version(scope: Project, body: CreateSkillVersion) -> SkillVersionOut:
    """Write a new version of the skill that the front matter of SKILL.md names; it gets the label `latest`."""
    return service.create(scope, body)


class Contents(Params):
    """Query of the contents."""

    sha256_hashes: Annotated[
        list[Annotated[str, AfterValidator(check_hash)]],
        BeforeValidator(split_commas),
        Field(min_length=1, max_length=MOST_HASHES, description=f"1 to {MOST_HASHES} hashes of skill files, separated by commas"),
    ]


@router.get(_SKILLS + "/files/content", responses=coded_answers(FileContentsOut, 404))
def get_skill_file_contents(scope: Project, params: Annotated[Contents, Query()], response: Response) -> FileContentsOut:
    """Contents of skill files by their hashes."""
    response.headers["cache-control"] = "no-store"
    return FileContentsOut(data=service.contents(scope, params.sha256_hashes))


class Which(Params):
    """Which version; none of both is the one in production."""

    version: Number | None = None
    label: str | None = None


@router.get(_SKILLS + "/{skill_name}", responses=coded_answers(SkillVersionOut, 404))
def get_skill(scope: Project, skill_name: str, params: Annotated[Which, Query()]) -> SkillVersionOut:
    """One version by number or label, else the one in production; contents of its files are fetched by their hashes."""
    return service.get(scope, skill_name, params.version, params.label)


@router.patch(_SKILLS + "/{skill_name}", responses=coded_answers(SkillVersionOut, 404))
def update_skill(scope: Project, skill_name: str, body: UpdateSkill) -> SkillVersionOut:
    """Replace the tags of a skill, on all its versions; answers the newest one."""
    return service.set_tags(scope, skill_name, body.tags)


@router.patch(_VERSION, responses=coded_answers(SkillVersionOut, 404))
def set_skill_labels(scope: Project, skill_name: str, skill_version: Number, body: UpdateSkillLabels) -> SkillVersionOut:
    """Replace the labels of a version; they leave the other versions."""
    return service.set_labels(scope, skill_name, skill_version, body.labels)


@router.delete(_VERSION, responses=coded_answers(DeletedOut, 404))
def delete_skill_version(scope: Project, skill_name: str, skill_version: Number) -> DeletedOut:
    """Delete a version, and file contents that no other version has."""
    service.delete_version(scope, skill_name, skill_version)
    return DeletedOut(deleted=True)
