"""Evaluation rules (spec/api.md §4.15, §11).

Both contracts see the same rules. The unstable one has a target and calls the dataset of an experiment
`experimentDatasetId`, v2 has a condition in the place of the target and calls it `datasetId`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from langfuse_app.core.errors import ConflictError, InvalidRequestError, NotFoundError, ValidationFailedError
from langfuse_app.core.filters.columns import column_of
from langfuse_app.core.filters.parse import filters_of
from langfuse_app.core.pagination import Page, Place, cut
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.audit import service as audit
from langfuse_app.features.evaluation_rules import repository
from langfuse_app.features.evaluation_rules.models import EvaluationRule, RuleAssignment
from langfuse_app.features.evaluation_rules.repository import Edit, EvaluatorGoneError, NameTakenError, Ruled
from langfuse_app.features.evaluation_rules.schemas import Assignment, CreateRule, RuleFilter, RuleOut, UpdateRule
from langfuse_app.features.evaluation_rules.schemas_v2 import (
    AssignedEvaluator,
    AssignedEvaluatorOut,
    CreateRuleV2,
    RuleV2Out,
    UpdateRuleV2,
)
from langfuse_app.features.evaluators import service as evaluators
from langfuse_app.features.evaluators.definitions import check_mapping, plain, shown_mapping
from langfuse_app.features.evaluators.models import Known
from langfuse_app.features.evaluators.schemas import Mapping as VariableMapping
from langfuse_app.features.observations.repository_columns import COLUMNS

_RULE_COLUMNS = (
    *("type", "name", "environment", "level", "version", "traceName", "userId", "sessionId", "tags", "metadata", "isRootObservation"),
    *("parentObservationId", "experimentId", "experimentDatasetId", "isExperimentItemRootSpan", "calledToolNames", "toolCalls"),
)
RULE_COLUMNS = {name: COLUMNS[name] for name in _RULE_COLUMNS}  # spec/backend.md §8.3
_STORED_NAMES = {"datasetId": "experimentDatasetId"}
_SHOWN_NAMES = {stored: shown for shown, stored in _STORED_NAMES.items()}
_EXPERIMENTS_ONLY = {"type": "boolean", "column": "isExperimentItemRootSpan", "operator": "=", "value": True}
Changes = Mapping[str, Any]
"""Columns of a rule, and what they become."""


# --- what both contracts need ---------------------------------------------------------------------


def _nothing() -> NotFoundError:
    return NotFoundError("Evaluation rule not found")


def _get(scope: ProjectScope, id: str) -> Ruled:
    found = repository.one(scope, id)
    if found is None:
        raise _nothing()
    return found


def delete_rule(scope: ProjectScope, id: str) -> None:
    """Delete a rule; NotFoundError."""
    if not repository.remove(scope, id):
        raise _nothing()
    audit.record(scope, "delete", "evaluationRule", id)


def _save(scope: ProjectScope, id: str | None, edit: Edit, alone: str | None = None) -> Ruled:
    try:
        saved = repository.save(scope, id, edit, alone)
    except NameTakenError as error:
        raise ConflictError(f"A rule has the name '{alone}' already", "name_conflict") from error
    except EvaluatorGoneError as error:
        raise NotFoundError("Evaluator not found") from error
    if saved is None:
        raise _nothing()
    written = _get(scope, saved.id)
    audit.record(scope, "update" if id else "create", "evaluationRule", saved.id, after=_audited(written))
    return written


def _audited(written: Ruled) -> dict[str, Any]:
    rule = written.rule.model_dump(mode="json", include={"name", "enabled", "target", "filter", "sampling"})
    return rule | {"evaluators": [one.evaluator_id for one in written.assignments]}


def _assignment(known: Known, mapping: Sequence[VariableMapping] | None) -> RuleAssignment:
    """The evaluator's place in a rule. InvalidRequestError unless every variable has its value."""
    if known.evaluator.type == "code":
        if mapping:
            raise InvalidRequestError("Code evaluators have no variables to map", "invalid_variable_mapping")
    elif mapping is not None or known.version.mapping is None:
        check_mapping(mapping or [], known.version.variables)
    return RuleAssignment(project_id="", evaluation_rule_id="", evaluator_id=known.evaluator.id, mapping=plain(mapping))


def _apply(changes: Changes, wanted: Sequence[RuleAssignment] | None, check: Callable[[bool], None] | None = None) -> Edit:
    """An edit that sets the columns and, unless None, the assignments; `check` is told whether any are left."""

    def edit(rule: EvaluationRule, before: Sequence[RuleAssignment]) -> Sequence[RuleAssignment]:
        after = before if wanted is None else wanted
        for name, value in changes.items():
            setattr(rule, name, value)
        if check:
            check(bool(after))
        if not after:
            rule.enabled = False
        return after

    return edit


# --- the unstable contract ------------------------------------------------------------------------


def list_rules(scope: ProjectScope, page: int, limit: int) -> Page[RuleOut]:
    """Rules that have evaluators, the last changed first: the unstable contract knows no others."""
    found = repository.page(scope, page, limit)
    return Page(_unstable(scope, found.items), page, limit, found.total)


def get_rule(scope: ProjectScope, id: str) -> RuleOut:
    """One rule; NotFoundError, also for one without evaluators."""
    return _unstable_or_nothing(scope, _get(scope, id))


def create_rule(scope: ProjectScope, new: CreateRule) -> RuleOut:
    """Write a rule. NotFoundError for evaluators, ConflictError for its name, InvalidRequestError for mappings and filters."""
    return _saved(scope, None, new)


def update_rule(scope: ProjectScope, id: str, change: UpdateRule) -> RuleOut:
    """Change a rule; errors as create_rule, and NotFoundError for the rule."""
    return _saved(scope, id, change)


def _saved(scope: ProjectScope, id: str | None, given: CreateRule | UpdateRule) -> RuleOut:
    wanted = None if given.assignments is None else [_by_name(scope, one) for one in given.assignments]
    if wanted and len({one.evaluator_id for one in wanted}) < len(wanted):
        raise InvalidRequestError("An evaluator is assigned twice", "invalid_body")
    changes = given.model_dump(include={"name", "target", "enabled", "sampling"}, exclude_none=True)
    if given.filter is not None:
        changes["filter"] = _conditions(given.filter)
    if id is not None:
        get_rule(scope, id)  # a rule without evaluators is none in this contract
    return _unstable_or_nothing(scope, _save(scope, id, _apply(changes, wanted), alone=given.name))


def _by_name(scope: ProjectScope, given: Assignment) -> RuleAssignment:
    known = evaluators.named(scope, given.evaluator.name, given.evaluator.type)
    if known is None:
        raise NotFoundError(f"Evaluator '{given.evaluator.name}' not found")
    return _assignment(known, given.mapping)


def _conditions(given: Sequence[RuleFilter]) -> list[dict[str, Any]]:
    plain_ones = [one.model_dump(mode="json", exclude_unset=True) for one in given]
    try:
        for one in filters_of(plain_ones, ("filter",)):
            column_of(one, RULE_COLUMNS)
    except (ValidationFailedError, InvalidRequestError) as error:
        error.code = "invalid_filter_value"
        raise
    return plain_ones


def _unstable(scope: ProjectScope, found: Sequence[Ruled]) -> list[RuleOut]:
    known = evaluators.some(scope, {one.evaluator_id for ruled in found for one in ruled.assignments})
    paused = evaluators.pauses(scope, known.values())
    shown = [
        (ruled, [_unstable_assignment(known[one.evaluator_id], one) for one in ruled.assignments if one.evaluator_id in known])
        for ruled in found
    ]
    return [_unstable_one(ruled, assigned, paused) for ruled, assigned in shown if assigned]


def _unstable_or_nothing(scope: ProjectScope, ruled: Ruled) -> RuleOut:
    shown = _unstable(scope, [ruled])
    if not shown:
        raise _nothing()
    return shown[0]


def _unstable_one(ruled: Ruled, shown: list[dict[str, Any]], paused: Mapping[str, evaluators.Pause]) -> RuleOut:
    rule = ruled.rule
    pause = next((paused[one.evaluator_id] for one in ruled.assignments if one.evaluator_id in paused), None) if rule.enabled else None
    return RuleOut(
        id=rule.id,
        name=rule.name,
        evaluator=shown[0]["evaluator"],
        evaluators=shown,
        target=rule.target,
        enabled=rule.enabled,
        status="paused" if pause else "active" if rule.enabled else "inactive",
        paused_reason=pause and pause.reason,
        paused_message=pause and pause.message,
        sampling=rule.sampling,
        filter=rule.filter,
        mapping=shown[0]["mapping"] or [],
        created_at=rule.created_at,
        updated_at=rule.updated_at,
    )


def _unstable_assignment(known: Known, assignment: RuleAssignment) -> dict[str, Any]:
    named = {"id": known.evaluator.id, "name": known.evaluator.name, "type": known.evaluator.type}
    return {"evaluator": named, "mapping": known.version.mapping if assignment.mapping is None else assignment.mapping}


# --- the v2 contract ------------------------------------------------------------------------------


def list_after(scope: ProjectScope, place: Place | None, limit: int) -> tuple[list[RuleV2Out], Place | None]:
    """At most `limit` rules behind a place, newest first, and the place of the next page (None on the last)."""
    rows = repository.after(scope, place, limit + 1)
    shown, last = cut(rows, limit, lambda ruled: Place(ruled.rule.created_at, ruled.rule.id))
    return [_shown(one) for one in shown], last


def get(scope: ProjectScope, id: str) -> RuleV2Out:
    """One rule; NotFoundError."""
    return _shown(_get(scope, id))


def create(scope: ProjectScope, new: CreateRuleV2) -> RuleV2Out:
    """Write a rule, whoever else has its name.

    NotFoundError for evaluators, InvalidRequestError for mappings and for a rule that is on without evaluators;
    ConflictError when it would be on with an evaluator that cannot run.
    """
    return _write(scope, None, new)


def update(scope: ProjectScope, id: str, change: UpdateRuleV2) -> RuleV2Out:
    """Change a rule; errors as create, and NotFoundError for the rule."""
    return _write(scope, id, change)


def _write(scope: ProjectScope, id: str | None, given: CreateRuleV2 | UpdateRuleV2) -> RuleV2Out:
    wanted = None if given.evaluator_assignments is None else _by_id(scope, given.evaluator_assignments)
    changes: dict[str, Any] = given.model_dump(include={"name", "enabled", "sampling"}, exclude_none=True)
    if given.filter is not None:
        # what the conditions say is all there is: a target from the other contract has gone with them
        changes |= {"filter": [_renamed(one.model_dump(mode="json"), _STORED_NAMES) for one in given.filter], "target": "observation"}
    _check_runnable(scope, given, wanted, _get(scope, id) if id else None)
    return _shown(_save(scope, id, _apply(changes, wanted, partial(_check_on, bool(given.enabled)))))


def _check_on(turned_on: bool, has_evaluators: bool) -> None:
    if turned_on and not has_evaluators:
        raise InvalidRequestError("A rule that is turned on needs an evaluator: give evaluatorAssignments, or turn it off")


def _check_runnable(
    scope: ProjectScope, given: CreateRuleV2 | UpdateRuleV2, wanted: Sequence[RuleAssignment] | None, before: Ruled | None
) -> None:
    """Refuses to turn a rule on, or to give it evaluators while it is on, when one of them cannot run."""
    stays_on = given.enabled is None and wanted is not None and before is not None and before.rule.enabled
    if not given.enabled and not stays_on:
        return
    ids = [one.evaluator_id for one in (before.assignments if wanted is None and before else wanted or ())]
    for pause in evaluators.pauses(scope, evaluators.some(scope, ids).values()).values():
        raise ConflictError(f"An evaluator of the rule is paused. {pause.message}")


def _by_id(scope: ProjectScope, given: Sequence[AssignedEvaluator]) -> list[RuleAssignment]:
    known = evaluators.some(scope, [one.evaluator_id for one in given])
    if missing := [one.evaluator_id for one in given if one.evaluator_id not in known]:
        raise NotFoundError(f"Evaluator '{missing[0]}' not found")
    return [_assignment(known[one.evaluator_id], one.variable_mapping) for one in given]


def _renamed(condition: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return condition | {"column": names.get(condition["column"], condition["column"])}


def _shown(ruled: Ruled) -> RuleV2Out:
    rule, assignments, author = ruled
    return RuleV2Out(
        id=rule.id,
        name=rule.name,
        created_by=evaluators.creator(rule.created_by_user_id, author),
        enabled=rule.enabled,
        sampling=rule.sampling,
        filter=_shown_conditions(rule),
        evaluator_assignments=[
            AssignedEvaluatorOut(evaluator_id=one.evaluator_id, variable_mapping=shown_mapping(one.mapping)) for one in assignments
        ],
        created_at=rule.created_at,
        updated_at=rule.updated_at,
    )


def _shown_conditions(rule: EvaluationRule) -> list[dict[str, Any]]:
    shown = [_renamed(condition, _SHOWN_NAMES) for condition in rule.filter]
    return shown if rule.target == "observation" or _EXPERIMENTS_ONLY in shown else [*shown, dict(_EXPERIMENTS_ONLY)]
