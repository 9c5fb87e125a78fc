"""What an evaluator does, between the two contracts and the table: pure functions.

Stored is a prompt of messages, and an output as the unstable contract has it: {dataType, reasoning: {description},
score: {description, …}}. An instruction that was not given is an empty description.
"""

import re
from collections.abc import Sequence
from typing import Any

from langfuse_app.core.errors import InvalidRequestError
from langfuse_app.core.lists import repeated
from langfuse_app.features.evaluators.models import EvaluatorVersion
from langfuse_app.features.evaluators.schemas import CreateCode, CreateJudge, Mapping
from langfuse_app.features.evaluators.schemas_v2 import CodeDefinition, JudgeDefinition, MappingOut, OutputDefinition, OutputOut

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")
_JSON_PATH = re.compile(r"""\$(\.{1,2}[\w*-]+|\[[\d:*, -]+\]|\['[^']*'\]|\["[^"]*"\]|\[\?[^\]]+\])*""")
_OF_SCORES = ("min_value", "max_value", "categories", "should_allow_multiple_matches")
Messages = list[dict[str, str]]


def is_json_path(text: str) -> bool:
    """Whether a text is a JSONPath: `$`, then names, indexes, slices and filters."""
    return bool(_JSON_PATH.fullmatch(text))


def check_mapping(mapping: Sequence[Mapping], variables: Sequence[str]) -> None:
    """Every variable exactly once, by a path that can be one. InvalidRequestError with the code of what is wrong."""
    named = [one.variable for one in mapping]
    if twice := repeated(named):
        raise InvalidRequestError(f"Variables are mapped twice: {', '.join(twice)}", "duplicate_variable_mapping")
    if unknown := sorted(set(named) - set(variables)):
        raise InvalidRequestError(f"The evaluator has no variables {', '.join(unknown)}", "invalid_variable_mapping")
    if missing := [name for name in variables if name not in named]:
        raise InvalidRequestError(f"Variables are not mapped: {', '.join(missing)}", "missing_variable_mapping")
    if wrong := [one.json_path for one in mapping if one.json_path and not is_json_path(one.json_path)]:
        raise InvalidRequestError(f"Not a JSONPath: {wrong[0]}", "invalid_json_path")


def plain(mapping: Sequence[Mapping] | None) -> list[dict[str, Any]] | None:
    """A mapping as it is stored."""
    return None if mapping is None else [one.model_dump(mode="json", by_alias=True) for one in mapping]


def shown_mapping(stored: Any) -> list[MappingOut] | None:
    """A stored mapping as v2 shows it."""
    return None if stored is None else [MappingOut.model_validate(one) for one in stored]


def text_of(prompt: Messages) -> str:
    """A prompt of the unstable contract, which knows no messages: their texts, one after another."""
    return "\n\n".join(message["content"] for message in prompt)


def version_of(new: CreateJudge | CreateCode | JudgeDefinition | CodeDefinition, author: str | None) -> EvaluatorVersion:
    """A row, still without its evaluator and number. InvalidRequestError when the mapping does not fit the prompt."""
    if isinstance(new, CreateCode | CodeDefinition):
        return EvaluatorVersion(
            evaluator_id="",
            version=0,
            created_by_user_id=author,
            source_code=new.source_code,
            source_code_language=new.source_code_language,
        )
    unstable = isinstance(new, CreateJudge)
    output = new.output_definition.model_dump(mode="json", by_alias=True) if unstable else _nested(new.output_definition)
    return _judge(new, new.mapping if unstable else new.variable_mapping, output, author)


def _judge(
    new: CreateJudge | JudgeDefinition, mapping: list[Mapping] | None, output: dict[str, Any], author: str | None
) -> EvaluatorVersion:
    messages = _messages(new)
    variables = list(dict.fromkeys(_VARIABLE.findall(text_of(messages))))
    if mapping is not None:
        check_mapping(mapping, variables)
    return EvaluatorVersion(
        evaluator_id="",
        version=0,
        created_by_user_id=author,
        prompt=messages,
        provider=new.model_settings and new.model_settings.provider,
        model=new.model_settings and new.model_settings.model,
        variables=variables,
        mapping=plain(mapping),
        output_definition=output,
    )


def _messages(new: CreateJudge | JudgeDefinition) -> Messages:
    if isinstance(new.prompt, str):
        return [{"role": "user", "content": new.prompt}]
    return [message.model_dump() for message in new.prompt]


def _nested(given: OutputDefinition) -> dict[str, Any]:
    """A flat output of v2 as it is stored."""
    score = given.model_dump(mode="json", by_alias=True, include=set(_OF_SCORES))
    return {
        "dataType": given.data_type,
        "reasoning": {"description": given.score_reasoning_instructions or ""},
        "score": {"description": given.score_value_instructions or ""} | score,
    }


def flat(stored: dict[str, Any]) -> OutputOut:
    """A stored output as v2 shows it: without what it has not."""
    score = dict(stored["score"])
    found = {
        "dataType": stored["dataType"],
        "scoreReasoningInstructions": stored["reasoning"]["description"] or None,
        "scoreValueInstructions": score.pop("description") or None,
    }
    return OutputOut.model_validate({name: value for name, value in (found | score).items() if value is not None})
