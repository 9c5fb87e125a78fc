"""Google's Agent Development Kit (scope "gcp.vertex.agent"): requests, responses and tool calls as JSON documents."""

from typing import Any, Final

from langfuse_app.ingestion.attributes import parse_object
from langfuse_app.ingestion.conventions import tokens
from langfuse_app.ingestion.conventions.base import Convention, Source, attr, member
from langfuse_app.ingestion.conventions.gen_ai import usage
from langfuse_app.ingestion.normalise import count
from langfuse_app.ingestion.spans import Span

_SCOPE: Final = "gcp.vertex.agent"
_BASE: Final = "gcp.vertex.agent."
_COUNTS: Final = {
    "prompt_token_count": "input_tokens",
    "candidates_token_count": "output_tokens",
    "thoughts_token_count": "thoughts_tokens",
    "cached_content_token_count": "cached_tokens",
    "total_token_count": "total_tokens",
}


def _unless_empty(rank: int, name: str) -> Source:
    """The document; an empty one ("{}") yields nothing, which is how the kit marks what does not apply."""

    def read(span: Span) -> Any:
        value = span.attributes.get(_BASE + name)
        return None if value in ("", "{}") else value

    return Source(rank, (_BASE + name,), read)


def _usage(span: Span) -> dict[str, int]:
    """What Gemini counted, where the response says it in full: earlier kits state the total as the output."""
    told = parse_object(member(span.attributes.get(f"{_BASE}llm_response"), "usage_metadata")) or {}
    counts = {name: value for key, name in _COUNTS.items() if (value := count(told.get(key))) is not None}
    if "input_tokens" in counts and "output_tokens" in counts:
        counts["output_tokens"] += counts.get("thoughts_tokens", 0)
        return tokens.details(counts)
    found, cached = usage(span), counts.get("cached_tokens")
    if cached is None or "input_cached_tokens" in found:
        return found
    return tokens.take_out(found, {"input_cached_tokens": cached}, {"input_cached_tokens": "input"})


CONVENTION = Convention(
    name="google_adk",
    scopes=(_SCOPE,),
    marks=(f"{_BASE}*",),
    session_id=(attr(70, f"{_BASE}session_id"),),
    usage=(Source(50, (f"{_BASE}llm_response",), _usage, scope=_SCOPE),),
    input=(_unless_empty(80, "llm_request"), attr(81, f"{_BASE}tool_call_args")),
    output=(_unless_empty(80, "llm_response"), attr(81, f"{_BASE}tool_response")),
)
