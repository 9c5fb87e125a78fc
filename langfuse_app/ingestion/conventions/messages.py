"""Chat messages in the shapes that conventions use: system instructions, message events, indexed attributes."""

from collections.abc import Callable
from typing import Any, Final, cast

from langfuse_app.ingestion.attributes import Slots, json_value, parse_list, rebuild
from langfuse_app.ingestion.normalise import json_text
from langfuse_app.ingestion.spans import Span, SpanEvent

OPERATION_DETAILS: Final = "gen_ai.client.inference.operation.details"
CHOICE: Final = "gen_ai.choice"
_ROLES: Final = {f"gen_ai.{role}.message": role for role in ("system", "user", "assistant", "tool")}
CONTENT: Final = {"input": "gen_ai.content.prompt", "output": "gen_ai.content.completion"}
CONTENT_EVENTS: Final = frozenset({OPERATION_DETAILS, CHOICE, *_ROLES, *CONTENT.values()})


def with_system(messages: Any, instructions: object) -> Any:
    """The messages with the instructions as leading system message, unless there is none to add or one already."""
    if instructions in (None, "") or messages in (None, ""):
        return messages
    listed = parse_list(messages)
    if listed is None or any(_role(message) == "system" for message in listed):
        return messages
    return [{"role": "system", "content": instruction_text(instructions)}, *listed]


def instruction_text(instructions: object) -> str:
    """Instructions as text: a string, or the parts of an array joined by newline."""
    parts = parse_list(instructions)
    if parts is None:
        return instructions if isinstance(instructions, str) else json_text(instructions)
    return "\n".join(_part_text(part) for part in parts)


def _part_text(part: object) -> str:
    if isinstance(part, dict):
        found = cast("dict[str, Any]", part)
        part = found.get("content", found.get("text", found))
    return part if isinstance(part, str) else json_text(part)


def _role(message: object) -> Any:
    return cast("dict[str, Any]", message).get("role") if isinstance(message, dict) else None


def event_messages(span: Span) -> list[dict[str, Any]] | None:
    """The messages told by `gen_ai.<role>.message` events: role and the event's attributes."""
    told = [event for event in span.events if event.name in _ROLES]
    return [{"role": _ROLES[event.name], **_opened(event)} for event in told] or None


def event_choices(span: Span) -> Any:
    """The attributes of the `gen_ai.choice` event; a list when there are several."""
    choices = [_opened(event) for event in span.events if event.name == CHOICE]
    return choices[0] if len(choices) == 1 else choices or None


def _opened(event: SpanEvent) -> dict[str, Any]:
    return {key: json_value(value) for key, value in event.attributes.items()}


def event_details(key: str) -> Callable[[Span], Any]:
    """An attribute of the operation details event."""

    def read(span: Span) -> Any:
        for event in span.events:
            if event.name == OPERATION_DETAILS and event.attributes.get(key) not in (None, ""):
                return with_system(event.attributes[key], _instructions(event, key))
        return None

    return read


def _instructions(event: SpanEvent, key: str) -> object:
    return event.attributes.get("gen_ai.system_instructions") if key == "gen_ai.input.messages" else None


def indexed(prefix: str) -> Callable[[Span], Any]:
    """The list or object that indexed attributes spell."""
    return lambda span: rebuild(span.attributes, prefix, span_slots(span))


def span_slots(span: Span) -> Slots:
    """The span's allowance of rebuilt array elements, shared by all that rebuild for it."""
    if span.slots is None:
        span.slots = Slots()
    return span.slots
