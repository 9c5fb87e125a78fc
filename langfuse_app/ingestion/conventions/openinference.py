"""OpenInference: openinference.span.kind, llm.*, input.value and output.value."""

from typing import Any

from langfuse_app.ingestion.attributes import json_value, rebuild
from langfuse_app.ingestion.conventions.base import Convention, Source, attr, member, object_text, one_of, present
from langfuse_app.ingestion.conventions.gen_ai import cost_total
from langfuse_app.ingestion.conventions.messages import indexed, span_slots
from langfuse_app.ingestion.spans import Span

_KINDS = {kind: kind for kind in ("CHAIN", "RETRIEVER", "EMBEDDING", "AGENT", "TOOL", "GUARDRAIL", "EVALUATOR")}
_TOOLS = "llm.tools."


def _tools(span: Span) -> list[Any] | None:
    """The schemas of `llm.tools.<i>.tool.json_schema`, in order."""
    found = rebuild(span.attributes, _TOOLS, span_slots(span))
    entries = found if isinstance(found, list) else []
    schemas = [json_value(member(entry, "tool", "json_schema")) for entry in entries]
    return [schema for schema in schemas if schema is not None] or None


CONVENTION = Convention(
    name="openinference",
    scopes=("openinference.*",),
    marks=("openinference.*", "llm.*", "input.value", "output.value"),
    type=(
        one_of(20, "openinference.span.kind", {**_KINDS, "LLM": "GENERATION"}),
        present(100, ("llm.model_name",), "GENERATION"),
    ),
    tags=(attr(60, "tag.tags"),),
    model=(attr(50, "llm.response.model"), attr(60, "llm.model_name"), attr(65, "embedding.model_name")),
    model_parameters=(object_text(40, "llm.invocation_parameters"), object_text(45, "embedding.invocation_parameters")),
    cost=(cost_total(30, "llm.cost.total"),),
    input=(
        attr(140, "input.value"),
        Source(190, ("llm.input_messages.*",), indexed("llm.input_messages.")),
    ),
    output=(
        attr(140, "output.value"),
        Source(190, ("llm.output_messages.*",), indexed("llm.output_messages.")),
    ),
    tools=(Source(40, (f"{_TOOLS}*",), _tools),),
    # an agent or chain that states tokens adds up those of its LLM spans
    summaries={"openinference.span.kind": frozenset({"AGENT", "CHAIN"})},
)
