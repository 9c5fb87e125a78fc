"""OTLP requests as spans: the walk over protobuf messages and over OTLP/JSON (spec/api.md §6.1, §6.2).

Two encodings, one result: `Span` with plain Python values. Nothing here knows what an attribute means.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, Final, cast

import msgspec
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from langfuse_app.core.errors import AppError
from langfuse_app.ingestion.attributes import Slots, from_json, from_proto, int64, plain_json, plain_proto
from langfuse_app.ingestion.normalise import MAX_ID, clean, json_text, raw_value, text

# Newer GenAI instrumentations send messages as structures instead of JSON text; these attributes keep their structure.
STRUCTURED: Final = frozenset(
    {
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.tool.definitions",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
        "gen_ai.retrieval.documents",
    }
)
ERROR: Final = 2  # the status code of a failed span
RESOURCE_COLUMNS: Final = {
    "service.name": "service_name",
    "service.version": "service_version",
    "telemetry.sdk.language": "telemetry_sdk_language",
    "telemetry.sdk.name": "telemetry_sdk_name",
    "telemetry.sdk.version": "telemetry_sdk_version",
}


class OtlpError(AppError):
    """400: the whole export is refused; `message` is the text of the contract (spec/api.md §6.1)."""

    status = 400
    name = "InvalidRequestError"

    def body(self) -> dict[str, Any]:
        """The JSON body, which on this route holds nothing but the text."""
        return {"error": self.message}


class Origin(msgspec.Struct, gc=False):
    """A resource or scope: its attributes, and their JSON texts made once for all of its spans."""

    attributes: dict[str, Any]
    name: str = ""
    version: str = ""
    text: str = ""  # what metadata shows of it
    columns: dict[str, str] = {}  # what every span's row says of it
    leaves: dict[str, str] = {}  # what the metadata of a trace says of it, leaf by leaf; filled at first use

    def get(self, key: str) -> str:
        """An attribute as text, '' when absent."""
        return text(self.attributes.get(key))


class SpanEvent(msgspec.Struct, gc=False):
    """An event within a span; time in nanoseconds, 0 when not stated."""

    name: str
    time: int
    attributes: dict[str, Any]


class Span(msgspec.Struct, gc=False):
    """One span as it was sent: ids as text, times in nanoseconds (0 = not stated), attributes as plain values."""

    index: int  # position in the request
    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start: int
    end: int
    kind: int
    status_code: int
    status_message: str
    attributes: dict[str, Any]
    events: list[SpanEvent]
    links: list[dict[str, Any]]
    resource: Origin
    scope: Origin
    slots: Slots | None = None  # what is left for rebuilding indexed attributes, made at first use


def clean_keys(attributes: dict[str, Any]) -> dict[str, Any]:
    """The same attributes under keys that every store can hold."""
    return {clean(key): value for key, value in attributes.items()}


def resource_origin(attributes: dict[str, Any]) -> Origin:
    """A resource with the text that becomes `metadata.resourceAttributes`."""
    attributes = clean_keys(attributes)
    columns = {column: text(attributes.get(key)) for key, column in RESOURCE_COLUMNS.items()}
    return Origin(attributes, text=json_text(attributes), columns=columns)


def scope_origin(name: str, version: str, attributes: dict[str, Any]) -> Origin:
    """A scope with the text that becomes `metadata.scope`."""
    attributes = clean_keys(attributes)
    shown = {"name": name, "version": version, "attributes": attributes}
    told = json_text({key: value for key, value in shown.items() if value != ""})
    return Origin(attributes, name, version, told, {"scope_name": name, "scope_version": version})


# Protobuf


def parse_proto(body: bytes) -> ExportTraceServiceRequest:
    """The request message of a protobuf body; OtlpError when it is none."""
    try:
        return ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise OtlpError("Failed to parse OTel Protobuf Trace") from error


def proto_spans(message: ExportTraceServiceRequest, wanted: set[int] | None) -> Iterator[Span]:
    """The spans of a request in document order; only those whose position is wanted, or all."""
    index = -1
    for resource_spans in message.resource_spans:
        resource = resource_origin(_proto_attributes(resource_spans.resource.attributes))
        for scope_spans in resource_spans.scope_spans:
            found = scope_spans.scope
            scope = scope_origin(clean(found.name), clean(found.version), _proto_attributes(found.attributes))
            for span in scope_spans.spans:
                index += 1
                if wanted is None or index in wanted:
                    yield _proto_span(index, span, resource, scope)


def _proto_span(index: int, span: Any, resource: Origin, scope: Origin) -> Span:
    status = span.status
    return Span(
        index,
        bounded_id(span.trace_id.hex()),
        bounded_id(span.span_id.hex()),
        bounded_id(span.parent_span_id.hex()),
        clean(span.name),
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        span.kind,
        status.code,
        clean(status.message),
        _proto_attributes(span.attributes),
        [_proto_event(event) for event in span.events],
        [_proto_link(link) for link in span.links],
        resource,
        scope,
    )


def _proto_event(event: Any) -> SpanEvent:
    return SpanEvent(clean(event.name), event.time_unix_nano, clean_keys(_proto_attributes(event.attributes)))


def _proto_link(link: Any) -> dict[str, Any]:
    found = {"traceId": bounded_id(link.trace_id.hex()), "spanId": bounded_id(link.span_id.hex())}
    attributes = _proto_attributes(link.attributes)
    return {**found, "attributes": attributes} if attributes else found


def _proto_attributes(pairs: Any) -> dict[str, Any]:
    """Keys to values; the last of equal keys stands, unset values are left out. The hottest loop of the decoder."""
    found: dict[str, Any] = {}
    for pair in pairs:
        key, value = pair.key, pair.value
        string = value.string_value  # most values are strings: asked first, which saves the question for the kind
        if string:
            found[key] = string if "\x00" not in string else clean(string)
        else:
            _keep(found, key, _structured(plain_proto(value)) if key in STRUCTURED else from_proto(value))
    return found


def _structured(value: Any) -> Any:
    """A structure as the JSON text that older instrumentations send; scalars as they are."""
    return json_text(value) if isinstance(value, dict | list) else value


def _keep(found: dict[str, Any], key: str, value: Any) -> None:
    if value is not None:
        found[key] = value


# OTLP/JSON


def parse_json(body: bytes) -> Any:
    """The resourceSpans of an OTLP/JSON body, whatever they are; OtlpError when the body is no JSON object."""
    try:
        document = raw_value(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OtlpError("Failed to parse OTel JSON Trace") from error
    if not isinstance(document, dict):
        raise OtlpError("Failed to parse OTel JSON Trace")
    return cast("dict[str, Any]", document).get("resourceSpans")


def json_spans(resource_spans: Any, wanted: set[int] | None) -> Iterator[Span]:
    """As `proto_spans`, over the resourceSpans of a document that was accepted."""
    index = -1
    for entry in _objects(resource_spans):
        resource = resource_origin(_json_attributes(_object(entry.get("resource")).get("attributes")))
        for scope_spans in _objects(entry.get("scopeSpans")):
            found = _object(scope_spans.get("scope"))
            attributes = _json_attributes(found.get("attributes"))
            scope = scope_origin(text(found.get("name")), text(found.get("version")), attributes)
            for span in _objects(scope_spans.get("spans")):
                index += 1
                if wanted is None or index in wanted:
                    yield _json_span(index, span, resource, scope)


def _json_span(index: int, span: dict[str, Any], resource: Origin, scope: Origin) -> Span:
    status = _object(span.get("status"))
    return Span(
        index,
        id_text(span.get("traceId")),
        id_text(span.get("spanId")),
        id_text(span.get("parentSpanId")),
        text(span.get("name")),
        int64(span.get("startTimeUnixNano")) or 0,
        int64(span.get("endTimeUnixNano")) or 0,
        _enum(span.get("kind"), _KINDS),
        _enum(status.get("code"), _STATUS_CODES),
        text(status.get("message")),
        _json_attributes(span.get("attributes")),
        [_json_event(event) for event in _objects(span.get("events"))],
        [_json_link(link) for link in _objects(span.get("links"))],
        resource,
        scope,
    )


def _json_event(event: dict[str, Any]) -> SpanEvent:
    time = int64(event.get("timeUnixNano")) or 0
    return SpanEvent(text(event.get("name")), time, clean_keys(_json_attributes(event.get("attributes"))))


def _json_link(link: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"traceId": id_text(link.get("traceId")), "spanId": id_text(link.get("spanId"))}
    attributes = _json_attributes(link.get("attributes"))
    return {**found, "attributes": attributes} if attributes else found


def _json_attributes(pairs: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in _objects(pairs):
        key = pair.get("key")
        if isinstance(key, str):
            value = pair.get("value")
            _keep(found, key, _structured(plain_json(value)) if key in STRUCTURED else from_json(value))
    return found


def _objects(values: object) -> list[dict[str, Any]]:
    """The objects of an array; nothing for anything else."""
    items = cast("list[object]", values) if isinstance(values, list) else []
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


_KINDS: Final = {
    f"SPAN_KIND_{name}": number for number, name in enumerate(("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"))
}
_STATUS_CODES: Final = {f"STATUS_CODE_{name}": number for number, name in enumerate(("UNSET", "OK", "ERROR"))}


def _enum(value: object, names: dict[str, int]) -> int:
    """An enum as number, decimal text or name; 0 for anything else."""
    if isinstance(value, str) and value in names:
        return names[value]
    return int64(value) or 0


def id_text(value: object) -> str:
    """A trace or span id: strings verbatim, byte arrays as lower-case hex, '' when it is neither; bounded."""
    if isinstance(value, str):
        return bounded_id(clean(value))
    octets = id_bytes(value)
    return "" if octets is None else bounded_id(octets.hex())


def bounded_id(text: str) -> str:
    """The id; of one beyond MAX_ID its SHA-256, so that what has one id stays together."""
    return text if len(text) <= MAX_ID else hashlib.sha256(text.encode()).hexdigest()


def id_bytes(value: object) -> bytes | None:
    """The bytes of a JSON byte array: [1, 2] or {"type": "Buffer", "data": [1, 2]}; None when it is neither."""
    if isinstance(value, dict):
        value = cast("dict[str, Any]", value).get("data")
    if not isinstance(value, list):
        return None
    octets = cast("list[object]", value)
    if not octets or not all(type(octet) is int and 0 <= octet <= 255 for octet in octets):
        return None
    return bytes(cast("list[int]", octets))
