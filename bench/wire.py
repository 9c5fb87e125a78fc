"""The same traces in the wire forms that clients speak: OTLP protobuf in two conventions, and Langfuse's JSON batches.

The protobuf is written by hand: no message objects, so that making a corpus is quick. tests/bench reads it back with
opentelemetry-proto.
"""

import struct
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from bench.traces import Span, Trace

SDK_SCOPE = ("langfuse-sdk", "4.3.0")
RESOURCE = {
    "service.name": "bench",
    "telemetry.sdk.language": "python",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.version": "1.38.0",
}
JSON_METADATA = {"sdk_integration": "default", "sdk_name": "python", "sdk_version": "2.60.0", "public_key": "pk-lf-bench"}


def text(value: Any) -> str:
    """As SDKs write an input or output into an attribute: strings as they are, all else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def iso(nanoseconds: int) -> str:
    """UTC with milliseconds."""
    moment = datetime.fromtimestamp(nanoseconds // 1_000_000 / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


# --- OTLP ---------------------------------------------------------------------------------------


def langfuse_attributes(trace: Trace, span: Span) -> dict[str, Any]:
    """What the Langfuse SDKs say of a span; the server has to find the cost."""
    said: dict[str, Any] = {
        "langfuse.observation.type": span.type.lower(),
        "langfuse.environment": trace.environment,
        "langfuse.release": trace.release,
        "user.id": trace.user,
        "session.id": trace.session,
        "langfuse.trace.name": trace.name,
        "langfuse.observation.input": text(span.input),
        "langfuse.observation.output": text(span.output),
        "langfuse.observation.level": "" if span.level == "DEFAULT" else span.level,
        "langfuse.observation.status_message": span.status,
        "langfuse.observation.model.name": span.model,
        "langfuse.observation.usage_details": text(span.usage) if span.usage else "",
        "langfuse.observation.model.parameters": text(span.parameters) if span.parameters else "",
        "langfuse.observation.completion_start_time": iso(span.first_token) if span.first_token else "",
    }
    said |= {f"langfuse.observation.metadata.{key}": value for key, value in span.metadata.items()}
    if not span.parent:
        said["langfuse.trace.tags"] = trace.tags
        said |= {f"langfuse.trace.metadata.{key}": value for key, value in trace.metadata.items()}
    return said


def gen_ai_attributes(trace: Trace, span: Span) -> dict[str, Any]:
    """What an instrumentation of OpenTelemetry's GenAI conventions says of a span."""
    said: dict[str, Any] = {
        "user.id": trace.user,
        "deployment.environment.name": trace.environment,
        "gen_ai.conversation.id": trace.session,
    }
    said |= _GEN_AI.get(span.type, _plain)(span)
    if not span.parent:
        said |= {f"app.{key}": value for key, value in trace.metadata.items()}
    return said


def _chat(span: Span) -> dict[str, Any]:
    given = [{"role": message["role"], "parts": [{"type": "text", "content": message["content"]}]} for message in span.input]
    answer = [{"role": "assistant", "parts": [{"type": "text", "content": span.output["content"]}], "finish_reason": "stop"}]
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": span.provider,
        "gen_ai.request.model": span.model,
        "gen_ai.response.model": span.model,
        "gen_ai.usage.input_tokens": span.usage["input"],
        "gen_ai.usage.output_tokens": span.usage["output"],
        "gen_ai.request.temperature": span.parameters["temperature"],
        "gen_ai.request.max_tokens": span.parameters["max_tokens"],
        "gen_ai.input.messages": text(given),
        "gen_ai.output.messages": text(answer),
    }


def _tool(span: Span) -> dict[str, Any]:
    said = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": span.name}
    return said | {"gen_ai.tool.call.arguments": text(span.input), "gen_ai.tool.call.result": text(span.output)}


def _agent(span: Span) -> dict[str, Any]:
    said = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": span.name}
    return said | {"gen_ai.input.messages": text(span.input), "gen_ai.output.messages": text(span.output)}


def _embedding(span: Span) -> dict[str, Any]:
    said = {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": span.model, "gen_ai.usage.input_tokens": span.usage["input"]}
    return said | {"input.value": text(span.input)}


def _plain(span: Span) -> dict[str, Any]:
    return {"input.value": text(span.input), "output.value": text(span.output)}


_GEN_AI: dict[str, Callable[[Span], dict[str, Any]]] = {"GENERATION": _chat, "TOOL": _tool, "AGENT": _agent, "EMBEDDING": _embedding}


def openinference_attributes(trace: Trace, span: Span) -> dict[str, Any]:
    """What OpenInference's instrumentations say of a span; payloads are not repeated message by message, as real ones do."""
    said: dict[str, Any] = {
        "openinference.span.kind": {"SPAN": "CHAIN", "GENERATION": "LLM"}.get(span.type, span.type),
        "user.id": trace.user,
        "session.id": trace.session,
        "input.value": text(span.input),
        "input.mime_type": _mime(span.input),
        "output.value": text(span.output),
        "output.mime_type": _mime(span.output),
        "tool.name": span.name if span.type == "TOOL" else "",
        "metadata": text(span.metadata if span.parent else span.metadata | trace.metadata),
    }
    if span.model:
        said["embedding.model_name" if span.type == "EMBEDDING" else "llm.model_name"] = span.model
        said |= {"llm.provider": span.provider, "llm.token_count.prompt": span.usage["input"]}
    if span.type == "GENERATION":
        said |= {"llm.token_count.completion": span.usage["output"], "llm.invocation_parameters": text(span.parameters)}
    if not span.parent:
        said["tag.tags"] = trace.tags
    return said


def _mime(value: Any) -> str:
    return "text/plain" if isinstance(value, str) else "application/json"


def export(group: Iterable[Trace], attributes: Callable[[Trace, Span], dict[str, Any]], scope: tuple[str, str]) -> bytes:
    """An ExportTraceServiceRequest of whole traces, spans as exporters send them: in the order of their ends."""
    spans = [
        _field(0x12, _span(trace, span, attributes(trace, span))) for trace in group for span in sorted(trace.spans, key=lambda s: s.end)
    ]
    resource = _field(0x0A, b"".join(_field(0x0A, _pair(key, value)) for key, value in RESOURCE.items()))
    name, version = (part.encode() for part in scope)
    return _field(0x0A, resource + _field(0x12, _field(0x0A, _field(0x0A, name) + _field(0x12, version)) + b"".join(spans)))


def _span(trace: Trace, span: Span, attributes: dict[str, Any]) -> bytes:
    parent = _field(0x22, span.parent) if span.parent else b""
    ids = _field(0x0A, trace.id) + _field(0x12, span.id) + parent
    times = b"\x30\x01\x39" + struct.pack("<Q", span.start) + b"\x41" + struct.pack("<Q", span.end)
    said = b"".join(_field(0x4A, _pair(key, value)) for key, value in attributes.items() if value not in ("", []))
    code = b"\x18\x02" if span.level == "ERROR" else b"\x18\x01"
    status = _field(0x7A, (_field(0x12, span.status.encode()) if span.status else b"") + code)
    return ids + _field(0x2A, span.name.encode()) + times + said + status


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(tag: int, content: bytes) -> bytes:
    return bytes((tag,)) + _varint(len(content)) + content


@lru_cache(maxsize=4096)
def _key(key: str) -> bytes:
    return _field(0x0A, key.encode())


def _pair(key: str, value: Any) -> bytes:
    return _key(key) + _field(0x12, _any(value))


def _any(value: Any) -> bytes:
    if isinstance(value, str):
        return _field(0x0A, value.encode())
    if isinstance(value, bool):
        return b"\x10" + bytes((value,))
    if isinstance(value, int):
        return b"\x18" + _varint(value)
    if isinstance(value, float):
        return b"\x21" + struct.pack("<d", value)
    return _field(0x2A, b"".join(_field(0x0A, _any(item)) for item in value))


# --- JSON batches -------------------------------------------------------------------------------


def batch(group: Iterable[Trace], *, updates: bool = False) -> bytes:
    """A body of POST /api/public/ingestion; with `updates`, spans and generations are created, then completed."""
    events = [event for trace in group for event in _events(trace, updates)]
    return orjson.dumps({"batch": events, "metadata": {"batch_size": len(events), **JSON_METADATA}})


def _events(trace: Trace, updates: bool) -> list[dict[str, Any]]:
    trace_id, root = trace.id.hex(), trace.spans[0]
    body = {
        "id": trace_id,
        "timestamp": iso(trace.start),
        "name": trace.name,
        "userId": trace.user,
        "sessionId": trace.session or None,
        "tags": trace.tags,
        "metadata": trace.metadata,
        "environment": trace.environment,
        "release": trace.release,
        "input": root.input,
        "output": root.output,
    }
    events = [_event(f"{trace_id}-t", "trace-create", trace.start, body)]
    for span in trace.spans:
        events += _observation(trace, span, updates)
    for name, kind, value in trace.scores:
        score = {"id": f"{trace_id}-{name}", "traceId": trace_id, "name": name, "dataType": kind, "value": value}
        events.append(_event(f"{trace_id}-{name}-c", "score-create", trace.end, {**score, "environment": trace.environment}))
    return events


def _observation(trace: Trace, span: Span, updates: bool) -> list[dict[str, Any]]:
    id, kind = span.id.hex(), span.type.lower()
    owner = {"id": id, "traceId": trace.id.hex()}
    early = {
        **owner,
        "parentObservationId": span.parent.hex() or None,
        "name": span.name,
        "startTime": iso(span.start),
        "environment": trace.environment,
        "metadata": span.metadata,
        "input": span.input,
        "model": span.model or None,
        "modelParameters": span.parameters or None,
    }
    late = {"endTime": iso(span.end), "output": span.output, "level": span.level, "statusMessage": span.status or None}
    if span.usage:
        late["usageDetails"] = span.usage
    if span.first_token:
        late["completionStartTime"] = iso(span.first_token)
    if not updates or kind not in ("span", "generation"):
        return [_event(f"{id}-c", f"{kind}-create", span.end, early | late)]
    return [
        _event(f"{id}-c", f"{kind}-create", span.start, early),
        _event(f"{id}-u", f"{kind}-update", span.end, owner | late),
    ]


def _event(id: str, kind: str, at: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"id": id, "type": kind, "timestamp": iso(at), "body": body}
