"""Firebase Genkit (scope "genkit-tracer"): genkit:* attributes hold one JSON document for input and one for output."""

from typing import Any, Final

from langfuse_app.ingestion.attributes import parse_list, parse_object
from langfuse_app.ingestion.conventions import tokens
from langfuse_app.ingestion.conventions.base import Convention, Source, attr, member, one_of
from langfuse_app.ingestion.normalise import count
from langfuse_app.ingestion.spans import Span

_SCOPE: Final = "genkit-tracer"
_SUBTYPE: Final = "genkit:metadata:subtype"
_INPUT: Final = "genkit:input"
_OUTPUT: Final = "genkit:output"
_TYPES: Final = {
    "background-model": "GENERATION",
    "model": "GENERATION",
    "embedder": "EMBEDDING",
    "tool": "TOOL",
    "tool.v2": "TOOL",
    "retriever": "RETRIEVER",
    "evaluator": "EVALUATOR",
}


def _messages(span: Span) -> Any:
    """The input document, or what it calls its messages."""
    found = member(span.attributes.get(_INPUT), "messages")
    return span.attributes.get(_INPUT) or None if found is None else found


def _message(span: Span) -> Any:
    """The output document, or the message in it: its own, or that of its only candidate."""
    document = parse_object(span.attributes.get(_OUTPUT)) or {}
    candidates = parse_list(document.get("candidates")) or []
    found = document.get("message") or (member(candidates[0], "message") if len(candidates) == 1 else None)
    return span.attributes.get(_OUTPUT) or None if found is None else found


def _model(span: Span) -> Any:
    return span.attributes.get("genkit:name") if span.attributes.get(_SUBTYPE) == "model" else None


def _parameters(span: Span) -> dict[str, Any] | None:
    config = member(span.attributes.get(_INPUT), "config")
    return config if isinstance(config, dict) and config else None


def _usage(span: Span) -> dict[str, int] | None:
    """Usage of a model's own span; those above it (flows, the helper that calls) repeat it. A plugin may count thoughts
    beside the output.
    """
    usage = member(span.attributes.get(_OUTPUT), "usage")
    if usage is None or _repeats(span):
        return None
    wholes = _counts(usage, {"input": "inputTokens", "output": "outputTokens", "total": "totalTokens"})
    parts = _counts(usage, {"output_reasoning": "thoughtsTokens", "input_cached_tokens": "cachedContentTokens"})
    total, sides = wholes.get("total"), wholes.get("input", 0) + wholes.get("output", 0)
    if total and total == sides + parts.get("output_reasoning", 0):
        wholes["output"] = total - wholes.get("input", 0)
    return tokens.take_out(wholes, parts, {"output_reasoning": "output", "input_cached_tokens": "input"})


def _repeats(span: Span) -> bool:
    subtype = span.attributes.get(_SUBTYPE)
    other = subtype is not None and _TYPES.get(subtype) not in ("GENERATION", "EMBEDDING")
    return other or span.attributes.get("genkit:type") == "util"


def _counts(usage: object, names: dict[str, str]) -> dict[str, int]:
    return {name: value for name, key in names.items() if (value := count(member(usage, key))) is not None}


def _tools(span: Span) -> list[Any] | None:
    return parse_list(member(span.attributes.get(_INPUT), "tools")) or None


CONVENTION = Convention(
    name="genkit",
    scopes=(_SCOPE,),
    marks=("genkit:*",),
    type=(one_of(40, _SUBTYPE, _TYPES),),
    observation_name=(attr(20, "genkit:name"),),
    model=(Source(80, ("genkit:name",), _model),),
    model_parameters=(Source(20, (_INPUT,), _parameters, scope=_SCOPE),),
    usage=(Source(30, (_OUTPUT,), _usage, scope=_SCOPE),),
    input=(Source(20, (_INPUT,), _messages, scope=_SCOPE),),
    output=(Source(20, (_OUTPUT,), _message, scope=_SCOPE),),
    tools=(Source(70, (_INPUT,), _tools, scope=_SCOPE),),
)
