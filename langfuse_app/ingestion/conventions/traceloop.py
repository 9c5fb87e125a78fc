"""Traceloop's instrumentations (OpenLLMetry): traceloop.entity.*, and in earlier versions the indexed gen_ai.prompt.<i>,
gen_ai.completion.<i>, llm.request.functions.<i> beside llm.request.type and llm.usage.*."""

from typing import Any, Final

from langfuse_app.ingestion.attributes import json_value, rebuild
from langfuse_app.ingestion.conventions.base import Convention, Source, attr, one_of
from langfuse_app.ingestion.conventions.gen_ai import usage_apart
from langfuse_app.ingestion.conventions.messages import indexed, span_slots
from langfuse_app.ingestion.spans import Span

_PROPERTIES: Final = "traceloop.association.properties."
_FUNCTIONS: Final = "llm.request.functions."


def _tools(span: Span) -> list[dict[str, Any]] | None:
    """The tools of `llm.request.functions.<i>.{name, description, parameters}`, schemas opened."""
    found = rebuild(span.attributes, _FUNCTIONS, span_slots(span))
    entries = found if isinstance(found, list) else []
    return [{name: json_value(value) for name, value in entry.items()} for entry in entries if isinstance(entry, dict)] or None


CONVENTION = Convention(
    name="traceloop",
    scopes=("traceloop.*",),
    marks=(
        "traceloop.*",
        "gen_ai.prompt.*",
        "gen_ai.completion.*",
        "llm.request.type",
        "llm.request.functions.*",
        "llm.usage.*",
        "llm.is_streaming",
    ),
    type=(
        one_of(95, "llm.request.type", {"embedding": "EMBEDDING"}),
        one_of(96, "traceloop.span.kind", {"agent": "AGENT", "tool": "TOOL"}),
    ),
    user_id=(attr(90, f"{_PROPERTIES}user_id"),),
    session_id=(attr(90, f"{_PROPERTIES}session_id"),),
    usage=(usage_apart(55, "opentelemetry.instrumentation.bedrock", "gen_ai.provider.name", ("aws.bedrock",)),),
    input=(
        attr(130, "traceloop.entity.input"),
        Source(180, ("gen_ai.prompt.*",), indexed("gen_ai.prompt.")),
    ),
    output=(
        attr(130, "traceloop.entity.output"),
        Source(180, ("gen_ai.completion.*",), indexed("gen_ai.completion.")),
    ),
    tools=(Source(25, (f"{_FUNCTIONS}*",), _tools),),
    summaries={"traceloop.span.kind": frozenset({"agent"})},
    trace_marks=(f"{_PROPERTIES}user_id", f"{_PROPERTIES}session_id"),
)
