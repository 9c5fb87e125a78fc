"""OTLP exports for tests: spans written briefly, encoded as JSON or protobuf, decoded into rows."""

import base64
import json
from collections.abc import Callable
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from langfuse_app.ingestion.changes import Change, Rejected, Request
from langfuse_app.ingestion.merge import merge_observation, merge_trace
from langfuse_app.ingestion.otlp import decode_export
from langfuse_app.ingestion.rows import ObservationRow, TraceRow

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"
START = 1_764_028_800_000_000_000  # ns, 2025-11-25T00:00:00Z
SECOND = 1_000_000_000
RECEIVED = START // 1000 + 60_000_000  # µs


def request(content: str = "otlp-json", **changes: Any) -> Request:
    known = {"request_id": "req-1", "project_id": "proj-1", "received_at": RECEIVED, "public_key": "pk-lf-1"}
    return Request(content=content, **(known | changes))  # pyright: ignore[reportArgumentType]


def any_value(value: Any) -> dict[str, Any]:
    """An OTLP/JSON AnyValue of a plain value; a dict is taken as AnyValue already."""
    if isinstance(value, dict):
        return value
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": value}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(item) for item in value]}}
    return {"stringValue": value}


def pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": any_value(value)} for key, value in attributes.items()]


def span(attributes: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A root span of one second; keywords are OTLP/JSON members, `events` a list of {name, attributes}."""
    found: dict[str, Any] = {
        "traceId": TRACE_ID,
        "spanId": SPAN_ID,
        "name": "span",
        "kind": 1,
        "startTimeUnixNano": str(START),
        "endTimeUnixNano": str(START + SECOND),
        "attributes": pairs(attributes or {}),
        "status": {},
    }
    if "events" in changes:
        changes["events"] = [
            {"name": e["name"], "timeUnixNano": str(START + SECOND // 2), "attributes": pairs(e.get("attributes", {}))}
            for e in changes["events"]
        ]
    return found | changes


def export(*spans: dict[str, Any], scope: str | dict[str, Any] = "test", resource: dict[str, Any] | None = None) -> dict[str, Any]:
    scope = {"name": scope} if isinstance(scope, str) else {**scope, "attributes": pairs(scope.get("attributes", {}))}
    return {"resourceSpans": [{"resource": {"attributes": pairs(resource or {})}, "scopeSpans": [{"scope": scope, "spans": list(spans)}]}]}


def encode(document: Any) -> bytes:
    return json.dumps(document).encode()


def encode_proto(document: dict[str, Any]) -> bytes:
    """The same export as protobuf."""
    message = ExportTraceServiceRequest()
    for entry in document["resourceSpans"]:
        into = message.resource_spans.add()
        into.resource.attributes.extend(_pairs(entry.get("resource", {}).get("attributes", [])))
        for group in entry["scopeSpans"]:
            scope_spans, scope = into.scope_spans.add(), group.get("scope", {})
            scope_spans.scope.name, scope_spans.scope.version = scope.get("name", ""), scope.get("version", "")
            scope_spans.scope.attributes.extend(_pairs(scope.get("attributes", [])))
            for each in group["spans"]:
                _span(scope_spans.spans.add(), each)
    return message.SerializeToString()


def _span(into: Any, source: dict[str, Any]) -> None:
    into.trace_id, into.span_id = bytes.fromhex(source["traceId"]), bytes.fromhex(source["spanId"])
    into.parent_span_id = bytes.fromhex(source.get("parentSpanId", ""))
    into.name, into.kind = source["name"], source.get("kind", 0)
    into.start_time_unix_nano = int(source.get("startTimeUnixNano", 0))
    into.end_time_unix_nano = int(source.get("endTimeUnixNano", 0))
    into.status.code, into.status.message = source["status"].get("code", 0), source["status"].get("message", "")
    into.attributes.extend(_pairs(source["attributes"]))
    for event in source.get("events", []):
        into.events.add(name=event["name"], time_unix_nano=int(event["timeUnixNano"]), attributes=_pairs(event["attributes"]))


def _pairs(values: list[dict[str, Any]]) -> list[KeyValue]:
    return [KeyValue(key=pair["key"], value=_proto_value(pair["value"])) for pair in values]


def _proto_value(value: dict[str, Any]) -> AnyValue:
    made, ((kind, held),) = AnyValue(), value.items() or (("", None),)
    simple: dict[str, Callable[[Any], None]] = {
        "stringValue": lambda v: setattr(made, "string_value", v),
        "boolValue": lambda v: setattr(made, "bool_value", v),
        "intValue": lambda v: setattr(made, "int_value", int(v)),
        "doubleValue": lambda v: setattr(made, "double_value", float(v)),
        "bytesValue": lambda v: setattr(made, "bytes_value", base64.b64decode(v)),
        "arrayValue": lambda v: made.array_value.values.extend(_proto_value(item) for item in v["values"]),
        "kvlistValue": lambda v: made.kvlist_value.values.extend(_pairs(v["values"])),
    }
    simple[kind](held)
    return made


def decode(document: dict[str, Any], **changes: Any) -> list[Change]:
    """The changes of an export, after both encodings were found to give the same."""
    from_json = decode_export(encode(document), None, request(**changes))
    from_proto = decode_export(encode_proto(document), None, request("otlp-protobuf", **changes))
    assert [_said(c) for c in from_json] == [_said(c) for c in from_proto]
    assert not [change for change in from_json if isinstance(change, Rejected)]
    return [change for change in from_json if isinstance(change, Change)]


def _said(change: Change | Rejected) -> Any:
    assert isinstance(change, Change)
    return change.kind, change.id, change.clock, change.fields, change.first, change.metadata, change.tags, change.notes


def rows(changes: list[Change]) -> tuple[dict[str, ObservationRow], dict[str, TraceRow]]:
    """Observations by span id and traces by id, merged as the worker does it with one batch."""
    grouped: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        grouped.setdefault((change.kind, change.id), []).append(change)
    observations = {id: merge_observation(None, said) for (kind, id), said in grouped.items() if kind == "observation"}
    traces = {id: merge_trace(None, said) for (kind, id), said in grouped.items() if kind == "trace"}
    return {id: row for id, row in observations.items() if row}, {id: row for id, row in traces.items() if row}


def observe(attributes: dict[str, Any] | None = None, *, scope: Any = "test", resource: Any = None, **changes: Any) -> ObservationRow:
    """The row of one span."""
    observations, _ = rows(decode(export(span(attributes, **changes), scope=scope, resource=resource)))
    return next(iter(observations.values()))
