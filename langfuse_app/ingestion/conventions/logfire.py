"""Logfire: logfire.msg as the name, prompts and message events as attributes."""

from typing import Any, cast

from langfuse_app.ingestion.attributes import parse_list
from langfuse_app.ingestion.conventions.base import Convention, Source, attr
from langfuse_app.ingestion.conventions.messages import CHOICE
from langfuse_app.ingestion.spans import Span


def _events(span: Span) -> list[dict[str, Any]]:
    listed = parse_list(span.attributes.get("events")) or []
    return [cast("dict[str, Any]", event) for event in listed if isinstance(event, dict)]


def _prompts(span: Span) -> list[dict[str, Any]] | None:
    return [event for event in _events(span) if event.get("event.name") != CHOICE] or None


def _choice(span: Span) -> dict[str, Any] | None:
    return next((event for event in _events(span) if event.get("event.name") == CHOICE), None)


CONVENTION = Convention(
    name="logfire",
    scopes=("logfire*",),
    marks=("logfire.*",),
    observation_name=(attr(30, "logfire.msg"),),
    input=(attr(90, "prompt"), Source(110, ("events",), _prompts)),
    output=(attr(90, "all_messages_events"), Source(110, ("events",), _choice)),
)
