"""Walks the tables of all conventions: which sources speak for a span, in order, and what they say.

What can speak depends only on the span's scope and on the names of its attributes, and spans of one program come in few
such shapes. So the choice is made once per shape (a `Plan`) and kept; per span only sources that can yield are asked.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from langfuse_app.ingestion.conventions.base import ANY, EXPLICIT, Convention, Source
from langfuse_app.ingestion.conventions.langfuse import EXPERIMENT_COLUMNS, EXPERIMENT_METADATA
from langfuse_app.ingestion.conventions.messages import CONTENT, CONTENT_EVENTS
from langfuse_app.ingestion.conventions.register import CONVENTIONS, PLAIN
from langfuse_app.ingestion.normalise import clean, text
from langfuse_app.ingestion.spans import Span, SpanEvent, clean_keys

MAX_PLANS: Final = 4_096  # shapes come from users: the memory is emptied when it is full
SDK_SCOPE: Final = "langfuse-sdk"
Sources = tuple[Source, ...]
_PAYLOADS: Final = ("input", "output", "trace_input", "trace_output")


class Plan(msgspec.Struct, frozen=True):
    """What to ask of spans of one shape: per field the sources that may yield, by rank."""

    convention: str
    dirty: bool  # some key holds what no store can hold
    type: Sources
    observation_name: Sources
    trace_name: Sources
    user_id: Sources
    session_id: Sources
    tags: Sources
    public: Sources
    level: Sources
    status_message: Sources
    model: Sources
    model_parameters: Sources
    completion_start: Sources
    prompt: Sources
    usage: Sources
    cost: Sources
    input: Sources
    output: Sources
    trace_input: Sources
    trace_output: Sources
    tools: Sources
    offered: Sources
    calls: Sources
    summary: Sources
    summaries: tuple[tuple[str, frozenset[str]], ...]
    metadata: tuple[tuple[str, str], ...]  # attribute, key within metadata ("" for an object of keys)
    trace_metadata: tuple[tuple[str, str], ...]
    members: tuple[tuple[str, str], ...]  # both, in the order they overlay each other
    experiment: tuple[tuple[str, str], ...]  # attribute, column
    experiment_metadata: tuple[tuple[str, str, str], ...]  # attribute, column, key within it
    shown: tuple[str, ...]  # attributes for metadata.attributes
    trimmed: tuple[tuple[str, str], ...]  # of those shown: attribute, member left out
    payloads: tuple[str, ...]  # attributes that may have become input or output
    speaks_for_trace: bool


def first(sources: Sources, span: Span) -> Any:
    """What the first source that yields says; None when none does."""
    for source in sources:
        value = source.read(span)
        if value is not None:
            return value
    return None


def first_text(sources: Sources, span: Span) -> str:
    """`first` as text, '' when no source yields."""
    for source in sources:
        value = source.read(span)
        if value is not None:
            return value if type(value) is str else text(value)
    return ""


def explicit(sources: Sources) -> Sources:
    """The sources that Langfuse's own attributes are."""
    return tuple(source for source in sources if source.rank == EXPLICIT)


def summarises(plan: Plan, span: Span) -> bool:
    """Whether the span repeats what its children count (a wrapper, an agent's run)."""
    stated = any(values is ANY or text(span.attributes.get(key)) in values for key, values in plan.summaries)
    return stated or first(plan.summary, span) is not None


_plans: dict[tuple[str, bool, tuple[str, ...]], Plan] = {}


def plan_for(span: Span) -> Plan:
    """The plan of the span's shape. Attributes under keys that no store can hold get storable keys first."""
    has_content = any(event.name in CONTENT_EVENTS for event in span.events) if span.events else False
    shape = (_known_scope(span.scope.name), has_content, tuple(span.attributes))
    plan = _plans.get(shape)
    if plan is None:
        plan = _remember(shape)
    if plan.dirty:
        span.attributes = clean_keys(span.attributes)
        return plan_for(span)
    return plan


def _remember(shape: tuple[str, bool, tuple[str, ...]]) -> Plan:
    if len(_plans) >= MAX_PLANS:
        _plans.clear()
    plan = _plans[shape] = compile_plan(*shape)
    return plan


def compile_plan(scope: str, has_content: bool, keys: tuple[str, ...]) -> Plan:
    """The plan for spans of a scope that carry these attributes."""
    present = frozenset(keys)
    fields = {field: _chosen(by_rank, scope, has_content, present) for field, by_rank in _SOURCES.items()}
    metadata = _members(keys, _bases("metadata"), _IGNORED_METADATA)
    trace_metadata = _members(keys, _bases("trace_metadata"), frozenset())
    payloads = tuple(key for key in keys if _matches(key, _HIDDEN))
    consumed = {*payloads, *(key for key, _ in (*metadata, *trace_metadata)), *_IGNORED_METADATA}
    shown = () if scope.startswith(SDK_SCOPE) else tuple(key for key in keys if key not in consumed)
    return Plan(
        convention=_recognised(scope, keys),
        dirty=any(clean(key) != key for key in keys),
        **fields,
        summaries=tuple(item for convention in CONVENTIONS for item in convention.summaries.items() if item[0] in present),
        metadata=metadata,
        trace_metadata=trace_metadata,
        members=(*metadata, *trace_metadata),
        experiment=tuple((key, EXPERIMENT_COLUMNS[key]) for key in keys if key in EXPERIMENT_COLUMNS),
        experiment_metadata=_experiment_members(keys),
        shown=shown,
        trimmed=tuple((key, _TRIMMED[key]) for key in shown if key in _TRIMMED),
        payloads=payloads,
        speaks_for_trace=any(_matches(key, _TRACE_MARKS) for key in keys),
    )


def _collect(field: str) -> Sources:
    found = [source for convention in CONVENTIONS for source in getattr(convention, field)]
    if field in CONTENT:
        found.append(Source(70, (), lambda span: content_of_events(field, span), events=True))
    return tuple(sorted(found, key=lambda source: source.rank))


_FIELDS: Final = tuple(name for name, kind in Plan.__annotations__.items() if kind is Sources)
_SOURCES: Final = {field: _collect(field) for field in _FIELDS}
_IGNORED_METADATA: Final = frozenset(key for convention in CONVENTIONS for key in convention.metadata_ignored)
_TRACE_MARKS: Final = tuple(key for convention in CONVENTIONS for key in convention.trace_marks)
_TRIMMED: Final = {key: member for convention in CONVENTIONS for key, member in convention.trimmed.items()}
_HIDDEN: Final = (
    *(key for convention in CONVENTIONS for key in convention.hidden),
    *(key for field in _PAYLOADS for source in _SOURCES[field] for key in source.keys),
    *(key for source in _SOURCES["tools"] for key in source.keys if key not in _TRIMMED),  # moved into the input
)
_SCOPES: Final = frozenset(
    name
    for convention in CONVENTIONS
    for name in (*convention.scopes, *(source.scope for field in _FIELDS for source in getattr(convention, field)))
    if name
)


def _matches(key: str, patterns: Iterable[str]) -> bool:
    return any(key.startswith(pattern[:-1]) if pattern.endswith("*") else key == pattern for pattern in patterns)


def _known_scope(name: str) -> str:
    """The scope's name where some convention asks for it, else '': the names of all others make no difference."""
    known = _known.get(name)
    if known is None:
        known = name if _matches(name, _SCOPES) else ""
        if len(_known) >= MAX_PLANS:
            _known.clear()
        _known[name] = known
    return known


_known: dict[str, str] = {}


def _chosen(sources: Sources, scope: str, has_content: bool, present: frozenset[str]) -> Sources:
    """The sources that may yield for a span of this shape."""
    return tuple(
        source
        for source in sources
        if (has_content or not source.events)
        and (not source.scope or _matches(scope, (source.scope,)))
        and (not source.keys or any(_is_there(key, present) for key in source.keys))
    )


def _is_there(key: str, present: frozenset[str]) -> bool:
    return any(name.startswith(key[:-1]) for name in present) if key.endswith("*") else key in present


def _bases(field: str) -> tuple[str, ...]:
    return tuple(base for convention in CONVENTIONS for base in getattr(convention, field))


def _members(keys: tuple[str, ...], bases: tuple[str, ...], ignored: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Attribute and metadata key for all that belong to a base; whole objects first, single keys overlay them."""
    found = [
        (key, key[len(base) + 1 :])
        for key in keys
        for base in bases
        if key not in ignored and (key == base or (key.startswith(f"{base}.") and len(key) > len(base) + 1))
    ]
    return tuple(sorted(found, key=lambda member: member[1] != ""))


def _experiment_members(keys: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (key, column, member) for base, column in EXPERIMENT_METADATA.items() for key, member in _members(keys, (base,), frozenset())
    )


def _recognised(scope: str, keys: tuple[str, ...]) -> str:
    """The convention's name: by scope before by attributes."""
    tests: tuple[Callable[[Convention], bool], ...] = (
        lambda convention: bool(scope) and _matches(scope, convention.scopes),
        lambda convention: any(_matches(key, convention.marks) for key in keys),
    )
    return next((convention.name for test in tests for convention in CONVENTIONS if test(convention)), PLAIN)


# Span events that hold content in attributes (source 7 of §6.7): their attributes go through the same tables.


def content_of_events(field: str, span: Span) -> Any:
    """What the attributes of a content event say for "input" or "output"; the attributes themselves as last resort."""
    for event in span.events:
        if event.name == CONTENT[field] and event.attributes:
            inner = _as_span(event, span)
            found = first(getattr(plan_for(inner), field), inner)
            return event.attributes if found is None else found
    return None


def _as_span(event: SpanEvent, span: Span) -> Span:
    return msgspec.structs.replace(span, attributes=dict(event.attributes), events=[])
