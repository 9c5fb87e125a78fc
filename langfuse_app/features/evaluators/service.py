"""Evaluators (spec/api.md §4.15, §11): what is stored is all that running them needs.

Both contracts see the same evaluators. In the unstable one a name is what tells them apart, in v2 it is only a name.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from langfuse_app.core.errors import AppError, ConflictError, NotFoundError
from langfuse_app.core.pagination import Page, Place, cut
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.audit import service as audit
from langfuse_app.features.evaluation_rules.models import RuleAssignment
from langfuse_app.features.evaluators import repository
from langfuse_app.features.evaluators.definitions import flat, shown_mapping, text_of, version_of
from langfuse_app.features.evaluators.models import Evaluator, EvaluatorVersion, Known
from langfuse_app.features.evaluators.schemas import CreateCode, CreateJudge, EvaluatorOut, ModelConfig
from langfuse_app.features.evaluators.schemas_v2 import (
    AssignedRule,
    CodeOut,
    CodeVersionOut,
    CreateCodeV2,
    CreateJudgeV2,
    Creator,
    JudgeOut,
    JudgeVersionOut,
    MessageOut,
    UpdateCode,
    UpdateJudge,
    UpdateMetadata,
)
from langfuse_app.features.llm_connections import service as llm_connections


class PreflightError(AppError):
    """422 of the unstable routes: the evaluator could not run."""

    status = 422
    name = "UnprocessableContentError"


class PreconditionFailedError(AppError):
    """412 of the v2 routes: the evaluator could not run."""

    status = 412
    name = "PreconditionFailedError"


class Pause(NamedTuple):
    """Why an evaluator does not run (spec/backend.md §8.1)."""

    reason: str
    message: str


# --- what both contracts need ---------------------------------------------------------------------


def _get(scope: ProjectScope, id: str) -> Known:
    known = repository.some(scope, [id]).get(id)
    if known is None:
        raise _nothing()
    return known


def _nothing() -> NotFoundError:
    return NotFoundError("Evaluator not found")


def some(scope: ProjectScope, ids: Collection[str]) -> dict[str, Known]:
    """The evaluators of these ids that are there, by id."""
    return repository.some(scope, ids)


def named(scope: ProjectScope, name: str, type: str | None) -> Known | None:
    """The newest evaluator of a name, and of a type where one is given."""
    return repository.named(scope, name, type)


def pauses(scope: ProjectScope, known: Collection[Known]) -> dict[str, Pause]:
    """Why those evaluators do not run that cannot, by id."""
    providers = llm_connections.providers(scope)
    found = {one.evaluator.id: _pause(one.version, providers) for one in known}
    return {id: pause for id, pause in found.items() if pause}


def _pause(version: EvaluatorVersion, providers: frozenset[str]) -> Pause | None:
    if version.prompt is None or version.provider in providers:
        return None
    if version.provider is None:
        return Pause("DEFAULT_EVAL_MODEL_MISSING", "The project has no default evaluation model: give modelConfig")
    return Pause("LLM_CONNECTION_MISSING", f"The project has no LLM connection '{version.provider}'")


def _runnable(scope: ProjectScope, version: EvaluatorVersion, refusal: type[AppError]) -> EvaluatorVersion:
    """The version, if it could run; no provider is called."""
    if pause := _pause(version, llm_connections.providers(scope)):
        raise refusal(pause.message, "evaluator_preflight_failed")
    return version


def _record(scope: ProjectScope, action: str, evaluator: Evaluator, version: EvaluatorVersion | None) -> None:
    after = {"name": evaluator.name, "description": evaluator.description, "version": version and version.version}
    audit.record(scope, action, "evaluator", evaluator.id, after=after)


# --- the unstable contract ------------------------------------------------------------------------


def list_evaluators(scope: ProjectScope, page: int, limit: int) -> Page[EvaluatorOut]:
    """Evaluators in their newest versions, the last changed first."""
    found = repository.page(scope, page, limit)
    return Page(_unstable(scope, found.items), page, limit, found.total)


def get_evaluator(scope: ProjectScope, id: str) -> EvaluatorOut:
    """One evaluator; NotFoundError."""
    return _unstable(scope, [_get(scope, id)])[0]


def create_evaluator(scope: ProjectScope, new: CreateJudge | CreateCode) -> EvaluatorOut:
    """Write a new version of the evaluator of that name. ConflictError, InvalidRequestError, PreflightError."""
    version = _runnable(scope, version_of(new, scope.user_id), PreflightError)
    evaluator = repository.add_version(scope, new.name, new.type, version)
    if evaluator is None:
        raise ConflictError(f"An evaluator of another type has the name '{new.name}'", "name_conflict")
    _record(scope, "create" if version.version == 1 else "update", evaluator, version)
    return _unstable(scope, [Known(evaluator, version)])[0]


def delete_evaluator(scope: ProjectScope, id: str) -> None:
    """Delete an evaluator with its versions. NotFoundError; ConflictError while a rule uses it."""
    known = _get(scope, id)
    if users := repository.remove_unused(scope, id):
        raise ConflictError(f"Rules use the evaluator: {', '.join(users[:5])}", "evaluator_in_use")
    audit.record(scope, "delete", "evaluator", id, before={"name": known.evaluator.name})


def _unstable(scope: ProjectScope, known: Sequence[Known]) -> list[EvaluatorOut]:
    used = _by_evaluator(scope, known)
    return [_unstable_one(one.evaluator, one.version, len(used.get(one.evaluator.id, ()))) for one in known]


def _by_evaluator(scope: ProjectScope, known: Sequence[Known]) -> dict[str, list[RuleAssignment]]:
    found: dict[str, list[RuleAssignment]] = {}
    for assignment in repository.assignments(scope, [one.evaluator.id for one in known]):
        found.setdefault(assignment.evaluator_id, []).append(assignment)
    return found


def _unstable_one(evaluator: Evaluator, version: EvaluatorVersion, rules: int) -> EvaluatorOut:
    return EvaluatorOut(
        type=evaluator.type,
        id=evaluator.id,
        name=evaluator.name,
        version=version.version,
        variables=version.variables,
        mapping=version.mapping,
        evaluation_rule_count=rules,
        created_at=evaluator.created_at,
        updated_at=evaluator.updated_at,
        prompt=None if version.prompt is None else text_of(version.prompt),
        output_definition=version.output_definition,
        model_settings={"provider": version.provider or "", "model": version.model or ""} if version.prompt else None,
        source_code=version.source_code,
        source_code_language=version.source_code_language,
    )


# --- the v2 contract ------------------------------------------------------------------------------


def list_after(scope: ProjectScope, place: Place | None, limit: int) -> tuple[list[JudgeOut | CodeOut], Place | None]:
    """At most `limit` evaluators behind a place, newest first, and the place of the next page (None on the last)."""
    rows = repository.after(scope, place, limit + 1)
    shown, last = cut(rows, limit, lambda known: Place(known.evaluator.created_at, known.evaluator.id))
    return _shown(scope, shown), last


def get(scope: ProjectScope, id: str) -> JudgeOut | CodeOut:
    """One evaluator in its newest version; NotFoundError."""
    return _shown(scope, [_get(scope, id)])[0]


def create(scope: ProjectScope, new: CreateJudgeV2 | CreateCodeV2) -> JudgeOut | CodeOut:
    """Make an evaluator, whoever else has its name. InvalidRequestError, PreconditionFailedError."""
    version = _runnable(scope, version_of(new, scope.user_id), PreconditionFailedError)
    evaluator = Evaluator(
        project_id=scope.project_id, name=new.name, description=new.description, type=new.type, created_by_user_id=scope.user_id
    )
    repository.add(evaluator, version)
    _record(scope, "create", evaluator, version)
    return get(scope, evaluator.id)


def update(scope: ProjectScope, id: str, change: UpdateMetadata | UpdateJudge | UpdateCode) -> JudgeOut | CodeOut:
    """Change name and description, and with a definition write the next version.

    NotFoundError, InvalidRequestError, PreconditionFailedError; ConflictError for a definition of another type.
    """
    before = _get(scope, id).evaluator
    version = None
    if not isinstance(change, UpdateMetadata):
        if change.type != before.type:
            raise ConflictError(f"The evaluator is of the type {before.type}, which cannot change")
        version = _runnable(scope, version_of(change, scope.user_id), PreconditionFailedError)
    given = {name: getattr(change, name) for name in ("name", "description") if name in change.model_fields_set}

    def edit(evaluator: Evaluator) -> None:
        for name, value in given.items():
            setattr(evaluator, name, value)

    if not repository.change(scope, id, edit, version):
        raise _nothing()
    _record(scope, "update", before.model_copy(update=given), version)
    return get(scope, id)


def delete(scope: ProjectScope, id: str) -> None:
    """Delete an evaluator with its versions, and out of all rules; NotFoundError."""
    known = _get(scope, id)
    if not repository.remove(scope, id):
        raise _nothing()
    audit.record(scope, "delete", "evaluator", id, before={"name": known.evaluator.name})


def versions(scope: ProjectScope, id: str, place: Place | None, limit: int) -> tuple[list[JudgeVersionOut | CodeVersionOut], Place | None]:
    """At most `limit` versions behind a place, newest first, and the place of the next page (None on the last)."""
    _get(scope, id)
    rows = repository.versions(scope, id, place, limit + 1)
    shown, last = cut(rows, limit, lambda row: Place(row[0].created_at, row[0].id))
    return [_version(version, author) for version, author in shown], last


def _shown(scope: ProjectScope, known: Sequence[Known]) -> list[JudgeOut | CodeOut]:
    used, paused = _by_evaluator(scope, known), pauses(scope, known)
    return [_one(one, used.get(one.evaluator.id, []), paused.get(one.evaluator.id)) for one in known]


def _one(known: Known, rules: Sequence[RuleAssignment], pause: Pause | None) -> JudgeOut | CodeOut:
    evaluator, version, author, version_author = known
    parts: dict[str, Any] = {
        "id": evaluator.id,
        "name": evaluator.name,
        "description": evaluator.description,
        "created_by": creator(evaluator.created_by_user_id, author),
        "status": "paused" if pause else "active",
        "paused_at": None,  # it is the state of the project that pauses, and nobody notes when it came about
        "paused_reason": pause and pause.reason,
        "paused_message": pause and pause.message,
        "evaluation_rule_assignments": [_assigned(one) for one in rules],
        "created_at": evaluator.created_at,
        "updated_at": evaluator.updated_at,
        "version_id": version.id,
        "version": version.version,
        "version_created_at": version.created_at,
        "version_created_by": creator(version.created_by_user_id, version_author),
    }
    return CodeOut(**parts, **_code(version)) if version.prompt is None else JudgeOut(**parts, **_judge(version))


def creator(user_id: str | None, name: str | None) -> Creator | None:
    """Who made a thing; None where a key did."""
    return None if user_id is None else Creator(id=user_id, name=name)


def _assigned(one: RuleAssignment) -> AssignedRule:
    override = {} if one.mapping is None else {"variable_mapping_override": shown_mapping(one.mapping)}
    return AssignedRule(evaluation_rule_id=one.evaluation_rule_id, **override)


def _version(version: EvaluatorVersion, author: str | None) -> JudgeVersionOut | CodeVersionOut:
    parts: dict[str, Any] = {
        "id": version.id,
        "version": version.version,
        "created_at": version.created_at,
        "created_by": creator(version.created_by_user_id, author),
    }
    return CodeVersionOut(**parts, **_code(version)) if version.prompt is None else JudgeVersionOut(**parts, **_judge(version))


def _code(version: EvaluatorVersion) -> dict[str, Any]:
    return {"type": "code", "source_code": version.source_code, "source_code_language": version.source_code_language}


def _judge(version: EvaluatorVersion) -> dict[str, Any]:
    settings = None if version.provider is None else ModelConfig(provider=version.provider, model=version.model or "")
    return {
        "type": "llm_as_judge",
        "prompt": [MessageOut.model_validate(message) for message in version.prompt],
        "variables": version.variables,
        "variable_mapping": shown_mapping(version.mapping),
        "model_settings": settings,
        "output_definition": flat(version.output_definition),
    }
