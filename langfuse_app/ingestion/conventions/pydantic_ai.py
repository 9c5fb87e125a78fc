"""Pydantic AI (scope "pydantic-ai"): agent runs with all messages and the final result, tools, model requests."""

from typing import Any, Final

from langfuse_app.ingestion.conventions.base import ANY, Convention, Source, attr, member, object_text
from langfuse_app.ingestion.conventions.messages import with_system
from langfuse_app.ingestion.spans import Span

_SCOPE: Final = "pydantic-ai"
_MESSAGES: Final = "pydantic_ai.all_messages"
_REQUEST: Final = "model_request_parameters"


def _all_messages(span: Span) -> Any:
    return with_system(span.attributes.get(_MESSAGES), span.attributes.get("gen_ai.system_instructions"))


def _tools(span: Span) -> list[Any] | None:
    tools = member(span.attributes.get(_REQUEST), "function_tools")
    return tools if isinstance(tools, list) and tools else None


CONVENTION = Convention(
    name="pydantic_ai",
    scopes=(_SCOPE,),
    marks=("pydantic_ai.*",),
    model_parameters=(object_text(50, "model_config"),),
    input=(
        attr(150, "input"),
        Source(160, (_MESSAGES,), _all_messages, scope=_SCOPE),
        attr(170, "tool_arguments"),
    ),
    output=(
        attr(150, "output"),
        attr(160, "final_result", scope=_SCOPE),
        attr(170, "tool_response"),
    ),
    tools=(Source(30, (_REQUEST,), _tools),),
    trimmed={_REQUEST: "function_tools"},
    # only agent runs carry all messages, and they repeat the usage of their requests
    summaries={_MESSAGES: ANY, "all_messages_events": ANY},
)
