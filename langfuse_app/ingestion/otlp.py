"""The two doors of OTLP ingestion: accepting an export in the web process, decoding it in a worker (spec/api.md §6).

Accepting reads only what routing needs; decoding gives the same span the same position, so that both speak of the same
events. Decoding the same bytes always gives the same changes.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from langfuse_app.ingestion.changes import Change, Rejected, Request
from langfuse_app.ingestion.mapping import map_span, observation
from langfuse_app.ingestion.span_scores import score_changes
from langfuse_app.ingestion.span_traces import TraceChanges
from langfuse_app.ingestion.spans import OtlpError, Span, bounded_id, json_spans, parse_json, parse_proto, proto_spans
from langfuse_app.ingestion.wellformed import check, outline

__all__ = ["OtlpError", "accept_export", "decode_export"]


class ExportAcceptance(NamedTuple):
    """The trace id of each span in document order, and when the last span ended (microseconds; 0 where that is not known)."""

    trace_ids: list[str]
    newest: int = 0


def accept_export(body: bytes, content: str) -> ExportAcceptance:
    """Where the spans go. OtlpError when the contract refuses the export as a whole.

    Exporters send spans as they end, so that the last one tells how old an export is.
    """
    if content == "otlp-json":
        return _accept_json(body)
    message = parse_proto(body)
    ids: list[str] = []
    end = 0
    for resource_spans in message.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            spans = scope_spans.spans
            ids += [bounded_id(span.trace_id.hex()) if span.span_id else "" for span in spans]
            end = spans[-1].end_time_unix_nano if spans else end
    if "" in ids:
        check(_proto_outline(message))
    return ExportAcceptance(ids, end // 1000)


def _proto_outline(message: Any) -> list[dict[str, Any]]:
    """The message as far as its form matters, in the form of OTLP/JSON."""
    return [
        {
            "scopeSpans": [
                {
                    "scope": {"name": scope_spans.scope.name},
                    "spans": [{"traceId": span.trace_id.hex(), "spanId": span.span_id.hex()} for span in scope_spans.spans],
                }
                for scope_spans in resource_spans.scope_spans
            ]
        }
        for resource_spans in message.resource_spans
    ]


def _accept_json(body: bytes) -> ExportAcceptance:
    try:
        ids, end = outline(body)
        return ExportAcceptance(ids, end // 1000)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # ids as bytes, broken UTF-8, too deep, or a form that has to be refused with its reasons
        resource_spans = parse_json(body)
    check(resource_spans)
    return ExportAcceptance([span.trace_id for span in json_spans(resource_spans, None)])


def decode_export(body: bytes, indexes: set[int] | None, request: Request) -> list[Change | Rejected]:
    """The changes of the spans at these positions, or of all: observations and scores in document order, then traces."""
    if request.content == "otlp-json":
        spans = json_spans(parse_json(body), indexes)
    else:
        spans = proto_spans(parse_proto(body), indexes)
    return _changes(spans, request)


def _changes(spans: Iterable[Span], request: Request) -> list[Change | Rejected]:
    changes: list[Change | Rejected] = []
    traces = TraceChanges(request)
    for span in spans:
        mapped = map_span(span, request)
        changes.append(observation(mapped, request))
        traces.add(mapped)
        if span.events:
            changes += score_changes(mapped, request)
    return changes + traces.result()
