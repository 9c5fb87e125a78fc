"""Pydantic AI (scope "pydantic-ai"): agent runs with all messages and the final result, tools, model requests.

An agent's messages came as message events first, and before that (0.0.x) with its own names for everything.
"""

from collections.abc import Callable
from typing import Any, Final

from langfuse_app.ingestion.attributes import parse_list, parse_object
from langfuse_app.ingestion.conventions import tokens
from langfuse_app.ingestion.conventions.base import ANY, Convention, Source, attr, member, object_text
from langfuse_app.ingestion.conventions.messages import with_system
from langfuse_app.ingestion.spans import Span

_SCOPE: Final = "pydantic-ai"
_MESSAGES: Final = "pydantic_ai.all_messages"
_EVENTS: Final = "all_messages_events"
_FIRST_MESSAGES: Final = "all_messages"
_REQUEST: Final = "model_request_parameters"
_RESPONSE: Final = "response"


def _all_messages(span: Span) -> Any:
    return with_system(span.attributes.get(_MESSAGES), span.attributes.get("gen_ai.system_instructions"))


def _answer(key: str) -> Callable[[Span], Any]:
    """The last message, where it is the model's: the result of a run that states none (a stream's)."""

    def read(span: Span) -> Any:
        last = (parse_list(span.attributes.get(key)) or [None])[-1]
        return last if member(last, "role") == "assistant" or member(last, "kind") == "response" else None

    return read


def _first_type(span: Span) -> str | None:
    return "GENERATION" if member(span.attributes[_RESPONSE], "model_name") and "usage" in span.attributes else None


def _run_type(span: Span) -> str | None:
    return "AGENT" if span.attributes.get("agent_name") else None


def _first_usage(span: Span) -> dict[str, int] | None:
    usage = parse_object(span.attributes["usage"])
    if usage is None:
        return None
    names = {"input": "request_tokens", "output": "response_tokens", "total": "total_tokens"}
    wholes = {f"{side}_tokens": usage.get(name) for side, name in names.items()}
    return tokens.details(wholes | {f"details.{name}": value for name, value in (parse_object(usage.get("details")) or {}).items()})


def _tools(span: Span) -> list[Any] | None:
    tools = member(span.attributes.get(_REQUEST), "function_tools")
    return tools if isinstance(tools, list) and tools else None


CONVENTION = Convention(
    name="pydantic_ai",
    scopes=(_SCOPE,),
    marks=("pydantic_ai.*",),
    type=(
        Source(105, (_RESPONSE,), _first_type, scope=_SCOPE),
        Source(110, (_MESSAGES, _EVENTS, _FIRST_MESSAGES), _run_type, scope=_SCOPE),
    ),
    model=(Source(75, (_RESPONSE,), lambda span: member(span.attributes[_RESPONSE], "model_name"), scope=_SCOPE),),
    model_parameters=(object_text(50, "model_config"),),
    usage=(Source(70, ("usage",), _first_usage, scope=_SCOPE),),
    input=(
        attr(150, "input"),
        attr(155, _EVENTS, scope=_SCOPE),
        Source(160, (_MESSAGES,), _all_messages, scope=_SCOPE),
        attr(170, "tool_arguments"),
    ),
    output=(
        # before rank 90, where the message events of a run would be its output and its result nowhere
        Source(85, (_EVENTS,), lambda span: span.attributes.get("final_result") or _answer(_EVENTS)(span), scope=_SCOPE),
        attr(150, "output"),
        attr(160, "final_result", scope=_SCOPE),
        Source(165, (_MESSAGES,), _answer(_MESSAGES), scope=_SCOPE),
        Source(166, (_FIRST_MESSAGES,), _answer(_FIRST_MESSAGES), scope=_SCOPE),
        attr(170, "tool_response"),
        *(attr(171 + place, key, scope=_SCOPE) for place, key in enumerate((_RESPONSE, "result", "tool_responses", "combined_text"))),
    ),
    tools=(Source(30, (_REQUEST,), _tools),),
    trimmed={_REQUEST: "function_tools"},
    # only agent runs carry all messages, and they repeat the usage of their requests
    summaries={_MESSAGES: ANY, _EVENTS: ANY, _FIRST_MESSAGES: ANY},
)
