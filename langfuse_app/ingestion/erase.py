"""Bodies of requests without some of their events: what a deletion leaves of the raw log.

A JSON event becomes `null`, because the ids of its neighbours may be derived from their places. Spans always bring ids,
so a span is taken out and the following ones move up.
"""

from collections.abc import Iterator

import msgspec

from langfuse_app.ingestion.changes import Change, Rejected, Request
from langfuse_app.ingestion.json_events import decode_batch
from langfuse_app.ingestion.spans import bounded_id, json_spans, parse_json, parse_proto

_parts = msgspec.json.Decoder(msgspec.defstruct("Parts", [("batch", list[msgspec.Raw])])).decode

Routes = dict[int, list[int]]


def named(body: bytes, request: Request) -> Iterator[tuple[int, str, str]]:
    """Place of an event, kind and id of a trace, score or dataset run that it speaks of, for all events.

    Of spans only the trace is read: a score within a span goes with its span, until then `deleted_objects` keeps it away.
    """
    if request.content == "json":
        for result in decode_batch(body, None, request):
            yield from ((result.index, kind, id) for kind, id in _objects(result) if id)
    else:
        yield from ((place, "trace", id) for place, id in enumerate(_trace_ids(body, request.content)))


def _objects(result: Change | Rejected) -> Iterator[tuple[str, str]]:
    if isinstance(result, Rejected):
        yield result.kind, result.entity_id
        return
    yield "trace", result.trace_id
    yield result.kind, result.id
    yield "dataset_run", result.fields.get("dataset_run_id") or result.first.get("dataset_run_id") or ""


def _trace_ids(body: bytes, content: str) -> Iterator[str]:
    if content == "otlp-json":
        yield from (span.trace_id for span in json_spans(parse_json(body), None))
        return
    for resource_spans in parse_proto(body).resource_spans:
        for scope_spans in resource_spans.scope_spans:
            yield from (bounded_id(span.trace_id.hex()) for span in scope_spans.spans)


def without(body: bytes, content: str, places: set[int], routes: Routes) -> tuple[bytes, Routes]:
    """The body without the events at those places, and the routes of the rest."""
    if content == "json":
        batch: list[msgspec.Raw] = _parts(body).batch  # pyright: ignore[reportAttributeAccessIssue] - the struct above
        kept = [b"null" if place in places else bytes(event) for place, event in enumerate(batch)]
        return b'{"batch":[' + b",".join(kept) + b"]}", _kept(routes, places, moving=False)
    stripped = _json_export(body, places) if content == "otlp-json" else _proto_export(body, places)
    return stripped, _kept(routes, places, moving=True)


def _kept(routes: Routes, places: set[int], *, moving: bool) -> Routes:
    """Routes of what stays; spans move up by the number of those taken out before them."""
    gone = sorted(places)

    def moved(place: int) -> int:
        return place - sum(other < place for other in gone) if moving else place

    left = {shard: [moved(place) for place in its if place not in places] for shard, its in routes.items()}
    return {shard: its for shard, its in left.items() if its}


def _json_export(body: bytes, places: set[int]) -> bytes:
    export = parse_json(body)
    place = 0
    for resource_spans in export:
        for scope_spans in resource_spans.get("scopeSpans") or []:
            spans = scope_spans.get("spans") or []
            scope_spans["spans"] = [span for number, span in enumerate(spans, place) if number not in places]
            place += len(spans)
    return msgspec.json.encode({"resourceSpans": export})


def _proto_export(body: bytes, places: set[int]) -> bytes:
    message = parse_proto(body)
    place = 0
    for resource_spans in message.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            count = len(scope_spans.spans)
            for number in range(count - 1, -1, -1):
                if place + number in places:
                    del scope_spans.spans[number]
            place += count
    return message.SerializeToString()
