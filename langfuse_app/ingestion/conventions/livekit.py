"""LiveKit Agents (scope "livekit-agents"): lk.* attributes; what a span is follows from its name."""

from typing import Final

from langfuse_app.ingestion.conventions.base import Convention, Source, attr
from langfuse_app.ingestion.spans import Span

_SCOPE: Final = "livekit-agents"
_TYPES: Final = {"agent_turn": "AGENT", "start_agent_activity": "AGENT", "function_tool": "TOOL"}
# Steps of the voice pipeline that say nothing about the conversation.
_PLUMBING: Final = frozenset(
    {
        "agent_speaking",
        "drain_agent_activity",
        "eou_detection",
        "eou_wait",
        "job_entrypoint",
        "llm_fallback_adapter",
        "llm_request_run",
        "on_enter",
        "on_exit",
        "session_close",
        "tts_fallback_adapter",
        "tts_request",
        "tts_request_run",
        "tts_stream_adapter",
        "user_speaking",
    }
)


def _level(span: Span) -> str | None:
    return "DEBUG" if span.name in _PLUMBING else None


CONVENTION = Convention(
    name="livekit",
    scopes=(_SCOPE,),
    marks=("lk.*",),
    type=(Source(90, (), lambda span: _TYPES.get(span.name), scope=_SCOPE),),
    level=(Source(30, (), _level, scope=_SCOPE),),
    input=(attr(100, "lk.input_text"), attr(101, "lk.user_transcript"), attr(102, "lk.chat_ctx")),
    output=(attr(100, "lk.function_tool.output"), attr(101, "lk.response.text")),
)
