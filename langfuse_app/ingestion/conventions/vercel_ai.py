"""Vercel's AI SDK (scope "ai"): ai.* attributes beside gen_ai.*; the wrapper span of a call repeats its inner span."""

import math
from collections.abc import Callable
from typing import Any, Final

from langfuse_app.ingestion.attributes import json_value, number, parse_list, parse_object
from langfuse_app.ingestion.conventions import tokens
from langfuse_app.ingestion.conventions.base import Convention, Source, attr, member
from langfuse_app.ingestion.conventions.langfuse import prompt_link
from langfuse_app.ingestion.normalise import count, text
from langfuse_app.ingestion.spans import Span

SCOPE: Final = "ai"
_INNER: Final = {
    "ai.generateText.doGenerate": "GENERATION",
    "ai.streamText.doStream": "GENERATION",
    "ai.generateObject.doGenerate": "GENERATION",
    "ai.streamObject.doStream": "GENERATION",
    "ai.embed.doEmbed": "EMBEDDING",
    "ai.embedMany.doEmbed": "EMBEDDING",
}
_WRAPPERS: Final = frozenset(name.rpartition(".")[0] for name in _INNER)
_MODELS: Final = ("langfuse.observation.model.name", "ai.model.id", "gen_ai.request.model", "gen_ai.response.model")
_OPERATION: Final = ("ai.operationId", "operation.name")


def _inner_type(span: Span) -> str | None:
    attributes = span.attributes
    if not any(attributes.get(key) for key in _MODELS):
        return None
    operation = text(attributes.get("operation.name"))
    for name, result in _INNER.items():
        if operation.startswith(name) or attributes.get("ai.operationId") == name:
            return result
    return None


def _tool_type(span: Span) -> str | None:
    operation = text(span.attributes.get("operation.name"))
    is_tool = operation.startswith("ai.toolCall") or span.attributes.get("ai.operationId") == "ai.toolCall"
    return "TOOL" if is_tool else None


def _name(span: Span) -> str | None:
    function = span.attributes.get("ai.telemetry.functionId")
    operation = text(span.attributes.get("ai.operationId"))
    if not operation:
        return None
    return f"{text(function)}:{operation}" if function else operation


def _completion_start(span: Span) -> int | None:
    waited = number(_first(span, ("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk")))
    if waited is None or not span.start or not 0 <= waited < 10**12:
        return None
    return span.start // 1000 + math.ceil(waited) * 1000


def _prompt(span: Span) -> tuple[str, int] | None:
    link = span.attributes.get("ai.telemetry.metadata.langfusePrompt")
    return prompt_link(member(link, "name"), member(link, "version"))


# Usage. A part's figure comes in several attributes; the first that is there counts.

_WHOLES: Final[dict[str, tuple[str, ...]]] = {
    "input": ("gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens", "ai.usage.inputTokens", "ai.usage.promptTokens"),
    "output": (
        "gen_ai.usage.completion_tokens",
        "gen_ai.usage.output_tokens",
        "ai.usage.outputTokens",
        "ai.usage.completionTokens",
    ),
    "total": ("ai.usage.tokens", "ai.usage.totalTokens"),
}
_CACHE_READ: Final = ("ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens")
_CACHE_WRITE: Final = ("ai.usage.inputTokenDetails.cacheWriteTokens",)
_REASONING: Final = ("ai.usage.reasoningTokens", "ai.usage.outputTokenDetails.reasoningTokens")
_PROVIDER: Final = ("ai.response.providerMetadata", "ai.result.providerMetadata")
_WHOLE_OF: Final = {
    "input_cached_tokens": "input",
    "input_cache_read": "input",
    "input_cache_write": "input",
    "input_cache_creation": "input",
    "input_cache_creation_5m": "input",
    "input_cache_creation_1h": "input",
    "output_reasoning_tokens": "output",
}


def _usage(span: Span) -> dict[str, int]:
    whole = {name: value for name, keys in _WHOLES.items() if (value := count(_first(span, keys))) is not None}
    if "input" not in whole and "output" not in whole and "total" in whole:
        whole["input"] = whole["total"]  # embeddings state one number; prices are per input token
    provider = parse_object(_first(span, _PROVIDER)) or {}
    predictions = {
        name: value
        for name, key in {
            "accepted_prediction_tokens": "acceptedPredictionTokens",
            "rejected_prediction_tokens": "rejectedPredictionTokens",
        }.items()
        if (value := count(member(provider, "openai", key))) is not None
    }
    parts = _parts(span, provider)
    if _counts_apart(span, provider, whole.get("input")):
        whole["input"] += sum(value for name, value in parts.items() if _WHOLE_OF[name] == "input")
        whole.pop("total", None)
    taken = tokens.take_out(whole, parts, _WHOLE_OF)
    if predictions and taken and "total" not in taken:  # predictions are counted in the output already
        taken["total"] = sum(taken.values())
    return {**predictions, **taken}


def _counts_apart(span: Span, provider: dict[str, Any], counted: int | None) -> bool:
    """Whether the input is counted without what the cache did: Anthropic's own figure, which the kit added up only later."""
    anthropic = parse_object(provider.get("anthropic"))
    if counted is None or anthropic is None:
        return False
    own = count(member(anthropic, "usage", "input_tokens"))
    return "ai.usage.promptTokens" in span.attributes if own is None else own == counted


def _parts(span: Span, provider: dict[str, Any]) -> dict[str, int]:
    read, written, reasoning = (_first(span, keys) for keys in (_CACHE_READ, _CACHE_WRITE, _REASONING))
    bedrock, anthropic = member(provider, "bedrock", "usage"), member(provider, "anthropic", "usage")
    cached = _choose(
        ("input_cached_tokens", read),
        ("input_cached_tokens", member(provider, "openai", "cachedPromptTokens")),
        ("input_cached_tokens", member(anthropic, "cache_read_input_tokens")),
        ("input_cached_tokens", member(provider, "anthropic", "cacheReadInputTokens")),
        ("input_cache_read", _any_member(bedrock, "cacheReadInputTokens", "cacheRead")),
    )
    created = _choose(
        ("input_cache_creation", member(anthropic, "cache_creation_input_tokens")),
        ("input_cache_creation", _any_member(provider.get("anthropic"), "cacheCreationInputTokens")),
        ("input_cache_write", _any_member(bedrock, "cacheWriteInputTokens", "cacheWrite")),
        ("input_cache_creation", _any_member(bedrock, "cacheCreation")),
        ("input_cache_creation", written),
    )
    thought = _choose(
        ("output_reasoning_tokens", reasoning),
        ("output_reasoning_tokens", member(provider, "openai", "reasoningTokens")),
    )
    return {**cached, **_by_lifetime(created, anthropic), **thought}


def _by_lifetime(created: dict[str, int], anthropic: object) -> dict[str, int]:
    """Cache writes split by how long they live, where Anthropic says so."""
    split = {
        f"input_cache_creation_{lifetime}": value
        for lifetime in ("5m", "1h")
        if (value := count(member(anthropic, "cache_creation", f"ephemeral_{lifetime}_input_tokens"))) is not None
    }
    left = {name: max(0, value - sum(split.values())) for name, value in created.items()}
    return {**left, **split}


def _choose(*candidates: tuple[str, object]) -> dict[str, int]:
    for name, value in candidates:
        found = count(value)
        if found is not None:
            return {name: found}
    return {}


def _any_member(value: object, *names: str) -> Any:
    return next((found for name in names if (found := member(value, name)) is not None), None)


def _first(span: Span, keys: tuple[str, ...]) -> Any:
    return next((span.attributes[key] for key in keys if span.attributes.get(key) not in (None, "")), None)


# Model parameters: name → attributes, the first that is there; all as text.

_PARAMETERS: Final[dict[str, tuple[str, ...]]] = {
    "maxSteps": ("ai.settings.maxSteps",),
    "toolChoice": ("ai.prompt.toolChoice",),
    "maxTokens": ("gen_ai.request.max_tokens", "ai.settings.maxTokens", "ai.settings.maxOutputTokens"),
    "finishReason": ("gen_ai.response.finish_reasons", "ai.response.finishReason"),
    "system": ("gen_ai.system", "ai.model.provider"),
    "maxRetries": ("ai.settings.maxRetries",),
    "mode": ("ai.settings.mode",),
    "temperature": ("gen_ai.request.temperature", "ai.settings.temperature"),
}


def _parameters(span: Span) -> dict[str, str] | None:
    """The call's settings, overlaid by the parameters that Langfuse's own attribute states."""
    found = {name: text(_first(span, keys)) for name, keys in _PARAMETERS.items()}
    found["service_tier"] = text(member(_first(span, _PROVIDER), "openai", "serviceTier"))
    stated = parse_object(span.attributes.get("langfuse.observation.model.parameters")) or {}
    return {**{name: value for name, value in found.items() if value}, **stated} or None


def _text_and_calls(span: Span) -> dict[str, Any] | None:
    said, calls = span.attributes.get("ai.response.text"), span.attributes.get("ai.response.toolCalls")
    if not said or not calls:
        return None
    return {"role": "assistant", "content": said, "tool_calls": json_value(calls)}


def _tools(span: Span) -> list[Any] | None:
    """Tools come as a list of JSON texts, or as one JSON text."""
    listed = parse_list(span.attributes.get("ai.prompt.tools"))
    return None if listed is None else [json_value(tool) for tool in listed]


def _listed(key: str) -> Callable[[Span], Any]:
    """A list whose items come as JSON texts."""

    def read(span: Span) -> list[Any] | None:
        listed = parse_list(span.attributes[key])
        return [json_value(item) for item in listed] if listed else None

    return read


_INPUTS: Final = ("ai.prompt.messages", "ai.prompt", "ai.toolCall.args")
_EMBEDDED: Final = ("ai.value", "ai.values")  # one, several
_VECTORS: Final = ("ai.embedding", "ai.embeddings")
_OUTPUTS: Final = (
    "ai.response.text",
    "ai.result.text",
    "ai.toolCall.result",
    "ai.response.object",
    "ai.result.object",
    "ai.response.toolCalls",
    "ai.result.toolCalls",
)

CONVENTION = Convention(
    name="vercel_ai",
    scopes=(SCOPE,),
    marks=("ai.operationId", "ai.telemetry.*"),
    type=(Source(50, _OPERATION, _inner_type), Source(60, _OPERATION, _tool_type)),
    observation_name=(attr(40, "ai.toolCall.name"), Source(50, ("ai.operationId",), _name)),
    user_id=(attr(50, "ai.telemetry.metadata.userId"),),
    session_id=(attr(60, "ai.telemetry.metadata.sessionId"),),
    tags=(attr(50, "ai.telemetry.metadata.tags"),),
    model=(attr(30, "ai.model.id"),),
    # before rank 10: in this scope Langfuse's parameters are laid over the others instead of standing alone
    model_parameters=(Source(5, tuple(k for keys in _PARAMETERS.values() for k in keys), _parameters, scope=SCOPE),),
    completion_start=(Source(20, ("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"), _completion_start),),
    prompt=(Source(30, ("ai.telemetry.metadata.langfusePrompt",), _prompt),),
    usage=(Source(40, ("gen_ai.usage.*", "ai.usage.*", *_PROVIDER), _usage, scope=SCOPE),),
    input=(
        *(attr(30 + place, key, scope=SCOPE) for place, key in enumerate(_INPUTS)),
        Source(38, _EMBEDDED[:1], lambda span: json_value(span.attributes[_EMBEDDED[0]]), scope=SCOPE),
        Source(38, _EMBEDDED[1:], _listed(_EMBEDDED[1]), scope=SCOPE),
    ),
    output=(
        Source(30, ("ai.response.toolCalls",), _text_and_calls, scope=SCOPE),
        *(attr(31 + place, key, scope=SCOPE) for place, key in enumerate(_OUTPUTS)),
        attr(38, _VECTORS[0], scope=SCOPE),
        Source(38, _VECTORS[1:], _listed(_VECTORS[1]), scope=SCOPE),
    ),
    tools=(Source(15, ("ai.prompt.tools",), _tools),),
    metadata=("ai.telemetry.metadata",),
    metadata_ignored=tuple(f"ai.telemetry.metadata.{name}" for name in ("userId", "sessionId", "tags", "langfusePrompt")),
    summaries={"ai.operationId": _WRAPPERS},
    trace_marks=tuple(f"ai.telemetry.metadata.{name}" for name in ("userId", "sessionId", "tags")),
)
