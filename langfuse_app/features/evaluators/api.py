"""Routes of evaluators and evaluation rules (spec/api.md §4.15)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import coded_answers
from langfuse_app.api.params import StrictPaged
from langfuse_app.core.shapes import Message, PageMeta
from langfuse_app.features.evaluators import service
from langfuse_app.features.evaluators.schemas import (
    CreateEvaluator,
    CreateRule,
    EvaluatorOut,
    EvaluatorsOut,
    RuleOut,
    RulesOut,
    UpdateRule,
)

router = APIRouter(tags=["evaluators"])
_EVALUATORS, _RULES = "/api/public/unstable/evaluators", "/api/public/unstable/evaluation-rules"


_OF_ONE_KIND = ("prompt", "outputDefinition", "modelConfig", "sourceCode", "sourceCodeLanguage")


def _wire(evaluator: EvaluatorOut) -> dict[str, Any]:
    """Without the fields of the other kind."""
    shown = evaluator.model_dump(mode="json", by_alias=True)
    return {name: value for name, value in shown.items() if value is not None or name not in _OF_ONE_KIND}


@router.get(_EVALUATORS, responses=coded_answers(EvaluatorsOut), response_model=None)
def list_evaluators(scope: Project, params: Annotated[StrictPaged, Query()]) -> dict[str, Any]:
    """Evaluators in their newest versions."""
    found = service.list_evaluators(scope, params.page, params.limit)
    return {"data": [_wire(item) for item in found.items], "meta": found.meta()}


@router.post(_EVALUATORS, responses=coded_answers(EvaluatorOut, 409, 422), response_model=None)
def create_evaluator(scope: Project, body: CreateEvaluator) -> dict[str, Any]:
    """Write a new version of an evaluator."""
    return _wire(service.create_evaluator(scope, body))


@router.get(_EVALUATORS + "/{evaluator_id}", responses=coded_answers(EvaluatorOut, 404), response_model=None)
def get_evaluator(scope: Project, evaluator_id: str) -> dict[str, Any]:
    """One evaluator."""
    return _wire(service.get_evaluator(scope, evaluator_id))


@router.delete(_EVALUATORS + "/{evaluator_id}", responses=coded_answers(Message, 404, 409))
def delete_evaluator(scope: Project, evaluator_id: str) -> Message:
    """Delete an evaluator that no rule uses."""
    service.delete_evaluator(scope, evaluator_id)
    return Message(message="Evaluator successfully deleted")


@router.get(_RULES, responses=coded_answers(RulesOut))
def list_rules(scope: Project, params: Annotated[StrictPaged, Query()]) -> RulesOut:
    """Evaluation rules."""
    found = service.list_rules(scope, params.page, params.limit)
    return RulesOut(data=found.items, meta=PageMeta.model_validate(found.meta()))


@router.post(_RULES, responses=coded_answers(RuleOut, 404, 409))
def create_rule(scope: Project, body: CreateRule) -> RuleOut:
    """Say what is evaluated, and by what."""
    return service.create_rule(scope, body)


@router.get(_RULES + "/{rule_id}", responses=coded_answers(RuleOut, 404))
def get_rule(scope: Project, rule_id: str) -> RuleOut:
    """One rule."""
    return service.get_rule(scope, rule_id)


@router.patch(_RULES + "/{rule_id}", responses=coded_answers(RuleOut, 404, 409))
def update_rule(scope: Project, rule_id: str, body: UpdateRule) -> RuleOut:
    """Change a rule."""
    return service.update_rule(scope, rule_id, body)


@router.delete(_RULES + "/{rule_id}", responses=coded_answers(Message, 404))
def delete_rule(scope: Project, rule_id: str) -> Message:
    """Delete a rule."""
    service.delete_rule(scope, rule_id)
    return Message(message="Evaluation rule successfully deleted")
