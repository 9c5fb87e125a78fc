"""Shapes of rules on the v2 routes (spec/api.md §11.1)."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, StrictFloat, model_validator

from langfuse_app.core.filters.parse import LIMIT
from langfuse_app.core.shapes import CursorMeta, Shape, StrictBody, WireTime
from langfuse_app.features.evaluation_rules.schemas import Sampling
from langfuse_app.features.evaluators.schemas import Mapping, Name
from langfuse_app.features.evaluators.schemas_v2 import Creator, MappingOut

# --- conditions: each column has one type ---------------------------------------------------------

_VALUES = {
    "type": ("SPAN", "EVENT", "GENERATION", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR", "EMBEDDING", "GUARDRAIL"),
    "level": ("DEBUG", "DEFAULT", "WARNING", "ERROR"),
}
Options = Annotated[list[str], Field(min_length=1)]


class TextCondition(StrictBody):
    """A text, and what it must be or hold."""

    type: Literal["string"]
    column: Literal["version", "userId", "sessionId"]
    operator: Literal["=", "contains", "does not contain", "starts with", "ends with"]
    value: str


class OptionsCondition(StrictBody):
    """A text that must be one of some, or none of them. `datasetId` takes ids, not names."""

    type: Literal["stringOptions"]
    column: Literal["type", "name", "environment", "level", "traceName", "experimentId", "datasetId"]
    operator: Literal["any of", "none of"]
    value: Options

    @model_validator(mode="after")
    def _known(self) -> Self:
        known = _VALUES.get(self.column)
        if known and (unknown := set(self.value) - set(known)):
            raise ValueError(f"{self.column} is never {min(unknown)!r}: it is one of {', '.join(known)}")
        return self


class ArrayCondition(StrictBody):
    """A list of texts."""

    type: Literal["arrayOptions"]
    column: Literal["tags", "calledToolNames"]
    operator: Literal["any of", "none of", "all of"]
    value: Options


class MetadataCondition(StrictBody):
    """A key of the metadata; `value` is empty where only its presence is asked for."""

    type: Literal["stringObject"]
    column: Literal["metadata"]
    key: str = Field(min_length=1)
    operator: Literal["=", "contains", "does not contain", "starts with", "ends with", "is set", "is not set"]
    value: str


class NumberCondition(StrictBody):
    """A number: how many tools were called."""

    type: Literal["number"]
    column: Literal["toolCalls"]
    operator: Literal["=", ">", "<", ">=", "<="]
    value: StrictFloat


class FlagCondition(StrictBody):
    """Yes or no."""

    type: Literal["boolean"]
    column: Literal["isRootObservation", "isExperimentItemRootSpan"]
    operator: Literal["=", "<>"]
    value: StrictBool


class PresenceCondition(StrictBody):
    """Whether there is a parent."""

    type: Literal["null"]
    column: Literal["parentObservationId"]
    operator: Literal["is null", "is not null"]
    value: Literal[""] = ""


Condition = Annotated[
    TextCondition | OptionsCondition | ArrayCondition | MetadataCondition | NumberCondition | FlagCondition | PresenceCondition,
    Field(discriminator="type"),
]
Conditions = Annotated[list[Condition], Field(max_length=LIMIT)]


# --- bodies ---------------------------------------------------------------------------------------


class AssignedEvaluator(StrictBody):
    """An evaluator, and its mapping where the one of its newest version is not meant."""

    evaluator_id: str
    variable_mapping: list[Mapping] | None = None


def _each_once(assignments: list[AssignedEvaluator] | None) -> None:
    ids = [one.evaluator_id for one in assignments or ()]
    if len(set(ids)) < len(ids):
        raise ValueError("An evaluator is assigned twice")


Assignments = Annotated[list[AssignedEvaluator], Field(max_length=100)]


class CreateRuleV2(StrictBody):
    """Body of POST. A rule that is turned off may have no evaluators yet."""

    name: Name
    enabled: StrictBool
    sampling: Sampling = 1.0
    filter: Conditions = Field(default_factory=list[Condition])
    evaluator_assignments: Assignments

    @model_validator(mode="after")
    def _whole(self) -> Self:
        _each_once(self.evaluator_assignments)
        return self


class UpdateRuleV2(StrictBody):
    """Body of PATCH: what is absent stays. Lists replace those that are there; without evaluators a rule is turned off."""

    name: Name | None = None
    enabled: StrictBool | None = None
    sampling: Sampling | None = None
    filter: Conditions | None = None
    evaluator_assignments: Assignments | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Give at least one field")
        if nulls := [name for name in self.model_fields_set if getattr(self, name) is None]:
            raise ValueError(f"{', '.join(sorted(nulls))} must not be null")
        _each_once(self.evaluator_assignments)
        return self


# --- answers --------------------------------------------------------------------------------------


class AssignedEvaluatorOut(Shape):
    """An evaluator of a rule; a mapping of null is that of the evaluator."""

    evaluator_id: str
    variable_mapping: list[MappingOut] | None


class RuleV2Out(Shape):
    """A rule; its conditions are {type, column, operator, value, key?}."""

    id: str
    name: str
    created_by: Creator | None
    enabled: bool
    sampling: float
    filter: list[dict[str, Any]]
    evaluator_assignments: list[AssignedEvaluatorOut]
    created_at: WireTime
    updated_at: WireTime


class RulesV2Out(Shape):
    """A page of rules, newest first."""

    data: list[RuleV2Out]
    meta: CursorMeta
