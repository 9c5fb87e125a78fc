"""Prompts (spec/api.md §4.6): what SDKs ask for most is answered from the cache, which every write makes stale at once."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import orjson

from langfuse_app.core.errors import InvalidRequestError, NotFoundError
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.audit import service as audit
from langfuse_app.features.prompts import repository
from langfuse_app.features.prompts.composition import Reference, Resolution, references
from langfuse_app.features.prompts.models import Prompt
from langfuse_app.features.prompts.repository import ListQuery
from langfuse_app.features.prompts.schemas import LATEST, PRODUCTION, CreatePrompt, PromptMetaOut, PromptOut, ResolvedPromptOut
from langfuse_app.stores import cache
from langfuse_app.stores.postgres import transaction

_CACHED_S = 300


def create(scope: ProjectScope, new: CreatePrompt) -> Prompt:
    """Write a new version. InvalidRequestError when it does not fit the previous ones or what it refers to."""
    referred = references(new.content)
    labels: list[str] = list(dict.fromkeys([*new.labels, *([PRODUCTION] if new.is_active else []), LATEST]))

    def decide(newest: Prompt | None) -> Prompt:
        if newest is not None and newest.type != new.type:
            raise InvalidRequestError("Previous versions have different prompt type. Create a new prompt with a different name.")
        draft = Prompt(
            project_id=scope.project_id,
            created_by="API" if scope.actor_kind == "api_key" else scope.actor_id,
            prompt=new.content,
            name=new.name,
            version=newest.version + 1 if newest else 1,
            type=new.type,
            config={} if new.config is None else new.config,
            tags=new.tags if new.tags is not None else newest.tags if newest else [],
            labels=labels,
            commit_message=new.commit_message,
        )
        _resolution(scope, draft).content()  # refuses what could not be read back
        return draft

    with _changing(scope, new.name, references=bool(referred)):
        made = repository.create(scope, new.name, decide, referred)
        _record(scope, "create", made)
    return made


@contextmanager
def _changing(scope: ProjectScope, name: str, *, references: bool = True) -> Generator[None]:
    """One transaction in which the name, and unless told otherwise what prompts refer to, is ours to change."""
    with transaction():
        repository.hold(scope, name, references=references)
        yield
    cache.bump(scope.project_id)


def _resolution(scope: ProjectScope, prompt: Prompt) -> Resolution:
    return Resolution(prompt, lambda reference: repository.find(scope, reference))


def _record(scope: ProjectScope, action: str, prompt: Prompt, before: dict[str, Any] | None = None) -> None:
    after = None if action == "delete" else _plain(prompt)
    audit.record(scope, action, "prompt", prompt.id, before=before, after=after)


def _plain(prompt: Prompt) -> dict[str, Any]:
    return PromptOut.model_validate(prompt).model_dump(mode="json", by_alias=True)


def read(scope: ProjectScope, name: str, version: int | None, label: str | None, *, resolve: bool = True) -> bytes:
    """The JSON of a version: of that number, else with that label, else in production. NotFoundError with the contract's text."""
    if version is not None and label is not None:
        raise InvalidRequestError("Cannot specify both version and label")
    reference = Reference(name, version, None if version is not None else label or PRODUCTION)
    entry = f"prompt:{resolve:d}:{reference.version}:{reference.label}:{name}"
    return cache.cached(scope.project_id, entry, lambda: _read(scope, reference, resolve), ttl_s=_CACHED_S)


def _read(scope: ProjectScope, reference: Reference, resolve: bool) -> bytes:
    found = repository.find(scope, reference)
    if found is None:
        which = f"version {reference.version}" if reference.version is not None else f"label '{reference.label}'"
        raise NotFoundError(f"Prompt not found: '{reference.name}' with {which}")
    shown = ResolvedPromptOut.model_validate(found)
    shown.is_active = PRODUCTION in found.labels
    if resolve:
        resolution = _resolution(scope, found)
        shown.prompt, shown.resolution_graph = resolution.content(), resolution.graph
    return orjson.dumps(shown.model_dump(mode="json", by_alias=True))


def list_prompts(scope: ProjectScope, query: ListQuery) -> Page[PromptMetaOut]:
    """Names with their versions, by name."""
    rows, total = repository.page(scope, query)
    return Page([PromptMetaOut.model_validate(row) for row in rows], query.page, query.limit, total)


def add_labels(scope: ProjectScope, name: str, version: int, labels: list[str]) -> Prompt:
    """Move labels to a version. NotFoundError; InvalidRequestError when what refers to them could not be read any more."""
    with _changing(scope, name):
        before = [_plain(prompt) for prompt in repository.versions(scope, name, version, None)]
        changed = repository.add_labels(scope, name, version, labels)
        if changed is None:
            raise NotFoundError(f"Prompt '{name}' version {version} not found in project")
        _resolution(scope, changed).content()  # a circle that the move would close leads through this version
        _record(scope, "update", changed, before[0])
    return changed


def delete(scope: ProjectScope, name: str, version: int | None, label: str | None) -> None:
    """Delete all versions of a name, or those that match. NotFoundError; InvalidRequestError when others refer to one."""
    with _changing(scope, name):
        gone = repository.versions(scope, name, version, label)
        if not gone:
            raise NotFoundError("Prompt not found")
        if needed := [one for one in repository.dependents(scope, name) if _means(one.reference, gone)]:
            named = ", ".join(f"{one.name} version {one.version}" for one in needed[:10])
            raise InvalidRequestError(f"Other prompts depend on this one: {named}. Delete or change them first.")
        repository.remove(scope, name, [prompt.id for prompt in gone], LATEST)
        for prompt in gone:
            _record(scope, "delete", prompt, _plain(prompt))


def _means(reference: Reference, prompts: list[Prompt]) -> bool:
    return any(reference.version == prompt.version or reference.label in prompt.labels for prompt in prompts)


def id_of(scope: ProjectScope, name: str, version: int) -> str:
    """The id of a version, '' when there is none; for ingestion, which asks for it again and again."""

    def load() -> bytes:
        found = repository.find(scope, Reference(name, version, None))
        return found.id.encode() if found else b""

    return cache.cached(scope.project_id, f"prompt-id:{version}:{name}", load, ttl_s=_CACHED_S).decode()


def require_id(scope: ProjectScope, prompt_id: str) -> None:
    """NotFoundError unless a version of a prompt in the project has that id: for what is attached to one."""
    if not repository.has_id(scope, prompt_id):
        raise NotFoundError(f"Prompt {prompt_id} not found within authorized project")
