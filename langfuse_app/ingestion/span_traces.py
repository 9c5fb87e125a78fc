"""How traces come to be from spans (spec/api.md §6.10; architecture §4).

A span says up to three things about its trace, with different authority:
- stated (rank 1): trace attributes that the span carries, the same on every span of a trace as a rule;
- derived (rank 0): what a root span's own name, payloads and metadata make of the trace when nothing states them. The root
  of a process whose parent was never sent (`is_app_root`) derives with rank -1, so that a true root wins;
- a sighting: that the trace was there at the span's start. Its clock is the start, so the earliest span wins, and the
  trace's timestamp is its first start however the spans are split and ordered.
"""

from typing import Any, Final

from langfuse_app.ingestion.attributes import json_value, parse_object, truth
from langfuse_app.ingestion.changes import Change, Clock, Request
from langfuse_app.ingestion.conventions.engine import first
from langfuse_app.ingestion.conventions.langfuse import AS_ROOT
from langfuse_app.ingestion.mapping import Mapped
from langfuse_app.ingestion.normalise import metadata_leaves, text

STATED: Final = 1
DERIVED: Final = 0
DERIVED_BY_APP_ROOT: Final = -1


def trace_changes(mapped: Mapped, request: Request) -> list[Change]:
    """The stated and the derived change, as far as the span makes them; the sighting is made per trace and request."""
    changes: list[Change] = []
    is_root = not mapped.span.parent_id or truth(mapped.span.attributes.get(AS_ROOT))
    if mapped.plan.speaks_for_trace or is_root:
        fields = _stated(mapped, speaks=mapped.plan.speaks_for_trace, is_root=is_root)
        metadata = _trace_metadata(mapped)
        if fields or metadata or mapped.tags:
            changes.append(_change(mapped, request, STATED, fields, metadata, list(mapped.tags)))
    if is_root or mapped.is_app_root:
        rank = DERIVED if is_root else DERIVED_BY_APP_ROOT
        changes.append(_change(mapped, request, rank, _derived(mapped), _root_metadata(mapped), []))
    elif mapped.session_id and not mapped.plan.speaks_for_trace:
        changes.append(_change(mapped, request, DERIVED_BY_APP_ROOT, {"session_id": mapped.session_id}, {}, []))
    return changes


def sighting(mapped: Mapped, request: Request) -> Change:
    """That the trace was there when the span began."""
    change = _change(mapped, request, DERIVED, {}, {}, [])
    change.clock = Clock(DERIVED, mapped.start, 0, mapped.span.span_id)
    change.first = {"timestamp": mapped.start, "environment": mapped.environment}
    return change


def _change(mapped: Mapped, request: Request, rank: int, fields: dict[str, Any], metadata: dict[str, str], tags: list[str]) -> Change:
    span = mapped.span
    if fields:
        fields["source"] = "otel"
    return Change(
        "trace", span.trace_id, span.trace_id, mapped.clock(rank), span.span_id, span.index, request,
        fields, {}, metadata, tags,
    )  # fmt: skip


def _stated(mapped: Mapped, *, speaks: bool, is_root: bool) -> dict[str, Any]:
    """Columns the span states for the trace; version and release are the trace's when the span speaks for it at all."""
    span, plan = mapped.span, mapped.plan
    values: dict[str, Any] = {
        "version": mapped.version if is_root or speaks else "",
        "release": mapped.release,
        "user_id": mapped.user_id,
        "session_id": mapped.session_id,
        "name": text(first(plan.trace_name, span)),
        "input": text(first(plan.trace_input, span)),
        "output": text(first(plan.trace_output, span)),
    }
    fields = {column: value for column, value in values.items() if value}
    if mapped.public is not None:
        fields["public"] = mapped.public
    return fields


def _derived(mapped: Mapped) -> dict[str, Any]:
    values = {"name": mapped.name, "input": mapped.input, "output": mapped.output}
    return {column: value for column, value in values.items() if value}


def _trace_metadata(mapped: Mapped) -> dict[str, str]:
    values = _members(mapped, mapped.plan.trace_metadata)
    return metadata_leaves(values) if values else {}


def _root_metadata(mapped: Mapped) -> dict[str, str]:
    """The root's own metadata with what is known of resource and scope."""
    span, plan = mapped.span, mapped.plan
    values: dict[str, Any] = {}
    if plan.shown:
        values["attributes"] = {key: text(span.attributes[key]) for key in plan.shown}
    values["resourceAttributes"] = span.resource.attributes
    values["scope"] = json_value(span.scope.text)
    values.update(_members(mapped, plan.metadata))
    values.update(mapped.originals)
    return metadata_leaves(values)


def _members(mapped: Mapped, members: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Metadata values by key, JSON texts as what they mean, so that they merge leaf by leaf."""
    attributes = mapped.span.attributes
    values: dict[str, Any] = {}
    for key, member in members:
        if member:
            values[member] = json_value(attributes[key])
        else:
            values.update(parse_object(attributes[key]) or {})
    return values
