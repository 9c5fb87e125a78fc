"""LangSmith's OpenTelemetry export (scope "langsmith"): gen_ai.* with langsmith.span.* and langsmith.metadata.*."""

from typing import Any, Final

from langfuse_app.ingestion.conventions.base import Convention, Source, attr, member, one_of
from langfuse_app.ingestion.conventions.tokens import details
from langfuse_app.ingestion.spans import Span

_METADATA: Final = "langsmith.metadata"
_TAGS: Final = "langsmith.span.tags"
_USAGE: Final = f"{_METADATA}.usage_metadata"
_THREADS: Final = tuple(f"{_METADATA}.{name}" for name in ("session_id", "thread_id", "conversation_id"))
_USER: Final = f"{_METADATA}.user_id"
# Its run types. What it says as operation calls a prompt template a chat and a retriever an embedding.
_KINDS: Final = {
    "llm": "GENERATION",
    "chain": "CHAIN",
    "tool": "TOOL",
    "retriever": "RETRIEVER",
    "embedding": "EMBEDDING",
    "prompt": "SPAN",
    "parser": "SPAN",
}
# Where LangChain's usage_metadata breaks its counts down, and the names that `tokens` has for them.
_PARTS: Final = {
    ("input_token_details", "cache_read"): "cache_read_input_tokens",
    ("input_token_details", "cache_creation"): "cache_creation_input_tokens",
    ("input_token_details", "audio"): "input_audio_tokens",
    ("output_token_details", "reasoning"): "reasoning_tokens",
    ("output_token_details", "audio"): "output_audio_tokens",
}


def _usage(span: Span) -> dict[str, int] | None:
    stated = span.attributes[_USAGE]
    wholes = {name: member(stated, name) for name in ("input_tokens", "output_tokens", "total_tokens")}
    return details(wholes | {name: member(stated, *path) for path, name in _PARTS.items()}) or None


def _tags(span: Span) -> list[Any] | None:
    """The tags without those by which LangChain numbers its steps."""
    tags = str(span.attributes[_TAGS]).split(",")
    return [tag.strip() for tag in tags if not tag.strip().startswith(("seq:step:", "graph:step:", "map:key:"))] or None


CONVENTION = Convention(
    name="langsmith",
    scopes=("langsmith",),
    marks=("langsmith.*",),
    type=(one_of(25, "langsmith.span.kind", _KINDS),),
    user_id=(attr(90, _USER),),
    session_id=tuple(attr(90, key) for key in _THREADS),
    tags=(Source(90, (_TAGS,), _tags),),
    usage=(Source(50, (_USAGE,), _usage),),
    metadata=(_METADATA,),
    trace_marks=(*_THREADS, _USER, _TAGS),
)
