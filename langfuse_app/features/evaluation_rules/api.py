"""Routes of evaluation rules in the unstable contract (spec/api.md §4.15) and in v2 (§11)."""

from typing import Annotated

from fastapi import APIRouter, Query

from langfuse_app.api import cursors
from langfuse_app.api.auth import Project
from langfuse_app.api.documented import coded_answers
from langfuse_app.api.params import StrictCursored, StrictPaged
from langfuse_app.core.shapes import Message, PageMeta
from langfuse_app.features.evaluation_rules import service
from langfuse_app.features.evaluation_rules.schemas import CreateRule, RuleOut, RulesOut, UpdateRule
from langfuse_app.features.evaluation_rules.schemas_v2 import CreateRuleV2, RulesV2Out, RuleV2Out, UpdateRuleV2
from langfuse_app.features.evaluators.schemas_v2 import Deleted

router = APIRouter(tags=["evaluation rules"])
_RULES, _RULES_V2 = "/api/public/unstable/evaluation-rules", "/api/public/v2/evaluation-rules"


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


# --- v2 -------------------------------------------------------------------------------------------


@router.get(_RULES_V2, responses=coded_answers(RulesV2Out), response_model_exclude_unset=True)
def list_rules_v2(scope: Project, params: Annotated[StrictCursored, Query()]) -> RulesV2Out:
    """Rules, the last made first."""
    found, last = service.list_after(scope, cursors.place(params.cursor), params.limit)
    return RulesV2Out(data=found, meta=cursors.meta(last))


@router.post(_RULES_V2, responses=coded_answers(RuleV2Out, 404, 409))
def create_rule_v2(scope: Project, body: CreateRuleV2) -> RuleV2Out:
    """Say which observations are evaluated, and by what; names need not be unique."""
    return service.create(scope, body)


@router.get(_RULES_V2 + "/{rule_id}", responses=coded_answers(RuleV2Out, 404))
def get_rule_v2(scope: Project, rule_id: str) -> RuleV2Out:
    """One rule."""
    return service.get(scope, rule_id)


@router.patch(_RULES_V2 + "/{rule_id}", responses=coded_answers(RuleV2Out, 404, 409))
def update_rule_v2(scope: Project, rule_id: str, body: UpdateRuleV2) -> RuleV2Out:
    """Change a rule: what is absent stays, lists are replaced."""
    return service.update(scope, rule_id, body)


@router.delete(_RULES_V2 + "/{rule_id}", responses=coded_answers(Deleted, 404))
def delete_rule_v2(scope: Project, rule_id: str) -> Deleted:
    """Delete a rule; its evaluators and their scores stay."""
    service.delete_rule(scope, rule_id)
    return Deleted(id=rule_id)
