"""Shapes of evaluators on the v2 routes (spec/api.md §11.1)."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, StrictBool, StrictFloat, Tag, model_validator

from langfuse_app.core.shapes import CursorMeta, Shape, StrictBody, WireTime
from langfuse_app.features.evaluators.schemas import LONGEST_PROMPT, Category, Language, Mapping, ModelConfig, Name, SourceCode

# --- definitions ----------------------------------------------------------------------------------


class ChatMessage(StrictBody):
    """A message of a prompt, with `{{variables}}`."""

    role: Literal["system", "user", "assistant"]
    content: str = Field(max_length=LONGEST_PROMPT)


class _Output(StrictBody):
    score_reasoning_instructions: str | None = None
    score_value_instructions: str | None = None


class NumericDefinition(_Output):
    """A judge that gives a number."""

    data_type: Literal["NUMERIC"]
    min_value: StrictFloat | None = None
    max_value: StrictFloat | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_value is not None and self.max_value is not None and self.min_value > self.max_value:
            raise ValueError("minValue must not exceed maxValue")
        return self


class BooleanDefinition(_Output):
    """A judge that says yes or no."""

    data_type: Literal["BOOLEAN"]


def _distinct(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise ValueError("categories must be different from each other")
    return values


class CategoricalDefinition(_Output):
    """A judge that chooses one of some words, or several of them."""

    data_type: Literal["CATEGORICAL"]
    categories: Annotated[list[Category], Field(min_length=2), AfterValidator(_distinct)]
    should_allow_multiple_matches: StrictBool


OutputDefinition = Annotated[NumericDefinition | BooleanDefinition | CategoricalDefinition, Field(discriminator="data_type")]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_PROMPT)]
Messages = Annotated[list[ChatMessage], Field(min_length=1, max_length=100)]


class JudgeDefinition(StrictBody):
    """All that a model needs to judge. A prompt that is a text is one message of the user."""

    type: Literal["llm_as_judge"]
    prompt: Text | Messages
    model_settings: Annotated[ModelConfig | None, Field(alias="modelConfig")] = None
    variable_mapping: list[Mapping] | None = None
    output_definition: OutputDefinition


class CodeDefinition(StrictBody):
    """A function that evaluates."""

    type: Literal["code"]
    source_code: SourceCode
    source_code_language: Language


# --- bodies ---------------------------------------------------------------------------------------


class _New(StrictBody):
    name: Name
    description: str | None = None


class CreateJudgeV2(_New, JudgeDefinition):
    """A new judge."""


class CreateCodeV2(_New, CodeDefinition):
    """A new function."""


CreateEvaluatorV2 = Annotated[CreateJudgeV2 | CreateCodeV2, Field(discriminator="type")]


class _Change(StrictBody):
    name: Name | None = None
    description: str | None = None

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if "name" in self.model_fields_set and self.name is None:
            raise ValueError("name must be a text")
        return self


class UpdateMetadata(_Change):
    """Name and description; a description of null takes the old one away."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Give name or description, or a definition with its type")
        return self


class UpdateJudge(_Change, JudgeDefinition):
    """A new version of a judge."""


class UpdateCode(_Change, CodeDefinition):
    """A new version of a function."""


def _kind(body: Any) -> Any:
    return body.get("type", "metadata") if isinstance(body, dict) else getattr(body, "type", "metadata")


UpdateEvaluator = Annotated[
    Annotated[UpdateMetadata, Tag("metadata")] | Annotated[UpdateJudge, Tag("llm_as_judge")] | Annotated[UpdateCode, Tag("code")],
    Discriminator(_kind),
]


# --- answers --------------------------------------------------------------------------------------


class Creator(Shape):
    """A person; null in its place where a key made the thing."""

    id: str
    name: str | None


class MappingOut(Shape):
    """Where a variable's value comes from."""

    variable: str
    source: str | None
    json_path: str | None


class MessageOut(Shape):
    """A message of a prompt."""

    role: str
    content: str


class OutputOut(Shape):
    """What a judge answers; absent is what it has not."""

    data_type: Literal["NUMERIC", "BOOLEAN", "CATEGORICAL"]
    score_reasoning_instructions: str | None = None
    score_value_instructions: str | None = None
    min_value: float | None = None
    max_value: float | None = None
    categories: list[str] | None = None
    should_allow_multiple_matches: bool | None = None


class _JudgeParts(Shape):
    type: Literal["llm_as_judge"]
    prompt: list[MessageOut]
    variables: list[str]
    variable_mapping: list[MappingOut] | None
    model_settings: Annotated[ModelConfig | None, Field(alias="modelConfig")]
    output_definition: OutputOut


class _CodeParts(Shape):
    type: Literal["code"]
    source_code: str
    source_code_language: str


class AssignedRule(Shape):
    """A rule that uses the evaluator; its own mapping is absent where the evaluator's is meant."""

    evaluation_rule_id: str
    variable_mapping_override: list[MappingOut] | None = None


class _EvaluatorParts(Shape):
    id: str
    name: str
    description: str | None
    created_by: Creator | None
    status: Literal["active", "paused"]
    paused_at: WireTime | None
    paused_reason: str | None
    paused_message: str | None
    evaluation_rule_assignments: list[AssignedRule]
    created_at: WireTime
    updated_at: WireTime
    version_id: str
    version: int
    version_created_at: WireTime
    version_created_by: Creator | None


class JudgeOut(_EvaluatorParts, _JudgeParts):
    """A judge in its newest version."""


class CodeOut(_EvaluatorParts, _CodeParts):
    """A function in its newest version."""


EvaluatorV2Out = Annotated[JudgeOut | CodeOut, Field(discriminator="type")]


class EvaluatorsV2Out(Shape):
    """A page of evaluators, newest first."""

    data: list[EvaluatorV2Out]
    meta: CursorMeta


class _VersionParts(Shape):
    id: str
    version: int
    created_at: WireTime
    created_by: Creator | None


class JudgeVersionOut(_VersionParts, _JudgeParts):
    """A version of a judge."""


class CodeVersionOut(_VersionParts, _CodeParts):
    """A version of a function."""


VersionOut = Annotated[JudgeVersionOut | CodeVersionOut, Field(discriminator="type")]


class VersionsOut(Shape):
    """A page of versions, newest first."""

    data: list[VersionOut]
    meta: CursorMeta


class Deleted(Shape):
    """What was deleted."""

    id: str
