"""What a convention module declares: where each field of an observation comes from (spec/api.md §6.3–6.9).

A convention is data. Each field has `Source`s; a source has a rank, its place in the specification's list for that
field, counted in tens, so that sources of different conventions interleave as written there. The engine
(`conventions.engine`) walks the sources of all conventions by rank; the first that yields wins.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from langfuse_app.ingestion.attributes import parse_object, unquoted
from langfuse_app.ingestion.spans import Span

Reader = Callable[[Span], Any]
ANY: Final[frozenset[str]] = frozenset()  # as values of a summary: whatever the attribute holds
EXPLICIT: Final = 10  # the rank of what Langfuse's own attributes state; nothing overrides it


@dataclass(frozen=True, slots=True)
class Source:
    """One place a value may come from; `read` gives None when the span has nothing there.

    keys: the span must carry at least one of them; a key ending in "*" stands for all that begin so. Empty: always.
    scope: only spans of instrumentation scopes of this name ("langfuse-sdk*" for all that begin so). Empty: any.
    events: reads span events, so only spans that have some of `CONTENT_EVENTS` ask it.
    """

    rank: int
    keys: tuple[str, ...]
    read: Reader
    scope: str = ""
    events: bool = False


@dataclass(frozen=True, slots=True)
class Convention:
    """Everything one convention says. Fields are named as the columns they feed; see the modules for examples.

    scopes, marks: how spans of this convention are recognised, by scope name or by an attribute key ("*" as above).
    offered, calls: where tool definitions and calls are, for inputs and outputs that show none.
    metadata, trace_metadata: base keys; `<base>` holds a JSON object and `<base>.<key>` single values.
    hidden: attributes that `metadata.attributes` leaves out beside those that inputs, outputs and metadata read.
    trimmed: attribute → member that `metadata.attributes` shows it without.
    summaries: attribute → values that mark a span which repeats the usage of its children: it is not counted again.
    summary: marks the same where it takes more than an attribute; anything read says so.
    trace_marks: attributes that make a span speak for its trace (spec/api.md §6.10).
    """

    name: str
    scopes: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    type: tuple[Source, ...] = ()
    observation_name: tuple[Source, ...] = ()
    trace_name: tuple[Source, ...] = ()
    user_id: tuple[Source, ...] = ()
    session_id: tuple[Source, ...] = ()
    tags: tuple[Source, ...] = ()
    public: tuple[Source, ...] = ()
    level: tuple[Source, ...] = ()
    status_message: tuple[Source, ...] = ()
    model: tuple[Source, ...] = ()
    model_parameters: tuple[Source, ...] = ()
    completion_start: tuple[Source, ...] = ()
    prompt: tuple[Source, ...] = ()
    usage: tuple[Source, ...] = ()
    cost: tuple[Source, ...] = ()
    input: tuple[Source, ...] = ()
    output: tuple[Source, ...] = ()
    trace_input: tuple[Source, ...] = ()
    trace_output: tuple[Source, ...] = ()
    tools: tuple[Source, ...] = ()
    offered: tuple[Source, ...] = ()
    calls: tuple[Source, ...] = ()
    metadata: tuple[str, ...] = ()
    trace_metadata: tuple[str, ...] = ()
    metadata_ignored: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    trimmed: Mapping[str, str] = field(default_factory=dict[str, str])
    summaries: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    summary: tuple[Source, ...] = ()
    trace_marks: tuple[str, ...] = ()


def attr(rank: int, key: str, scope: str = "") -> Source:
    """The attribute itself; an empty string yields nothing."""

    def read(span: Span) -> Any:
        value = span.attributes.get(key)
        return None if value == "" else value

    return Source(rank, (key,), read, scope)


def quoted(rank: int, key: str) -> Source:
    """The attribute, decoded when it is a JSON string: SDK 5 quotes metadata values (spec/wire.md §0.5)."""

    def read(span: Span) -> Any:
        value = unquoted(span.attributes.get(key))
        return None if value == "" else value

    return Source(rank, (key,), read)


def json_object(rank: int, key: str) -> Source:
    """The attribute as a JSON object; anything else yields nothing."""
    return Source(rank, (key,), lambda span: parse_object(span.attributes.get(key)))


def object_text(rank: int, key: str) -> Source:
    """The attribute as the text of a JSON object, not parsed yet: the same texts come again and again."""

    def read(span: Span) -> str | None:
        value = span.attributes.get(key)
        return value if isinstance(value, str) and value[:1] == "{" else None

    return Source(rank, (key,), read)


def one_of(rank: int, key: str, values: Mapping[str, str]) -> Source:
    """What the table says for the attribute's value."""

    def read(span: Span) -> str | None:
        value = span.attributes.get(key)
        return values.get(value) if isinstance(value, str) else None

    return Source(rank, (key,), read)


def present(rank: int, keys: tuple[str, ...], result: str) -> Source:
    """The result, when any of the attributes has a value."""

    def read(span: Span) -> str | None:
        attributes = span.attributes
        return result if any(attributes.get(key) not in (None, "") for key in keys) else None

    return Source(rank, keys, read)


def member(value: object, *path: str) -> Any:
    """The member at the end of a path within a JSON text or object; None when the path breaks."""
    for step in path:
        found = parse_object(value)
        if found is None:
            return None
        value = found.get(step)
    return value
