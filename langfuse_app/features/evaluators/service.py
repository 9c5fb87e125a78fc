"""Evaluators and evaluation rules (spec/api.md §4.15): what is stored is all that running them needs."""

from collections.abc import Sequence
from typing import Any

from langfuse_app.core.errors import AppError, ConflictError, InvalidRequestError, NotFoundError, ValidationFailedError
from langfuse_app.core.filters.columns import column_of
from langfuse_app.core.filters.parse import filters_of
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.audit import service as audit
from langfuse_app.features.evaluators import repository
from langfuse_app.features.evaluators.models import EvaluationRule, EvaluatorVersion
from langfuse_app.features.evaluators.repository import Known, NameTakenError
from langfuse_app.features.evaluators.schemas import (
    Assignment,
    CreateCode,
    CreateJudge,
    CreateRule,
    EvaluatorOut,
    Mapping,
    RuleFilter,
    RuleOut,
    UpdateRule,
    is_json_path,
    variables_of,
)
from langfuse_app.features.llm_connections import service as llm_connections
from langfuse_app.features.observations.repository_columns import COLUMNS

_RULE_COLUMNS = (
    *("type", "name", "environment", "level", "version", "traceName", "userId", "sessionId", "tags", "metadata", "isRootObservation"),
    *("parentObservationId", "experimentId", "experimentDatasetId", "isExperimentItemRootSpan", "calledToolNames", "toolCalls"),
)
RULE_COLUMNS = {name: COLUMNS[name] for name in _RULE_COLUMNS}  # spec/backend.md §8.3


class PreflightError(AppError):
    """422: the evaluator could not run."""

    status = 422
    name = "UnprocessableContentError"


# --- evaluators -----------------------------------------------------------------------------------


def list_evaluators(scope: ProjectScope, page: int, limit: int) -> Page[EvaluatorOut]:
    """Evaluators in their newest versions, the last changed first."""
    found, rules = repository.page(scope, page, limit), repository.rules(scope)
    return Page([_evaluator(known, rules) for known in found.items], page, limit, found.total)


def get_evaluator(scope: ProjectScope, id: str) -> EvaluatorOut:
    """One evaluator; NotFoundError."""
    return _evaluator(_known(scope, id), repository.rules(scope))


def _known(scope: ProjectScope, id: str) -> Known:
    known = repository.one(scope, id=id)
    if known is None:
        raise NotFoundError("Evaluator not found")
    return known


def create_evaluator(scope: ProjectScope, new: CreateJudge | CreateCode) -> EvaluatorOut:
    """Write a new version of the evaluator of that name. ConflictError, InvalidRequestError, PreflightError."""
    version = _judge(scope, new) if isinstance(new, CreateJudge) else _code(new)
    known = repository.add_version(scope, new.name, new.type, version)
    if known is None:
        raise ConflictError(f"An evaluator of another type has the name '{new.name}'", "name_conflict")
    audit.record(scope, "create", "evaluator", known.evaluator.id, after={"name": new.name, "version": known.version.version})
    return _evaluator(known, repository.rules(scope))


def _code(new: CreateCode) -> EvaluatorVersion:
    return EvaluatorVersion(evaluator_id="", version=0, source_code=new.source_code, source_code_language=new.source_code_language)


def _judge(scope: ProjectScope, new: CreateJudge) -> EvaluatorVersion:
    variables = variables_of(new.prompt)
    if new.mapping is not None:
        check_mapping(new.mapping, variables)
    settings = new.model_settings
    if settings is None:
        raise PreflightError("The project has no default evaluation model: give modelConfig", "evaluator_preflight_failed")
    if not llm_connections.has_provider(scope, settings.provider):
        raise PreflightError(f"The project has no LLM connection '{settings.provider}'", "evaluator_preflight_failed")
    return EvaluatorVersion(
        evaluator_id="",
        version=0,
        prompt=new.prompt,
        provider=settings.provider,
        model=settings.model,
        variables=variables,
        mapping=_plain(new.mapping),
        output_definition=new.output_definition.model_dump(mode="json", by_alias=True),
    )


def _plain(mapping: Sequence[Mapping] | None) -> list[dict[str, Any]] | None:
    return None if mapping is None else [one.model_dump(mode="json", by_alias=True) for one in mapping]


def check_mapping(mapping: Sequence[Mapping], variables: Sequence[str]) -> None:
    """Every variable exactly once, by a path that can be one. InvalidRequestError with the code of what is wrong."""
    named = [one.variable for one in mapping]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise InvalidRequestError(f"Variables are mapped twice: {', '.join(twice)}", "duplicate_variable_mapping")
    if unknown := sorted(set(named) - set(variables)):
        raise InvalidRequestError(f"The evaluator has no variables {', '.join(unknown)}", "invalid_variable_mapping")
    if missing := [name for name in variables if name not in named]:
        raise InvalidRequestError(f"Variables are not mapped: {', '.join(missing)}", "missing_variable_mapping")
    if wrong := [one.json_path for one in mapping if one.json_path and not is_json_path(one.json_path)]:
        raise InvalidRequestError(f"Not a JSONPath: {wrong[0]}", "invalid_json_path")


def delete_evaluator(scope: ProjectScope, id: str) -> None:
    """Delete an evaluator with its versions. NotFoundError; ConflictError while a rule uses it."""
    known = _known(scope, id)
    if users := [rule.name for rule in repository.rules(scope) if _uses(rule, id)]:
        raise ConflictError(f"Rules use the evaluator: {', '.join(users[:5])}", "evaluator_in_use")
    repository.remove_evaluator(scope, id)
    audit.record(scope, "delete", "evaluator", id, before={"name": known.evaluator.name})


def _uses(rule: EvaluationRule, evaluator_id: str) -> bool:
    return any(one["evaluatorId"] == evaluator_id for one in rule.assignments)


def _evaluator(known: Known, rules: Sequence[EvaluationRule]) -> EvaluatorOut:
    evaluator, version = known
    return EvaluatorOut(
        type=evaluator.type,
        id=evaluator.id,
        name=evaluator.name,
        version=version.version,
        variables=version.variables,
        mapping=version.mapping,
        evaluation_rule_count=sum(_uses(rule, evaluator.id) for rule in rules),
        created_at=evaluator.created_at,
        updated_at=evaluator.updated_at,
        prompt=version.prompt,
        output_definition=version.output_definition,
        model_settings={"provider": version.provider or "", "model": version.model or ""} if version.prompt else None,
        source_code=version.source_code,
        source_code_language=version.source_code_language,
    )


# --- rules ----------------------------------------------------------------------------------------


def list_rules(scope: ProjectScope, page: int, limit: int) -> Page[RuleOut]:
    """Rules, the last changed first."""
    found = repository.rules(scope)
    start = (page - 1) * limit
    return Page([_rule(scope, rule) for rule in found[start : start + limit]], page, limit, len(found))


def get_rule(scope: ProjectScope, id: str) -> RuleOut:
    """One rule; NotFoundError."""
    found = repository.rule(scope, id)
    if found is None:
        raise _no_rule()
    return _rule(scope, found)


def _no_rule() -> NotFoundError:
    return NotFoundError("Evaluation rule not found")


def create_rule(scope: ProjectScope, new: CreateRule) -> RuleOut:
    """Write a rule. NotFoundError for evaluators, ConflictError for its name, InvalidRequestError for mappings and filters."""
    return _saved(scope, None, new)


def update_rule(scope: ProjectScope, id: str, change: UpdateRule) -> RuleOut:
    """Change a rule; errors as create_rule, and NotFoundError for the rule."""
    return _saved(scope, id, change)


def _saved(scope: ProjectScope, id: str | None, given: CreateRule | UpdateRule) -> RuleOut:
    assignments = None if given.assignments is None else [_assigned(scope, one) for one in given.assignments]
    conditions = None if given.filter is None else _conditions(given.filter)

    def edit(rule: EvaluationRule) -> None:
        for name in ("name", "target", "enabled", "sampling"):
            if (value := getattr(given, name)) is not None:
                setattr(rule, name, value)
        rule.filter = rule.filter if conditions is None else conditions
        rule.assignments = rule.assignments if assignments is None else assignments

    try:
        saved = repository.save_rule(scope, id, edit)
    except NameTakenError as error:
        raise ConflictError(f"A rule has the name '{given.name}' already", "name_conflict") from error
    if saved is None:
        raise _no_rule()
    audit.record(scope, "update" if id else "create", "evaluationRule", saved.id, after=given.model_dump(mode="json", exclude_none=True))
    return _rule(scope, saved)


def _assigned(scope: ProjectScope, given: Assignment) -> dict[str, Any]:
    known = repository.one(scope, name=given.evaluator.name)
    if known is None or (given.evaluator.type or known.evaluator.type) != known.evaluator.type:
        raise NotFoundError(f"Evaluator '{given.evaluator.name}' not found")
    if known.evaluator.type == "code":
        if given.mapping:
            raise InvalidRequestError("Code evaluators have no variables to map", "invalid_variable_mapping")
    elif given.mapping is not None or known.version.mapping is None:
        check_mapping(given.mapping or [], known.version.variables)
    return {"evaluatorId": known.evaluator.id, "mapping": _plain(given.mapping)}


def _conditions(given: Sequence[RuleFilter]) -> list[dict[str, Any]]:
    plain = [one.model_dump(mode="json", exclude_unset=True) for one in given]
    try:
        for one in filters_of(plain, ("filter",)):
            column_of(one, RULE_COLUMNS)
    except (ValidationFailedError, InvalidRequestError) as error:
        error.code = "invalid_filter_value"
        raise
    return plain


def delete_rule(scope: ProjectScope, id: str) -> None:
    """Delete a rule; NotFoundError."""
    if not repository.remove_rule(scope, id):
        raise _no_rule()
    audit.record(scope, "delete", "evaluationRule", id)


def _rule(scope: ProjectScope, rule: EvaluationRule) -> RuleOut:
    known = [(one, repository.one(scope, id=one["evaluatorId"])) for one in rule.assignments]
    evaluators = [_shown(evaluator, one) for one, evaluator in known if evaluator]
    return RuleOut(
        id=rule.id,
        name=rule.name,
        evaluator=evaluators[0]["evaluator"] if evaluators else {},
        evaluators=evaluators,
        target=rule.target,
        enabled=rule.enabled,
        status="active" if rule.enabled else "inactive",
        paused_reason=None,
        paused_message=None,
        sampling=rule.sampling,
        filter=rule.filter,
        mapping=(evaluators[0]["mapping"] or []) if evaluators else [],
        created_at=rule.created_at,
        updated_at=rule.updated_at,
    )


def _shown(known: Known, assignment: dict[str, Any]) -> dict[str, Any]:
    named = {"id": known.evaluator.id, "name": known.evaluator.name, "type": known.evaluator.type}
    return {"evaluator": named, "mapping": assignment["mapping"] if assignment["mapping"] is not None else known.version.mapping}
