"""OpenInference: openinference.span.kind, llm.*, input.value and output.value."""

from typing import Any, Final

from langfuse_app.ingestion.attributes import json_value, parse_list, parse_object, rebuild
from langfuse_app.ingestion.conventions.base import Convention, Source, attr, member, object_text, one_of, present
from langfuse_app.ingestion.conventions.gen_ai import cost_total, usage_apart
from langfuse_app.ingestion.conventions.messages import indexed, span_slots, with_system
from langfuse_app.ingestion.spans import Span

_KINDS = {kind: kind for kind in ("CHAIN", "RETRIEVER", "EMBEDDING", "AGENT", "TOOL", "GUARDRAIL", "EVALUATOR")}
_TOOLS = "llm.tools."
_SCOPES: Final = "openinference.instrumentation."
_PARAMETERS: Final = "llm.invocation_parameters"
_FIRST: Final = "llm.input_messages.0.message."
_OUTPUT: Final = "llm.output_messages."
_CALLED: Final = ".tool_call.function.name"
# LlamaIndex has a span for each method of a model: these only call other ones, or are what a public one calls.
_REPEATING: Final = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "a", "stream_", "astream_")
    for name in ("predict", "structured_predict", "predict_and_call", "chat_with_tools")
) | {"stream", "astream", "_prepare_chat_with_tools"}
_INNER_EMBEDDING: Final = ("_get_", "_aget_")


def _tools(span: Span) -> list[Any] | None:
    """The schemas of `llm.tools.<i>.tool.json_schema`, in order."""
    found = rebuild(span.attributes, _TOOLS, span_slots(span))
    entries = found if isinstance(found, list) else []
    schemas = [json_value(member(entry, "tool", "json_schema")) for entry in entries]
    return [schema for schema in schemas if schema is not None] or None


def _bedrock_input(span: Span) -> Any:
    """The messages of Bedrock's converse with the system prompt, which only the indexed messages have."""
    messages, role = span.attributes.get("input.value"), span.attributes.get(f"{_FIRST}role")
    told = span.attributes.get(f"{_FIRST}contents.0.message_content.text", span.attributes.get(f"{_FIRST}content"))
    return with_system(messages, told) if role == "system" and parse_list(messages) else None


_rebuilt_output: Final = indexed(_OUTPUT)


def _streamed_output(span: Span) -> Any:
    """The messages of a stream whose output is but the description of a Python object."""
    return _rebuilt_output(span) if "_IndexedAccumulator object at" in str(span.attributes.get("output.value")) else None


def _offered(span: Span) -> dict[str, Any] | None:
    """The parameters, which in earlier versions of the LangChain instrumentation alone have the tools."""
    stated = span.attributes[_PARAMETERS]
    return parse_object(stated) if isinstance(stated, str) and '"tools"' in stated else None


def _calls(span: Span) -> Any:
    return _rebuilt_output(span) if any(key.endswith(_CALLED) for key in span.attributes) else None


def _repeats(span: Span) -> str | None:
    name = span.name.rpartition(".")[2]
    return name if name in _REPEATING or name.startswith(_INNER_EMBEDDING) else None


CONVENTION = Convention(
    name="openinference",
    scopes=("openinference.*",),
    marks=("openinference.*", "llm.*", "input.value", "output.value"),
    type=(
        one_of(20, "openinference.span.kind", {**_KINDS, "LLM": "GENERATION"}),
        present(100, ("llm.model_name",), "GENERATION"),
    ),
    tags=(attr(60, "tag.tags"),),
    model=(
        attr(50, "llm.response.model"),
        attr(60, "llm.model_name"),
        attr(65, "embedding.model_name"),
        Source(80, (_PARAMETERS,), lambda span: member(span.attributes[_PARAMETERS], "model")),  # failed calls, some streams
    ),
    model_parameters=(object_text(40, _PARAMETERS), object_text(45, "embedding.invocation_parameters")),
    usage=(usage_apart(55, f"{_SCOPES}agno", "llm.provider", ("Anthropic",)),),
    cost=(cost_total(30, "llm.cost.total"),),
    input=(
        Source(139, (f"{_FIRST}role",), _bedrock_input, scope=f"{_SCOPES}bedrock"),
        attr(140, "input.value"),
        Source(190, ("llm.input_messages.*",), indexed("llm.input_messages.")),
    ),
    output=(
        Source(139, (f"{_OUTPUT}*",), _streamed_output, scope=f"{_SCOPES}anthropic"),
        attr(140, "output.value"),
        Source(190, (f"{_OUTPUT}*",), _rebuilt_output),
    ),
    tools=(Source(40, (f"{_TOOLS}*",), _tools),),
    offered=(Source(10, (_PARAMETERS,), _offered),),
    calls=(Source(10, (f"{_OUTPUT}*",), _calls),),
    # an agent or chain that states tokens adds up those of its LLM spans
    summaries={"openinference.span.kind": frozenset({"AGENT", "CHAIN"})},
    # Instructor's spans, tools to it, name the model of the call that they wrap
    summary=(
        Source(10, (), _repeats, scope=f"{_SCOPES}llama_index"),
        Source(10, (), lambda _: True, scope=f"{_SCOPES}instructor"),
    ),
)
