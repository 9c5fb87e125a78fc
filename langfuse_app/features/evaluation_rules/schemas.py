"""Shapes of rules on the unstable routes (spec/api.md §4.15, §13), and what both contracts have in common."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, model_validator

from langfuse_app.core.shapes import PageMeta, Shape, StrictBody, WireTime
from langfuse_app.features.evaluators.schemas import EvaluatorType, Mapping, Name

Target = Literal["observation", "experiment"]


def _fraction(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError("sampling must lie between 0 and 1")
    return value


Sampling = Annotated[StrictFloat, AfterValidator(_fraction)]


class EvaluatorRef(StrictBody):
    """An evaluator by name."""

    name: str
    type: EvaluatorType | None = None


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


class RuleBody(StrictBody):
    """What rules are made of and changed with: one evaluator with its mapping, or several."""

    target: Target | None = None
    enabled: StrictBool | None = None
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
    enabled: StrictBool  # pyright: ignore[reportGeneralTypeIssues] - needed here

    @model_validator(mode="after")
    def _evaluated(self) -> Self:
        if self.assignments is None:
            raise ValueError("evaluator or evaluators must say what evaluates")
        return self


class UpdateRule(RuleBody):
    """Body of PATCH: what is absent stays."""

    name: Name | None = None


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
