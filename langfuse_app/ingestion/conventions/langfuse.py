"""Langfuse's own attributes, as every SDK since generation 3 sends them. They are explicit: rank 10 of each field."""

import re
from datetime import UTC, datetime
from typing import Any, Final

from langfuse_app.core.time import to_us
from langfuse_app.ingestion.attributes import NOT_JSON, parse, parse_list, parse_object, truth, unquoted
from langfuse_app.ingestion.conventions.base import EXPLICIT, Convention, Source, attr, json_object, member, object_text, one_of, quoted
from langfuse_app.ingestion.normalise import count, json_text, text
from langfuse_app.ingestion.spans import ERROR, Span

_OBSERVATION: Final = "langfuse.observation."
_TYPES: Final = {
    name: name.upper()
    for name in (
        "span",
        "generation",
        "event",
        "embedding",
        "agent",
        "tool",
        "chain",
        "retriever",
        "guardrail",
        "evaluator",
    )
}
# What makes a "span" of the early Python SDK a generation: it sent the wrong type until 3.3.
_GENERATION_MARKS: Final = tuple(
    _OBSERVATION + name
    for name in (
        "model.name",
        "cost_details",
        "usage_details",
        "completion_start_time",
        "model.parameters",
        "prompt.name",
        "prompt.version",
    )
)
_EARLY: Final = re.compile(r"[0-2]\.|3\.[0-3](\.|$)")
EXPERIMENT_COLUMNS: Final = {
    "langfuse.experiment.id": "experiment_id",
    "langfuse.experiment.name": "experiment_name",
    "langfuse.experiment.description": "experiment_description",
    "langfuse.experiment.dataset.id": "experiment_dataset_id",
    "langfuse.experiment.item.id": "experiment_item_id",
    "langfuse.experiment.item.version": "experiment_item_version",
    "langfuse.experiment.item.root_observation_id": "experiment_item_root_span_id",
    "langfuse.experiment.item.expected_output": "experiment_item_expected_output",
}
EXPERIMENT_METADATA: Final = {
    "langfuse.experiment.metadata": "experiment_metadata",
    "langfuse.experiment.item.metadata": "experiment_item_metadata",
}
# Each asked of the span, then of the resource (spec/api.md §6.4).
ENVIRONMENT_KEYS: Final = ("langfuse.environment", "deployment.environment.name", "deployment.environment")
# The span's attribute, then the resource's.
RELEASE_KEYS: Final = ("langfuse.release", "langfuse.release")
VERSION_KEYS: Final = ("langfuse.version", "service.version")
IS_APP_ROOT: Final = "langfuse.internal.is_app_root"
AS_ROOT: Final = "langfuse.internal.as_root"


def _early_generation(span: Span) -> str | None:
    scope = span.scope
    if span.attributes.get("langfuse.observation.type") != "span" or scope.name != "langfuse-sdk":
        return None
    if span.resource.get("telemetry.sdk.language") != "python" or not _EARLY.match(scope.version):
        return None
    return "GENERATION"


def _usage(span: Span) -> dict[str, Any] | None:
    """The object as it is; {} for what is no object; nothing for invalid JSON, which lets other sources speak."""
    value = span.attributes.get("langfuse.observation.usage_details")
    parsed = parse(value)
    if isinstance(value, str) and parsed is NOT_JSON:
        return None
    return parse_object(parsed) or {}


def iso_us(value: object) -> int | None:
    """Microseconds of an ISO 8601 time, which may be quoted once more; UTC when it names no offset."""
    found = unquoted(value)
    if not isinstance(found, str):
        return None
    try:
        time = datetime.fromisoformat(found)
    except ValueError:
        return None
    return to_us(time if time.tzinfo else time.replace(tzinfo=UTC))


def _completion_start(span: Span) -> int | None:
    return iso_us(span.attributes.get("langfuse.observation.completion_start_time"))


def prompt_link(name: object, version: object) -> tuple[str, int] | None:
    """A prompt's name and version; None unless both are there and the version fits 16 bits."""
    number = count(version)
    if name in (None, "") or number is None or number > 65_535:
        return None
    return text(name), number


def _prompt(rank: int, base: str) -> Source:
    name, version = f"{base}.name", f"{base}.version"
    return Source(rank, (name,), lambda span: prompt_link(span.attributes[name], span.attributes.get(version)))


def _public(rank: int, key: str) -> Source:
    return Source(rank, (key,), lambda span: truth(span.attributes[key]))


def _tools(rank: int, key: str) -> Source:
    """Tool definitions among the user's metadata: a list of objects that name a tool."""

    def read(span: Span) -> list[Any] | None:
        tools = parse_list(span.attributes.get(key)) or []
        return tools if tools and all(member(tool, "name") or member(tool, "function", "name") for tool in tools) else None

    return Source(rank, (key,), read)


LEVELS: Final = {
    alias: level
    for level, aliases in {
        "DEBUG": ("DEBUG", "TRACE", "VERBOSE"),
        "DEFAULT": ("DEFAULT", "INFO", "LOG", "NOTICE", "OK", "SUCCESS"),
        "WARNING": ("WARNING", "WARN"),
        "ERROR": ("ERROR", "FATAL", "CRITICAL"),
    }.items()
    for alias in aliases
}


def _level(span: Span) -> str | None:
    value = span.attributes.get("langfuse.observation.level")
    return LEVELS.get(value.strip().upper()) if isinstance(value, str) else None


def _status_level(span: Span) -> str | None:
    return "ERROR" if span.status_code == ERROR else None


CONVENTION = Convention(
    name="langfuse",
    scopes=("langfuse-sdk*",),
    marks=("langfuse.observation.*",),
    type=(
        Source(0, _GENERATION_MARKS, _early_generation, scope="langfuse-sdk*"),
        one_of(EXPLICIT, "langfuse.observation.type", _TYPES),
    ),
    trace_name=(attr(EXPLICIT, "langfuse.trace.name"),),
    user_id=(
        attr(EXPLICIT, "langfuse.user.id"),
        attr(20, "user.id"),
        quoted(30, "langfuse.observation.metadata.langfuse_user_id"),
        quoted(40, "langfuse.trace.metadata.langfuse_user_id"),
    ),
    session_id=(
        attr(EXPLICIT, "langfuse.session.id"),
        attr(20, "session.id"),
        quoted(40, "langfuse.observation.metadata.langfuse_session_id"),
        quoted(50, "langfuse.trace.metadata.langfuse_session_id"),
    ),
    tags=(
        attr(EXPLICIT, "langfuse.trace.tags"),
        attr(20, "langfuse.tags"),
        quoted(30, "langfuse.observation.metadata.langfuse_tags"),
        quoted(40, "langfuse.trace.metadata.langfuse_tags"),
    ),
    public=(_public(EXPLICIT, "langfuse.trace.public"), _public(20, "langfuse.public")),
    level=(
        Source(EXPLICIT, ("langfuse.observation.level",), _level),
        Source(20, (), _status_level),
    ),
    status_message=(
        attr(EXPLICIT, "langfuse.observation.status_message"),
        Source(20, (), lambda span: span.status_message or None),
    ),
    model=(attr(EXPLICIT, "langfuse.observation.model.name"),),
    model_parameters=(object_text(EXPLICIT, "langfuse.observation.model.parameters"),),
    completion_start=(Source(EXPLICIT, ("langfuse.observation.completion_start_time",), _completion_start),),
    prompt=(_prompt(EXPLICIT, "langfuse.observation.prompt"), _prompt(20, "langfuse.prompt")),
    usage=(Source(EXPLICIT, ("langfuse.observation.usage_details",), _usage),),
    cost=(json_object(EXPLICIT, "langfuse.observation.cost_details"),),
    input=(attr(EXPLICIT, "langfuse.observation.input"),),
    output=(attr(EXPLICIT, "langfuse.observation.output"),),
    trace_input=(attr(EXPLICIT, "langfuse.trace.input"),),
    trace_output=(attr(EXPLICIT, "langfuse.trace.output"),),
    tools=(_tools(EXPLICIT, "langfuse.observation.metadata.tools"), _tools(EXPLICIT, "langfuse.metadata.tools")),
    metadata=("langfuse.observation.metadata", "langfuse.metadata"),
    trace_metadata=("langfuse.trace.metadata",),
    trace_marks=(
        "langfuse.trace.*",
        "user.id",
        "session.id",
        "langfuse.user.id",
        "langfuse.session.id",
        "langfuse.tags",
        "langfuse.public",
        "langfuse.observation.metadata.langfuse_user_id",
        "langfuse.observation.metadata.langfuse_session_id",
        "langfuse.observation.metadata.langfuse_tags",
        "tag.tags",
    ),
)


def experiment_version(value: object) -> int | None:
    """The time a dataset item is pinned to, in microseconds; only a timestamp counts."""
    return iso_us(value if isinstance(value, str) else json_text(value))
