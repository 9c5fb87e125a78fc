"""A span → what it says about its observation, its trace and its scores (spec/api.md §6.3–6.10).

The conventions' tables decide where a value comes from; here values become columns.
"""

from functools import lru_cache
from typing import Any, Final

import msgspec

from langfuse_app.core.time import EARLIEST_US, from_us
from langfuse_app.ingestion import tools
from langfuse_app.ingestion.attributes import json_value, metadata_text, parse_object, truth
from langfuse_app.ingestion.changes import Change, Clock, Request
from langfuse_app.ingestion.conventions.engine import Plan, explicit, first, first_text, plan_for, summarises
from langfuse_app.ingestion.conventions.langfuse import (
    ENVIRONMENT_KEYS,
    IS_APP_ROOT,
    RELEASE_KEYS,
    VERSION_KEYS,
    experiment_version,
)
from langfuse_app.ingestion.conventions.register import MAPPING_VERSION
from langfuse_app.ingestion.normalise import (
    DEFAULT_ENVIRONMENT,
    clamp,
    costs,
    environment,
    json_text,
    metadata_map,
    model_parameters,
    tags,
    text,
)
from langfuse_app.ingestion.spans import ERROR, Origin, Span, SpanEvent
from langfuse_app.ingestion.usage import usage_details

# A value at least this long is not kept twice: raw_attributes refers to the column that has it.
_WORTH_A_REFERENCE: Final = 48
_MAX_CACHED: Final = 2_048  # characters of a text that is worth remembering
_EXPERIMENT_TIMES: Final = frozenset({"experiment_item_version"})


class Mapped(msgspec.Struct, gc=False):
    """What was read from one span; times in microseconds, already clamped."""

    span: Span
    plan: Plan
    type: str
    name: str
    start: int
    end: int
    environment: str
    release: str
    version: str
    trace_name: str
    user_id: str
    session_id: str
    tags: list[str]
    public: bool | None  # None: the span does not say
    input: str
    output: str
    is_app_root: bool
    notes: list[str]
    originals: dict[str, str]  # metadata that keeps what was clamped

    def clock(self, rank: int) -> Clock:
        """When the span said so: at its end."""
        return Clock(rank, self.end, 0, self.span.span_id)


def map_span(span: Span, request: Request) -> Mapped:
    """Reads a span by the tables of the conventions."""
    plan = plan_for(span)
    attributes = span.attributes
    notes: list[str] = []
    originals: dict[str, str] = {}
    start, end = _times(span, request.received_at, notes, originals)
    return Mapped(
        span,
        plan,
        first(plan.type, span) or "SPAN",
        (first_text(plan.observation_name, span) or span.name) if plan.observation_name else span.name,
        start,
        end,
        _environment(attributes, span.resource),
        _stated(RELEASE_KEYS, attributes, span.resource),
        _stated(VERSION_KEYS, attributes, span.resource),
        first_text(plan.trace_name, span),
        first_text(plan.user_id, span),
        first_text(plan.session_id, span),
        _tags(first(plan.tags, span)) if plan.tags else [],
        first(plan.public, span) if plan.public else None,
        first_text(plan.input, span),
        first_text(plan.output, span),
        truth(attributes.get(IS_APP_ROOT)),
        notes,
        originals,
    )


def _times(span: Span, received_at: int, notes: list[str], originals: dict[str, str]) -> tuple[int, int]:
    """Start and end in microseconds: a missing edge is the other one, both missing are the time of receipt."""
    if not span.start and not span.end:
        return received_at, received_at
    start, end = (span.start or span.end) // 1000, (span.end or span.start) // 1000
    if not EARLIEST_US <= start <= end <= received_at:
        start = _clamped("start_time", start, received_at, notes, originals)
        end = _clamped("end_time", end, received_at, notes, originals)
    return start, max(start, end)


def _clamped(column: str, us: int, received_at: int, notes: list[str], originals: dict[str, str]) -> int:
    moved, was_moved = clamp(us, received_at)
    if was_moved:
        original = from_us(us).isoformat()
        notes.append(f"clamped {column} {original}")
        originals[f"original_{column}"] = original
    return moved


_cached_environment = lru_cache(maxsize=1_024)(environment)


def _environment(attributes: dict[str, Any], resource: Origin) -> str:
    for key in ENVIRONMENT_KEYS:
        for held in (attributes, resource.attributes):
            value = held.get(key)
            if isinstance(value, str) and value:
                return _cached_environment(value)
    return DEFAULT_ENVIRONMENT


def _stated(keys: tuple[str, str], attributes: dict[str, Any], resource: Origin) -> str:
    value = attributes.get(keys[0])
    return text(value if value not in (None, "") else resource.attributes.get(keys[1]))


def _tags(value: object) -> list[str]:
    """Tags from a list, a JSON array, text with commas, or one text."""
    if isinstance(value, str):
        parsed = json_value(value) if value.startswith("[") else value
        if isinstance(parsed, str):
            parsed = [part.strip() for part in parsed.split(",")]
        value = parsed
    return tags(value)


# The observation


def observation(mapped: Mapped, request: Request) -> Change:
    """The whole observation row that the span is."""
    span, plan = mapped.span, mapped.plan
    joined = tools.join(mapped.input, first(plan.tools, span)) if plan.tools else tools.Joined(mapped.input, "")
    references: dict[str, dict[str, str]] = {}
    fields = _columns(mapped, request)
    fields["input"] = joined.text
    fields["metadata"] = _metadata(mapped, references, tools_moved=joined.text is not mapped.input)
    _add_model(fields, mapped)
    _add_tools(fields, mapped)
    if plan.experiment or plan.experiment_metadata:
        _add_experiment(fields, mapped)
    raw = fields["raw_attributes"] = _raw(mapped, joined.place, references)
    size = fields["event_bytes"] = len(raw) + len(joined.text) + len(mapped.output)
    return Change(
        "observation", span.span_id, span.trace_id, mapped.clock(1), span.span_id, span.index, request,
        fields, {}, {}, [], True, size, mapped.notes,
    )  # fmt: skip


def _columns(mapped: Mapped, request: Request) -> dict[str, Any]:
    """The columns that are a value of the span, its resource, its scope or its request."""
    span, plan = mapped.span, mapped.plan
    return {
        "type": mapped.type,
        "parent_observation_id": span.parent_id,
        "start_time": mapped.start,
        "end_time": mapped.end,
        "name": mapped.name,
        "environment": mapped.environment,
        "version": mapped.version,
        "release": mapped.release,
        "level": first(plan.level, span) or "DEFAULT",
        "status_message": first_text(plan.status_message, span),
        "is_app_root": mapped.is_app_root,
        "trace_name": mapped.trace_name,
        "user_id": mapped.user_id,
        "session_id": mapped.session_id,
        "tags": list(mapped.tags),
        "public": mapped.public is True,
        "output": mapped.output,
        "source": "otel",
        "ingestion_api_key": request.public_key,
        "ingestion_sdk_name": request.sdk_name or "unknown",
        "ingestion_sdk_version": request.sdk_version or "unknown",
        "convention": plan.convention,
        "mapping_version": MAPPING_VERSION,
        "request_id": request.request_id,
        "received_at": request.received_at,
        **span.resource.columns,
        **span.scope.columns,
    }


def _metadata(mapped: Mapped, references: dict[str, dict[str, str]], *, tools_moved: bool) -> dict[str, str]:
    """What is left of the attributes, resource and scope, overlaid by the metadata of observation and trace.

    references gets the attributes that stand in the result verbatim and are long.
    """
    span, plan, attributes = mapped.span, mapped.plan, mapped.span.attributes
    found: dict[str, str] = {"attributes": json_text(_remaining(mapped))} if plan.shown else {}
    found["resourceAttributes"] = span.resource.text
    found["scope"] = span.scope.text
    for key, member in plan.members:
        value = attributes[key]
        if member == "tools" and tools_moved:
            continue
        if not member:
            found.update(metadata_map(parse_object(value)))
        elif type(value) is not str or value[:1] == '"':
            found[member] = metadata_text(value)
        else:
            found[member] = value
            if len(value) >= _WORTH_A_REFERENCE:
                references[key] = {"$": f"metadata.{member}"}
    return {**found, **mapped.originals} if mapped.originals else found


def _remaining(mapped: Mapped) -> dict[str, str]:
    attributes = mapped.span.attributes
    shown = {key: text(attributes[key]) for key in mapped.plan.shown}
    for key, member in mapped.plan.trimmed:
        whole = parse_object(attributes[key])
        if whole is not None:
            shown[key] = json_text({name: value for name, value in whole.items() if name != member})
    return shown


def _add_model(fields: dict[str, Any], mapped: Mapped) -> None:
    """Model, parameters, usage and cost. A span that repeats its children's figures counts only what is explicit."""
    span, plan = mapped.span, mapped.plan
    model, usage, cost = plan.model, plan.usage, plan.cost
    if (plan.summaries or plan.summary) and summarises(plan, span):
        model, usage, cost = explicit(model), explicit(usage), explicit(cost)
    if model:
        fields["provided_model_name"] = first_text(model, span)
    if plan.model_parameters:
        fields["model_parameters"] = _parameters(first(plan.model_parameters, span))
    if usage:
        fields["provided_usage_details"] = usage_details(first(usage, span) or {})
    if cost:
        fields["provided_cost_details"] = costs(first(cost, span) or {})
    if plan.completion_start:
        fields["completion_start_time"] = _completion_start(mapped)
    if plan.prompt and mapped.type == "GENERATION":
        link = first(plan.prompt, span)
        if link is not None:
            fields["prompt_name"], fields["prompt_version"] = link


def _parameters(value: object) -> str:
    if isinstance(value, str):
        return (_cached_parameters if len(value) <= _MAX_CACHED else _parameters_of_text)(value)
    return model_parameters(value)


def _parameters_of_text(value: str) -> str:
    return model_parameters(parse_object(value))


_cached_parameters = lru_cache(maxsize=1_024)(_parameters_of_text)


def _completion_start(mapped: Mapped) -> int | None:
    found = first(mapped.plan.completion_start, mapped.span)
    if found is None:
        return None
    return clamp(found, max(mapped.end, mapped.start))[0]


def _add_tools(fields: dict[str, Any], mapped: Mapped) -> None:
    span, plan = mapped.span, mapped.plan
    defined, called = tools.definitions(fields["input"]), tools.calls(fields["output"])
    if plan.offered and not defined:
        defined = tools.definitions_within(first(plan.offered, span))
    if plan.calls and not called.names:
        called = tools.calls_within(first(plan.calls, span))
    fields["tool_definitions"] = defined
    fields["tool_calls"], fields["tool_call_names"] = called


def _add_experiment(fields: dict[str, Any], mapped: Mapped) -> None:
    attributes = mapped.span.attributes
    for key, column in mapped.plan.experiment:
        value = attributes[key]
        fields[column] = experiment_version(value) if column in _EXPERIMENT_TIMES else text(value)
    for key, column, member in mapped.plan.experiment_metadata:
        held: dict[str, str] = fields.setdefault(column, {})
        if member:
            held[member] = metadata_text(attributes[key])
        else:
            held.update(metadata_map(parse_object(attributes[key])))


# The raw attributes


def _raw(mapped: Mapped, place: str, references: dict[str, dict[str, str]]) -> str:
    """JSON of {attributes, and where present name, kind, status, events, links}: what mapping again would need.

    An attribute whose value a column holds verbatim is {"$": column}, or {"$": "column.key"} when it is a part of it.
    Attribute values are never objects, so a reference cannot be mistaken for a value.
    """
    span = mapped.span
    _refer_payloads(mapped, f"input.{place}" if place else "input", references)
    document: dict[str, Any] = {"attributes": {**span.attributes, **references} if references else span.attributes}
    if span.name != mapped.name:
        document["name"] = span.name
    if span.kind > 1:
        document["kind"] = span.kind
    if span.status_code == ERROR:
        document["status"] = {"code": span.status_code, "message": span.status_message}
    if span.events:
        document["events"] = [_event(event) for event in span.events]
    if span.links:
        document["links"] = span.links
    return json_text(document)


def _refer_payloads(mapped: Mapped, input_place: str, references: dict[str, dict[str, str]]) -> None:
    """Adds the attributes that became input or output as they are."""
    attributes = mapped.span.attributes
    for key in mapped.plan.payloads:
        value = attributes[key]
        if type(value) is not str or len(value) < _WORTH_A_REFERENCE:
            continue
        if value is mapped.input:
            references[key] = {"$": input_place}
        elif value is mapped.output:
            references[key] = {"$": "output"}


def _event(event: SpanEvent) -> dict[str, Any]:
    return {"name": event.name, "time": event.time, "attributes": event.attributes}
