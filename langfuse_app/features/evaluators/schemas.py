"""Shapes of evaluators and rules (spec/api.md §4.15, §13)."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from langfuse_app.core.shapes import PageMeta, Shape, StrictBody, WireTime

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")
_JSON_PATH = re.compile(r"""\$(\.{1,2}[\w*-]+|\[[\d:*, -]+\]|\['[^']*'\]|\["[^"]*"\]|\[\?[^\]]+\])*""")
Name = Annotated[str, Field(min_length=1, max_length=200)]
Source = Literal["input", "output", "metadata", "tool_calls", "expected_output", "experiment_item_metadata"]
Target = Literal["observation", "experiment"]


def variables_of(prompt: str) -> list[str]:
    """The variables of a prompt, each once, in the order of its text."""
    return list(dict.fromkeys(_VARIABLE.findall(prompt)))


class Mapping(StrictBody):
    """Where a variable's value comes from."""

    variable: str
    source: Source
    json_path: str | None = None


class Described(StrictBody):
    """What the model is told about a field."""

    description: str


class NumericScore(Described):
    """A number."""

    min_value: float | None = None
    max_value: float | None = None


class CategoricalScore(Described):
    """One of some words, or several of them."""

    categories: list[Annotated[str, Field(min_length=1)]] = Field(min_length=2)
    should_allow_multiple_matches: bool


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


class ModelConfig(StrictBody):
    """A model of a connection."""

    provider: str = Field(min_length=1)
    model: str = Field(min_length=1)


class CreateJudge(StrictBody):
    """A model that judges by a prompt."""

    type: Literal["llm_as_judge"]
    name: Name
    prompt: str = Field(min_length=1, max_length=100_000)
    output_definition: Annotated[NumericOutput | BooleanOutput | CategoricalOutput, Field(discriminator="data_type")]
    model_settings: Annotated[ModelConfig | None, Field(alias="modelConfig")] = None
    mapping: list[Mapping] | None = None


class CreateCode(StrictBody):
    """A function that evaluates."""

    type: Literal["code"]
    name: Name
    source_code: str = Field(min_length=1, max_length=262_144)
    source_code_language: Literal["PYTHON", "TYPESCRIPT"]


CreateEvaluator = Annotated[CreateJudge | CreateCode, Field(discriminator="type")]


class EvaluatorRef(StrictBody):
    """An evaluator by name."""

    name: str
    type: Literal["llm_as_judge", "code"] | None = None


class Assignment(StrictBody):
    """An evaluator and its mapping, where the evaluator's own is not meant."""

    evaluator: EvaluatorRef
    mapping: list[Mapping] | None = None


class RuleFilter(StrictBody):
    """A condition."""

    type: str
    column: str
    operator: str
    value: Any = None
    key: str | None = None


def _fraction(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError("sampling must lie between 0 and 1")
    return value


Sampling = Annotated[float, AfterValidator(_fraction)]


class RuleBody(StrictBody):
    """What rules are made of and changed with: one evaluator with its mapping, or several."""

    target: Target | None = None
    enabled: bool | None = None
    sampling: Sampling | None = None
    filter: list[RuleFilter] | None = None
    evaluator: EvaluatorRef | None = None
    mapping: list[Mapping] | None = None
    evaluators: Annotated[list[Assignment] | None, Field(min_length=1, max_length=20)] = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.evaluator and self.evaluators:
            raise ValueError("Give either evaluator or evaluators")
        if self.mapping is not None and not self.evaluator:
            raise ValueError("A mapping stands beside its evaluator")
        return self

    @property
    def assignments(self) -> list[Assignment] | None:
        """The evaluators in one form; None when none are named."""
        if self.evaluator:
            return [Assignment(evaluator=self.evaluator, mapping=self.mapping)]
        return self.evaluators


class CreateRule(RuleBody):
    """Body of POST."""

    name: Name
    target: Target  # pyright: ignore[reportGeneralTypeIssues] - needed here
    enabled: bool  # pyright: ignore[reportGeneralTypeIssues] - needed here

    @model_validator(mode="after")
    def _evaluated(self) -> Self:
        if self.assignments is None:
            raise ValueError("evaluator or evaluators must say what evaluates")
        return self


class UpdateRule(RuleBody):
    """Body of PATCH: what is absent stays."""

    name: Name | None = None


def is_json_path(text: str) -> bool:
    """Whether a text is a JSONPath: `$`, then names, indexes, slices and filters."""
    return bool(_JSON_PATH.fullmatch(text))


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


class RuleOut(Shape):
    """A rule; `evaluator` and `mapping` are those of its first assignment."""

    id: str
    name: str
    evaluator: dict[str, str]
    evaluators: list[dict[str, Any]]
    target: str
    enabled: bool
    status: Literal["active", "inactive", "paused"]
    paused_reason: str | None
    paused_message: str | None
    sampling: float
    filter: list[dict[str, Any]]
    mapping: list[dict[str, Any]]
    created_at: WireTime
    updated_at: WireTime


class RulesOut(Shape):
    """A page of rules."""

    data: list[RuleOut]
    meta: PageMeta
