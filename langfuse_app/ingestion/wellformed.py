"""The form of an OTLP/JSON export: a quick reading of the ids, and the refusal that names what is wrong (spec/api.md §6.1)."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, cast

import msgspec

from langfuse_app.ingestion.normalise import clean
from langfuse_app.ingestion.spans import OtlpError, bounded_id, id_bytes

_ARRAY, _NULL = ord("["), ord("n")  # what the JSON of an array, or of null, begins with
_ABSENT: Final = msgspec.Raw(b"null")
_MAX_SCOPES: Final = 5  # named in a refusal


class _Span(msgspec.Struct, rename="camel"):
    trace_id: str
    span_id: str
    parent_span_id: str | None = None
    end_time_unix_nano: msgspec.Raw = _ABSENT
    attributes: msgspec.Raw = _ABSENT
    events: msgspec.Raw = _ABSENT


class _ScopeSpans(msgspec.Struct, rename="camel"):
    spans: list[_Span] | None = None


class _ResourceSpans(msgspec.Struct, rename="camel"):
    scope_spans: list[_ScopeSpans] | None = None


class _Export(msgspec.Struct, rename="camel"):
    resource_spans: list[_ResourceSpans] | None = None


_decoder: Final = msgspec.json.Decoder(_Export)


def outline(body: bytes) -> tuple[list[str], int]:
    """The trace ids of a well-formed export with text ids, and the last span's end (nanoseconds, 0 unknown).

    DecodeError when it is anything else.
    """
    spans = [
        span
        for resource_spans in _decoder.decode(body).resource_spans or ()
        for scope_spans in resource_spans.scope_spans or ()
        for span in scope_spans.spans or ()
    ]
    return [_trace_id(span) for span in spans], _nanoseconds(spans[-1].end_time_unix_nano) if spans else 0


def _nanoseconds(raw: msgspec.Raw) -> int:
    digits = bytes(raw).strip(b'"')
    return int(digits) if digits.isdigit() and len(digits) < 20 else 0


def _trace_id(span: _Span) -> str:
    if not span.trace_id or not span.span_id or not _is_array(span.attributes) or not _is_array(span.events):
        raise msgspec.DecodeError("the careful reading says what is wrong")
    return bounded_id(clean(span.trace_id))


def _is_array(raw: msgspec.Raw) -> bool:
    return memoryview(raw)[0] in (_ARRAY, _NULL)


class _Findings:
    """What is wrong where, as far as it was read."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.scopes: dict[str, None] = {}
        self.spans = 0

    def note(self, scope: str, reason: str) -> None:
        self.reasons[reason] += 1
        self.scopes[scope or "unknown"] = None

    def objects(self, value: object, name: str, scope: str = "") -> Iterator[dict[str, Any]]:
        """The objects of an array; absent is empty, all else is noted."""
        if value is not None and not isinstance(value, list):
            self.note(scope, f"{name} is not an array")
            return
        for item in cast("list[object]", value or []):
            if isinstance(item, dict):
                yield cast("dict[str, Any]", item)
            else:
                self.note(scope, f"{name} holds something else than objects")


def check(resource_spans: object) -> None:
    """OtlpError when a part is no array or a span has no proper ids; the text counts reasons and names scopes."""
    found = _Findings()
    for entry in found.objects(resource_spans, "resourceSpans"):
        for group in found.objects(entry.get("scopeSpans"), "scopeSpans"):
            scope = group.get("scope")
            name = str(cast("dict[str, Any]", scope).get("name") or "") if isinstance(scope, dict) else ""
            for span in found.objects(group.get("spans"), "spans", name):
                found.spans += 1
                _check_span(span, name, found)
    if found.reasons:
        told = ", ".join(f"{reason} ({times} times)" if times > 1 else reason for reason, times in found.reasons.items())
        scopes = ", ".join(list(found.scopes)[:_MAX_SCOPES])
        raise OtlpError(f"Invalid OTLP trace export: {told}; {found.spans} spans read; scopes: {scopes}")


def _check_span(span: dict[str, Any], scope: str, found: _Findings) -> None:
    for name in ("traceId", "spanId"):
        if not _is_id(span.get(name)):
            found.note(scope, f"{name} is {'missing' if span.get(name) in (None, '') else 'no string or byte array'}")
    parent = span.get("parentSpanId")
    if parent not in (None, "") and not _is_id(parent):
        found.note(scope, "parentSpanId is no string or byte array")
    for name in ("attributes", "events"):
        if span.get(name) is not None and not isinstance(span[name], list):
            found.note(scope, f"{name} is not an array")


def _is_id(value: object) -> bool:
    return bool(value) if isinstance(value, str) else id_bytes(value) is not None
