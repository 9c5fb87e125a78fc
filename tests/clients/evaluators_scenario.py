"""Evaluators and evaluation rules through the generated clients of the Python SDKs that know them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langfuse.api import evaluation_commons as commons
from langfuse.api import evaluation_errors as errors
from langfuse.api import evaluation_rules as rules
from langfuse.api import evaluators
from scenario import SEED, tell

MODEL = evaluators.EvaluatorModelConfig(provider=f"judge-{SEED}", model="gpt-4o")
MAPPING = [
    commons.PromptVariableMappingInput(variable="answer", source="output"),
    commons.PromptVariableMappingInput(variable="topic", source="metadata", json_path="$.topic"),
]
# One of each kind that a column has.
FILTERS = [
    commons.EvaluationRuleFilter_StringOptions(column="type", operator="any of", value=["GENERATION"]),
    commons.EvaluationRuleFilter_String(column="userId", operator="starts with", value="u"),
    commons.EvaluationRuleFilter_ArrayOptions(column="tags", operator="none of", value=["internal"]),
    commons.EvaluationRuleFilter_StringObject(column="metadata", key="tier", operator="is set", value=""),
    commons.EvaluationRuleFilter_Number(column="toolCalls", operator=">=", value=1),
    commons.EvaluationRuleFilter_Boolean(column="isRootObservation", operator="=", value=True),
    commons.EvaluationRuleFilter_Null(column="parentObservationId", operator="is null"),
]
CODE = evaluators.CreateEvaluatorRequest_Code(name=f"length-{SEED}", source_code="def evaluate(ctx): ...", source_code_language="PYTHON")


def judge(**differences: Any) -> Any:
    """A judge of two messages that gives one of two words."""
    fields: dict[str, Any] = {
        "name": f"right-{SEED}",
        "description": "whether it is right",
        "prompt": [
            evaluators.EvaluatorChatMessage(role="system", content="You know all about {{topic}}."),
            evaluators.EvaluatorChatMessage(role="user", content="Is {{answer}} right?"),
        ],
        "model_config_": MODEL,
        "output_definition": commons.EvaluatorOutputDefinition_Categorical(
            categories=["right", "wrong"], should_allow_multiple_matches=False, score_value_instructions="be strict"
        ),
    }
    return evaluators.CreateEvaluatorRequest_LlmAsJudge(**{**fields, **differences})


def code_of(call: Callable[[], Any], error: type[Any]) -> str:
    """The code in the SDK's own error."""
    try:
        call()
    except error as refused:
        return refused.body.code.value
    return "accepted"


def make(api: Any) -> tuple[Any, Any]:
    """A judge and a function, after a judge was refused that has no connection."""
    refused = code_of(lambda: api.evaluators.create(request=judge()), errors.PreconditionFailedError)
    api.llm_connections.upsert(provider=MODEL.provider, adapter="openai", secret_key="sk-very-secret-abcd")
    made, code = api.evaluators.create(request=judge()), api.evaluators.create(request=CODE)
    tell(
        scenario="made",
        refused=refused,
        kinds=[type(made).__name__, type(code).__name__],
        prompt=[[message.role.value, message.content] for message in made.prompt],
        variables=made.variables,
        output=[type(made.output_definition).__name__, made.output_definition.categories, made.output_definition.score_value_instructions],
        model=made.model_config_.model,
        status=[one.status.value for one in (made, code)],
        source=[code.source_code, code.source_code_language.value],
    )
    return made, code


def change(api: Any, made: Any) -> None:
    """New metadata, then a new definition."""
    renamed = api.evaluators.update(made.id, request=evaluators.UpdateEvaluatorMetadataRequest(name=f"renamed-{SEED}"))
    definition = evaluators.UpdateLlmAsJudgeEvaluatorRequest(
        prompt="{{answer}} about {{topic}}?",
        model_config_=MODEL,
        variable_mapping=MAPPING,
        output_definition=commons.EvaluatorOutputDefinition_Numeric(min_value=0, max_value=1),
    )
    changed = api.evaluators.update(made.id, request=definition)
    other = evaluators.UpdateCodeEvaluatorRequest(source_code="x", source_code_language="PYTHON")
    page = api.evaluators.list_versions(made.id, limit=1)
    following = api.evaluators.list_versions(made.id, limit=1, cursor=page.meta.cursor)
    tell(
        scenario="changed",
        versions=[made.version, renamed.version, changed.version],
        name=changed.name,
        description=changed.description,
        mapping=[[one.variable, one.source, one.json_path] for one in changed.variable_mapping],
        range=[changed.output_definition.min_value, changed.output_definition.max_value],
        conflict=code_of(lambda: api.evaluators.update(made.id, request=other), errors.ConflictError),
        history=[one.version for one in (*page.data, *following.data)],
        last=following.meta.cursor is None,
    )


def rule(api: Any, made: Any, code: Any) -> None:
    """A rule with both evaluators, changed and deleted; then the evaluators are deleted."""
    assign = rules.EvaluationRuleEvaluatorAssignmentInput
    both = [assign(evaluator_id=made.id), assign(evaluator_id=code.id)]
    written = api.evaluation_rules.create(name=f"all-{SEED}", enabled=True, sampling=0.25, filter=FILTERS, evaluator_assignments=both)
    mapped = assign(evaluator_id=made.id, variable_mapping=MAPPING)
    changed = api.evaluation_rules.update(written.id, enabled=False, evaluator_assignments=[mapped])
    wrong = [commons.EvaluationRuleFilter_String(column="name", operator="=", value="x")]
    nobody = [assign(evaluator_id="nobody")]
    used = api.evaluators.get(made.id).evaluation_rule_assignments
    tell(
        scenario="rules",
        filter=[[one.type, one.column, one.operator, one.value] for one in written.filter],
        assigned=[one.evaluator_id == wanted.id for one, wanted in zip(written.evaluator_assignments, (made, code), strict=True)],
        overrides=[one.variable_mapping for one in written.evaluator_assignments],
        changed=[changed.enabled, changed.sampling, len(changed.filter), len(changed.evaluator_assignments[0].variable_mapping)],
        used=[one.evaluation_rule_id == written.id for one in used],
        listed=written.id in [one.id for one in api.evaluation_rules.list(limit=100).data],
        wrong=code_of(lambda: api.evaluation_rules.update(written.id, filter=wrong), errors.BadRequestError),
        missing=code_of(lambda: api.evaluation_rules.update(written.id, evaluator_assignments=nobody), errors.EvaluationNotFoundError),
        deleted=[
            api.evaluation_rules.delete(written.id).id == written.id,
            *(api.evaluators.delete(one.id).id == one.id for one in (made, code)),
        ],
        gone=code_of(lambda: api.evaluators.get(made.id), errors.EvaluationNotFoundError),
    )


def everything(api: Any) -> None:
    """The whole life of both."""
    made, code = make(api)
    change(api, made)
    page = api.evaluators.list(limit=1)
    found = [*page.data, *api.evaluators.list(limit=1, cursor=page.meta.cursor).data]
    tell(scenario="listed", newest=[one.id for one in found] == [code.id, made.id])
    rule(api, made, code)
