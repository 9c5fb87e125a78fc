"""Skills (spec/api.md §11.1): a new version is a whole folder of files, known by name and version or label."""

from langfuse_app.core.errors import InvalidRequestError, NotFoundError
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.audit import service as audit
from langfuse_app.features.prompts.schemas import LATEST, PRODUCTION
from langfuse_app.features.skills import repository
from langfuse_app.features.skills.front_matter import front_matter
from langfuse_app.features.skills.models import Skill
from langfuse_app.features.skills.repository import Changed, ListQuery, MissingContentError, TooLargeError, Version, Which
from langfuse_app.features.skills.schemas import (
    LARGEST_SKILL,
    MANIFEST,
    CreateSkillVersion,
    FileContentOut,
    SkillFileOut,
    SkillMetaOut,
    SkillVersionOut,
    content_type,
)
from langfuse_app.stores.postgres import transaction


@transaction()
def create(scope: ProjectScope, new: CreateSkillVersion) -> SkillVersionOut:
    """Write the next version of the skill that the SKILL.md names. InvalidRequestError when something is wrong with the files."""
    files = {file.path: file.hash for file in new.files}
    given = {file.hash: file.content for file in new.files if file.content is not None}
    about = front_matter(_manifest(scope, files[MANIFEST], given))
    draft = Skill(
        project_id=scope.project_id,
        created_by="API" if scope.actor_kind == "api_key" else scope.actor_id,
        name=about.name,
        description=about.description,
        frontmatter=about.fields,
        version=1,
        labels=[LATEST],
        commit_message=new.commit_message,
    )
    try:
        made = repository.create(scope, draft, files, given, LARGEST_SKILL, LATEST)
    except MissingContentError as error:
        raise _unknown(str(error)) from error
    except TooLargeError as error:
        raise InvalidRequestError(
            f"The files of a skill have at most {LARGEST_SKILL} bytes together, not {error}", "invalid_body"
        ) from error
    audit.record(scope, "create", "skill", made.skill.id, after=_plain(made))
    return shown(made)


def _manifest(scope: ProjectScope, hash: str, given: dict[str, str]) -> str:
    found = given.get(hash)
    found = repository.contents(scope, [hash]).get(hash) if found is None else found
    if found is None:
        raise _unknown(hash)
    return found


def _unknown(hash: str) -> InvalidRequestError:
    return InvalidRequestError(f"The project has no file content with sha256Hash '{hash}': send its content", "invalid_body")


def shown(version: Version) -> SkillVersionOut:
    """A version as the API shows it."""
    files = [
        SkillFileOut(
            id=file.id,
            path=file.path,
            blob_id=file.blob_id,
            sha256_hash=file.sha256_hash,
            content_type=content_type(file.path),
            content_length=file.content_length,
        )
        for file in version.files
    ]
    return SkillVersionOut.model_validate(version.skill.model_dump() | {"files": files})


def _plain(version: Version) -> dict[str, object]:
    return shown(version).model_dump(mode="json", by_alias=True)


def get(scope: ProjectScope, name: str, version: int | None, label: str | None) -> SkillVersionOut:
    """A version of that number, else with that label, else in production. NotFoundError; InvalidRequestError for both at once."""
    if version is not None and label is not None:
        raise InvalidRequestError("Cannot specify both version and label", "invalid_query")
    found = repository.find(scope, Which(name, version, label or PRODUCTION))
    if found is None:
        which = f"label '{label or PRODUCTION}'" if version is None else f"version {version}"
        raise NotFoundError(f"Skill not found: '{name}' with {which}")
    return shown(found)


def list_skills(scope: ProjectScope, query: ListQuery) -> Page[SkillMetaOut]:
    """Skills by name as their newest versions show them, the last changed first."""
    rows, total = repository.page(scope, query, LATEST, PRODUCTION)
    items = [
        SkillMetaOut(
            name=skill.name,
            description=skill.description,
            tags=skill.tags,
            latest_version=skill.version,
            latest_version_created_at=skill.created_at,
            latest_version_last_updated_at=skill.updated_at,
            production_version=production,
        )
        for skill, production in rows
    ]
    return Page(items, query.page, query.limit, total)


def contents(scope: ProjectScope, hashes: list[str]) -> list[FileContentOut]:
    """Contents by their hashes. NotFoundError names those that the project does not have."""
    found = repository.contents(scope, hashes)
    if missing := [hash for hash in hashes if hash not in found]:
        raise NotFoundError(f"Skill file contents not found: {', '.join(missing)}")
    return [FileContentOut(sha256_hash=hash, content=found[hash]) for hash in dict.fromkeys(hashes)]


@transaction()
def set_tags(scope: ProjectScope, name: str, tags: list[str]) -> SkillVersionOut:
    """Replace the tags of all versions of a skill; the newest one. NotFoundError."""
    return _changed(scope, repository.set_tags(scope, name, tags), f"Skill '{name}' not found in project")


@transaction()
def set_labels(scope: ProjectScope, name: str, version: int, labels: list[str]) -> SkillVersionOut:
    """Replace the labels of a version. NotFoundError."""
    return _changed(scope, repository.set_labels(scope, Which(name, version), labels, LATEST), _no_version(name, version))


def _no_version(name: str, version: int) -> str:
    return f"Skill '{name}' version {version} not found in project"


def _changed(scope: ProjectScope, changed: Changed | None, otherwise: str) -> SkillVersionOut:
    if changed is None:
        raise NotFoundError(otherwise)
    audit.record(scope, "update", "skill", changed.after.skill.id, before=_plain(changed.before), after=_plain(changed.after))
    return shown(changed.after)


@transaction()
def delete_version(scope: ProjectScope, name: str, version: int) -> None:
    """Delete a version, and contents that no other version has. NotFoundError."""
    gone = repository.remove(scope, Which(name, version), LATEST)
    if gone is None:
        raise NotFoundError(_no_version(name, version))
    audit.record(scope, "delete", "skill", gone.skill.id, before=_plain(gone))
