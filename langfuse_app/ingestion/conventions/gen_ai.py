"""OpenTelemetry's GenAI semantic conventions: gen_ai.* attributes and events, in their present and earlier forms."""

from typing import Any, Final

from langfuse_app.ingestion.attributes import number
from langfuse_app.ingestion.conventions import tokens
from langfuse_app.ingestion.conventions.base import Convention, Source, attr, one_of, present
from langfuse_app.ingestion.conventions.messages import event_choices, event_details, event_messages, with_system
from langfuse_app.ingestion.spans import Span

_OPERATIONS: Final = {
    **dict.fromkeys(("chat", "completion", "text_completion", "generate_content", "generate"), "GENERATION"),
    "embeddings": "EMBEDDING",
    **dict.fromkeys(("invoke_agent", "create_agent"), "AGENT"),
    "execute_tool": "TOOL",
}
_USAGE: Final = ("gen_ai.usage.", "llm.token_count.")
_PARAMETERS: Final = ("gen_ai.request.", "llm.invocation_parameters.")


def with_prefixes(span: Span, prefixes: tuple[str, ...]) -> dict[str, Any]:
    """The attributes under the prefixes, without them; where two prefixes give one name, the first prefix stands."""
    found: dict[str, Any] = {}
    for prefix in prefixes:
        for key, value in span.attributes.items():
            if key.startswith(prefix):
                found.setdefault(key[len(prefix) :], value)
    return found


def usage(span: Span) -> dict[str, int]:
    """The generic rule: every count under gen_ai.usage.* and llm.token_count.*, costs aside."""
    counts = with_prefixes(span, _USAGE)
    return tokens.details({key: value for key, value in counts.items() if not key.startswith("cost")})


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
    observation_name=(attr(10, "gen_ai.tool.name"),),
    session_id=(attr(30, "gen_ai.conversation.id"),),
    model=(attr(20, "gen_ai.response.model"), attr(40, "gen_ai.request.model"), attr(70, "model")),
    model_parameters=(Source(60, tuple(f"{prefix}*" for prefix in _PARAMETERS), _parameters),),
    usage=(Source(60, tuple(f"{prefix}*" for prefix in _USAGE), usage),),
    cost=(cost_total(20, "gen_ai.usage.cost"),),
    input=(
        Source(50, (), event_details("gen_ai.input.messages"), events=True),
        Source(60, (), event_messages, events=True),
        Source(200, ("gen_ai.input.messages",), _input_messages),
        attr(201, "gen_ai.tool.call.arguments"),
    ),
    output=(
        Source(50, (), event_details("gen_ai.output.messages"), events=True),
        Source(60, (), event_choices, events=True),
        attr(200, "gen_ai.output.messages"),
        attr(201, "gen_ai.tool.call.result"),
    ),
    tools=(attr(20, "gen_ai.tool.definitions"),),
    hidden=("gen_ai.system_instructions",),
    summaries={"gen_ai.operation.name": frozenset({"invoke_agent", "agent_step", "create_agent", "invoke_workflow"})},
)
