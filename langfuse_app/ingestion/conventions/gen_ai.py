"""OpenTelemetry's GenAI semantic conventions: gen_ai.* attributes and events, in their present and earlier forms."""

from collections.abc import Collection
from typing import Any, Final

from langfuse_app.ingestion.attributes import number
from langfuse_app.ingestion.conventions.base import Convention, Source, attr, one_of, present
from langfuse_app.ingestion.conventions.messages import event_choices, event_details, event_messages, with_system
from langfuse_app.ingestion.conventions.tokens import details, take_out
from langfuse_app.ingestion.normalise import count, text
from langfuse_app.ingestion.spans import ERROR, Span

_MODEL_CALLS: Final = ("chat", "completion", "text_completion", "generate_content", "generate", "embeddings")
_OPERATIONS: Final = {
    **dict.fromkeys(_MODEL_CALLS, "GENERATION"),
    "embeddings": "EMBEDDING",
    **dict.fromkeys(("invoke_agent", "create_agent"), "AGENT"),
    "execute_tool": "TOOL",
    "retrieval": "RETRIEVER",
}
_USAGE: Final = ("gen_ai.usage.", "llm.token_count.", "llm.usage.")
_PARAMETERS: Final = ("gen_ai.request.", "llm.invocation_parameters.")
_LIFETIMES: Final = {
    f"input_cache_creation_{lifetime}": f"anthropic.usage.cache_creation.ephemeral_{lifetime}_input_tokens" for lifetime in ("5m", "1h")
}
_GOOGLE: Final = "opentelemetry.instrumentation.google_genai"
_ARGUMENTS: Final = "code.function.parameters."  # no keys of the sources below: other spans show these as they are
_STREAMED: Final = ("gen_ai.request.stream", "gen_ai.request.is_stream")
_FIRST_CHUNK: Final = ("gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token")  # seconds


def with_prefixes(span: Span, prefixes: tuple[str, ...]) -> dict[str, Any]:
    """The attributes under the prefixes, without them; where two prefixes give one name, the first prefix stands."""
    found: dict[str, Any] = {}
    for prefix in prefixes:
        for key, value in span.attributes.items():
            if key.startswith(prefix):
                found.setdefault(key[len(prefix) :], value)
    return found


def usage(span: Span, apart: Collection[str] = ()) -> dict[str, int]:
    """The generic rule: every count under gen_ai.usage.*, llm.token_count.* and llm.usage.*, costs aside.

    apart: see `tokens.details`.
    """
    counts = with_prefixes(span, _USAGE)
    return details({key: value for key, value in counts.items() if not key.startswith("cost")}, apart)


def _usage_by_lifetime(span: Span) -> dict[str, int]:
    """Usage with cache writes split by how long they live, as Anthropic's SDK says in its own spans."""
    split = {name: written for name, key in _LIFETIMES.items() if (written := count(span.attributes.get(key))) is not None}
    return take_out(usage(span), split, dict.fromkeys(split, "input_cache_creation"))


def usage_apart(rank: int, scope: str, key: str, values: Collection[str]) -> Source:
    """Usage of a scope that counts cached input beside the input, where an attribute has one of the values."""

    def read(span: Span) -> dict[str, int] | None:
        return usage(span, ("input",)) if span.attributes.get(key) in values else None

    return Source(rank, (key,), read, scope)


def cost_total(rank: int, key: str) -> Source:
    """A total cost in USD."""

    def read(span: Span) -> dict[str, Any] | None:
        value = number(span.attributes.get(key))
        return None if value is None else {"total": value}

    return Source(rank, (key,), read)


def _parameters(span: Span) -> dict[str, Any] | None:
    found = with_prefixes(span, _PARAMETERS)
    found.pop("model", None)
    return found or None


def _tool_name(span: Span) -> Any:
    """The name of the tool that runs; some model calls carry the name of the tool that was asked for."""
    operation = span.attributes.get("gen_ai.operation.name")
    return None if isinstance(operation, str) and operation in _MODEL_CALLS else span.attributes["gen_ai.tool.name"] or None


def _completion_start(span: Span) -> int | None:
    if any(span.attributes.get(key) is False for key in _STREAMED):
        return None  # some state the whole duration then
    waited = next((waited for key in _FIRST_CHUNK if (waited := number(span.attributes.get(key))) is not None), None)
    return None if waited is None or not 0 <= waited < 10**9 or not span.start else span.start // 1000 + round(waited * 1e6)


def _failure(span: Span) -> str | None:
    """Why a failed span failed, where its status does not say: the exception it recorded, else the kind of error."""
    if span.status_code != ERROR:
        return None
    told = [event.attributes.get("exception.message") for event in span.events if event.name == "exception"]
    return next((text(message) for message in told if message), None) or text(span.attributes.get("error.type")) or None


def _function_input(span: Span) -> dict[str, Any] | None:
    """The arguments of a function that a model had called, from `code.function.parameters.<name>.{type, value}`."""
    found = with_prefixes(span, (_ARGUMENTS,))
    named = {key.removesuffix(".value"): value for key, value in found.items() if key.endswith(".value")}
    return named or None


def _input_messages(span: Span) -> Any:
    attributes = span.attributes
    return with_system(attributes.get("gen_ai.input.messages"), attributes.get("gen_ai.system_instructions"))


CONVENTION = Convention(
    name="gen_ai",
    marks=("gen_ai.*",),
    type=(
        one_of(30, "gen_ai.operation.name", _OPERATIONS),
        present(70, ("gen_ai.tool.name", "gen_ai.tool.call.id"), "TOOL"),
        present(100, ("gen_ai.request.model", "gen_ai.response.model"), "GENERATION"),
        present(100, ("langfuse.observation.model.name", "model"), "GENERATION"),
    ),
    observation_name=(Source(10, ("gen_ai.tool.name",), _tool_name),),
    session_id=(attr(30, "gen_ai.conversation.id"),),
    status_message=(Source(40, (), _failure),),
    completion_start=(Source(30, _FIRST_CHUNK, _completion_start),),
    model=(attr(20, "gen_ai.response.model"), attr(40, "gen_ai.request.model"), attr(70, "model")),
    model_parameters=(Source(60, tuple(f"{prefix}*" for prefix in _PARAMETERS), _parameters),),
    usage=(
        Source(55, tuple(_LIFETIMES.values()), _usage_by_lifetime),
        Source(60, tuple(f"{prefix}*" for prefix in _USAGE), usage),
    ),
    cost=(cost_total(20, "gen_ai.usage.cost"),),
    input=(
        Source(50, (), event_details("gen_ai.input.messages"), events=True),
        Source(60, (), event_messages, events=True),
        Source(200, ("gen_ai.input.messages",), _input_messages),
        attr(201, "gen_ai.tool.call.arguments"),
        attr(202, "gen_ai.retrieval.query.text"),
        Source(203, (), _function_input, scope=_GOOGLE),
        attr(210, "gen_ai.prompt"),
    ),
    output=(
        Source(50, (), event_details("gen_ai.output.messages"), events=True),
        Source(60, (), event_choices, events=True),
        attr(200, "gen_ai.output.messages"),
        attr(201, "gen_ai.tool.call.result"),
        attr(202, "gen_ai.retrieval.documents"),
        Source(203, (), lambda span: span.attributes.get("code.function.return.value"), scope=_GOOGLE),
        attr(210, "gen_ai.completion"),
    ),
    tools=(attr(20, "gen_ai.tool.definitions"),),
    hidden=("gen_ai.system_instructions",),
    summaries={"gen_ai.operation.name": frozenset({"invoke_agent", "agent_step", "create_agent", "invoke_workflow"})},
)
