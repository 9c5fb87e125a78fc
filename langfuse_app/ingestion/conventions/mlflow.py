"""MLflow's tracing: mlflow.* attributes beside those a program sets; all values are JSON texts, strings in quotes too."""

from typing import Final

from langfuse_app.ingestion.attributes import parse_object, unquoted
from langfuse_app.ingestion.conventions import tokens
from langfuse_app.ingestion.conventions.base import Convention, Source, attr, quoted
from langfuse_app.ingestion.spans import Span

_SCOPE: Final = "mlflow*"
_TYPES: Final = {
    **dict.fromkeys(("LLM", "CHAT_MODEL"), "GENERATION"),
    **{name: name for name in ("AGENT", "CHAIN", "EMBEDDING", "EVALUATOR", "GUARDRAIL", "RETRIEVER", "TOOL")},
}
_TYPE: Final = "mlflow.spanType"
_USAGE: Final = "mlflow.chat.tokenUsage"


def _type(span: Span) -> str | None:
    return _TYPES.get(str(unquoted(span.attributes[_TYPE])))


def _usage(span: Span) -> dict[str, int] | None:
    told = parse_object(span.attributes[_USAGE])
    return None if told is None else tokens.details(told)


CONVENTION = Convention(
    name="mlflow",
    scopes=(_SCOPE,),
    marks=("mlflow.*",),
    type=(Source(95, (_TYPE,), _type),),
    model=(quoted(66, "mlflow.llm.model"), Source(67, ("model",), lambda span: unquoted(span.attributes["model"]) or None, scope=_SCOPE)),
    usage=(Source(70, (_USAGE,), _usage),),
    input=(attr(120, "mlflow.spanInputs"),),
    output=(attr(120, "mlflow.spanOutputs"),),
    # an agent or chain may add up what the calls below it used
    summaries={_TYPE: frozenset({'"AGENT"', '"CHAIN"'})},
)
