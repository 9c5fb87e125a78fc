"""Shapes of evaluators on the unstable routes (spec/api.md §4.15, §13), and what both contracts have in common."""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictFloat

from langfuse_app.core.shapes import PageMeta, Shape, StrictBody, WireTime

Name = Annotated[str, Field(min_length=1, max_length=200)]
EvaluatorType = Literal["llm_as_judge", "code"]
Language = Literal["PYTHON", "TYPESCRIPT"]
SourceCode = Annotated[str, Field(min_length=1, max_length=262_144)]
Category = Annotated[str, Field(min_length=1)]
Source = Literal["input", "output", "metadata", "tool_calls", "expected_output", "experiment_item_metadata"]
LONGEST_PROMPT = 100_000  # characters


class Mapping(StrictBody):
    """Where a variable's value comes from."""

    variable: str
    source: Source
    json_path: str | None = None


class ModelConfig(StrictBody):
    """A model of a connection."""

    provider: str = Field(min_length=1)
    model: str = Field(min_length=1)


class Described(StrictBody):
    """What the model is told about a field."""

    description: str


class NumericScore(Described):
    """A number."""

    min_value: StrictFloat | None = None
    max_value: StrictFloat | None = None


class CategoricalScore(Described):
    """One of some words, or several of them."""

    categories: list[Category] = Field(min_length=2)
    should_allow_multiple_matches: StrictBool


class NumericOutput(StrictBody):
    """A judge that gives a number."""

    data_type: Literal["NUMERIC"]
    reasoning: Described
    score: NumericScore


class BooleanOutput(StrictBody):
    """A judge that says yes or no."""

    data_type: Literal["BOOLEAN"]
    reasoning: Described
    score: Described


class CategoricalOutput(StrictBody):
    """A judge that chooses."""

    data_type: Literal["CATEGORICAL"]
    reasoning: Described
    score: CategoricalScore


class CreateJudge(StrictBody):
    """A model that judges by a prompt."""

    type: Literal["llm_as_judge"]
    name: Name
    prompt: str = Field(min_length=1, max_length=LONGEST_PROMPT)
    output_definition: Annotated[NumericOutput | BooleanOutput | CategoricalOutput, Field(discriminator="data_type")]
    model_settings: Annotated[ModelConfig | None, Field(alias="modelConfig")] = None
    mapping: list[Mapping] | None = None


class CreateCode(StrictBody):
    """A function that evaluates."""

    type: Literal["code"]
    name: Name
    source_code: SourceCode
    source_code_language: Language


CreateEvaluator = Annotated[CreateJudge | CreateCode, Field(discriminator="type")]


class EvaluatorOut(Shape):
    """An evaluator in its newest version; the fields of the other kind are absent."""

    type: str
    id: str
    name: str
    version: int
    variables: list[str]
    mapping: list[dict[str, Any]] | None
    evaluation_rule_count: int
    created_at: WireTime
    updated_at: WireTime
    prompt: str | None = None
    output_definition: dict[str, Any] | None = None
    model_settings: Annotated[dict[str, str] | None, Field(alias="modelConfig")] = None
    source_code: str | None = None
    source_code_language: str | None = None


class EvaluatorsOut(Shape):
    """A page of evaluators."""

    data: list[EvaluatorOut]
    meta: PageMeta
