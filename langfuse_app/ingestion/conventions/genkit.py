"""Firebase Genkit (scope "genkit-tracer"): genkit:* attributes hold one JSON document for input and one for output."""

from typing import Any, Final

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


def _document(key: str, inner: str) -> Source:
    """The document, or what it calls its messages."""

    def read(span: Span) -> Any:
        found = member(span.attributes.get(key), inner)
        return span.attributes.get(key) or None if found is None else found

    return Source(20, (key,), read, scope=_SCOPE)


def _model(span: Span) -> Any:
    return span.attributes.get("genkit:name") if span.attributes.get(_SUBTYPE) == "model" else None


def _parameters(span: Span) -> dict[str, Any] | None:
    config = member(span.attributes.get(_INPUT), "config")
    return config if isinstance(config, dict) and config else None


def _usage(span: Span) -> dict[str, int] | None:
    usage = member(span.attributes.get(_OUTPUT), "usage")
    if usage is None:
        return None
    names = {"input": "inputTokens", "output": "outputTokens", "total": "totalTokens"}
    wholes = {name: value for name, key in names.items() if (value := count(member(usage, key))) is not None}
    thoughts = count(member(usage, "thoughtsTokens"))
    parts = {} if thoughts is None else {"output_reasoning": thoughts}
    return tokens.take_out(wholes, parts, {"output_reasoning": "output"})


CONVENTION = Convention(
    name="genkit",
    scopes=(_SCOPE,),
    marks=("genkit:*",),
    type=(one_of(40, _SUBTYPE, _TYPES),),
    observation_name=(attr(20, "genkit:name"),),
    model=(Source(80, ("genkit:name",), _model),),
    model_parameters=(Source(20, (_INPUT,), _parameters, scope=_SCOPE),),
    usage=(Source(30, (_OUTPUT,), _usage, scope=_SCOPE),),
    input=(_document(_INPUT, "messages"),),
    output=(_document(_OUTPUT, "message"),),
)
