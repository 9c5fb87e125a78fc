"""LiteLLM's langfuse_otel callback (scope "litellm"): OpenInference and Langfuse attributes on the call's span.

Its second span per call carries the provider's raw exchange (llm.openai.*) and no type; it names no model in a way any
source reads, so it stays a plain span and counts nothing.
"""

from typing import Any, Final

from langfuse_app.ingestion.attributes import json_value, number, rebuild
from langfuse_app.ingestion.conventions.base import Convention, Source, attr, member
from langfuse_app.ingestion.conventions.messages import span_slots
from langfuse_app.ingestion.spans import Span

_SCOPE: Final = "litellm"
_KIND: Final = "openinference.span.kind"
_COST: Final = "gen_ai.cost."


def _tools(span: Span) -> list[dict[str, Any]] | None:
    """`llm.tools.<i>.{name, description, parameters}`, with or without a level `tool` between."""
    found = rebuild(span.attributes, "llm.tools.", span_slots(span))
    entries = [member(entry, "tool") or entry for entry in found] if isinstance(found, list) else []
    return [_tool(entry) for entry in entries if member(entry, "name")] or None


def _tool(entry: object) -> dict[str, Any]:
    names = ("name", "description", "parameters")
    return {name: json_value(member(entry, name)) for name in names if member(entry, name) is not None}


def _cost(span: Span) -> dict[str, Any] | None:
    """What the gateway calculated, of usage that it tells in less detail; 0 where it knows no price."""
    if not number(span.attributes[f"{_COST}total_cost"]):
        return None
    found = {side: span.attributes.get(f"{_COST}{side}_cost") for side in ("input", "output", "total")}
    return {side: value for side, value in found.items() if number(value) is not None}


def _type(span: Span) -> str | None:
    """A call that was offered tools comes with the kind TOOL: what counts a prompt is a model's call nevertheless."""
    return "GENERATION" if span.attributes[_KIND] == "TOOL" and "llm.token_count.prompt" in span.attributes else None


CONVENTION = Convention(
    name="litellm",
    scopes=(_SCOPE,),
    marks=("litellm.*",),
    type=(Source(15, (_KIND,), _type, scope=_SCOPE),),
    cost=(Source(40, (f"{_COST}total_cost",), _cost, scope=_SCOPE),),
    status_message=(attr(30, "error.message", scope=_SCOPE),),
    tools=(Source(50, ("llm.tools.*",), _tools, scope=_SCOPE),),
)
