"""Logfire: logfire.msg as the name, prompts and message events as attributes.

Before it followed the GenAI conventions, its spans of model calls held the provider's documents: request_data, response_data.
"""

from typing import Any, Final, cast

from langfuse_app.ingestion.attributes import number, parse_list, parse_object
from langfuse_app.ingestion.conventions import tokens
from langfuse_app.ingestion.conventions.base import Convention, Source, attr, one_of
from langfuse_app.ingestion.conventions.messages import CHOICE, with_system
from langfuse_app.ingestion.spans import Span

_SCOPE: Final = "logfire*"
_TEMPLATE: Final = "logfire.msg_template"
_REQUEST, _RESPONSE = "request_data", "response_data"
_PROMPTS: Final = ("messages", "input", "prompt")
_INSTRUCTIONS: Final = ("system", "instructions")
_ANSWERS: Final = ("message", "combined_chunk_content", "text")
_STEPS: Final = {"Function: {name}": "TOOL", "Agent run: {name!r}": "AGENT"}  # of OpenAI's agents
_LEVEL: Final = "logfire.level_num"
_LEVELS: Final = ((17, "ERROR"), (13, "WARNING"), (9, "DEFAULT"), (1, "DEBUG"))  # from this number on


# Messages as a list of events; where none is the choice, the assistant's last ones are the answer.


def _events(span: Span) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What was asked and what was answered."""
    listed = parse_list(span.attributes.get("events")) or []
    events = [cast("dict[str, Any]", event) for event in listed if isinstance(event, dict)]
    choices = [event for event in events if event.get("event.name") == CHOICE]
    if choices:
        return [event for event in events if event.get("event.name") != CHOICE], choices[:1]
    cut = len(events)
    while cut and events[cut - 1].get("role") == "assistant":
        cut -= 1
    return events[:cut], events[cut:]


def _asked(span: Span) -> list[dict[str, Any]] | None:
    return _events(span)[0] or None


def _answered(span: Span) -> Any:
    answers = _events(span)[1]
    return answers[0] if len(answers) == 1 else answers or None


# The provider's documents.


def _call(span: Span) -> dict[str, Any]:
    """The request of a model call; {} for a stream's first span, whose answer comes with a span of its own."""
    request = parse_object(span.attributes.get(_REQUEST)) or {}
    if not request.get("model") or (request.get("stream") and _RESPONSE not in span.attributes):
        return {}
    return request if any(name in request for name in _PROMPTS) else {}


def _call_type(span: Span) -> str | None:
    if not _call(span):
        return None
    return "EMBEDDING" if str(span.attributes.get(_TEMPLATE)).startswith("Embedding") else "GENERATION"


def _parameters(span: Span) -> dict[str, Any] | None:
    left_out = {"model", "stream", *_PROMPTS, *_INSTRUCTIONS}
    found = {name: value for name, value in _call(span).items() if name not in left_out and not isinstance(value, dict | list)}
    return found or None


def _request(span: Span) -> Any:
    request = parse_object(span.attributes.get(_REQUEST)) or {}
    prompt, instructions = _first(request, _PROMPTS), _first(request, _INSTRUCTIONS)
    if isinstance(prompt, str) and instructions:
        prompt = [{"role": "user", "content": prompt}]
    return with_system(prompt, instructions)


def _response(span: Span) -> Any:
    return _first(parse_object(span.attributes.get(_RESPONSE)) or {}, _ANSWERS)


def _usage(span: Span) -> dict[str, int] | None:
    told = (parse_object(span.attributes.get(_RESPONSE)) or {}).get("usage")
    return tokens.of_provider(cast("dict[str, Any]", told)) if isinstance(told, dict) else None


def _first(document: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((document[name] for name in names if document.get(name) not in (None, "")), None)


def _level(span: Span) -> str | None:
    value = number(span.attributes.get(_LEVEL)) or 0
    return next((level for least, level in _LEVELS if value >= least), None)


CONVENTION = Convention(
    name="logfire",
    scopes=(_SCOPE,),
    marks=("logfire.*",),
    type=(Source(95, (_REQUEST,), _call_type, scope=_SCOPE), one_of(110, _TEMPLATE, _STEPS)),
    observation_name=(attr(30, "logfire.msg"),),
    level=(Source(30, (_LEVEL,), _level),),
    model=(Source(75, (_REQUEST,), lambda span: _call(span).get("model"), scope=_SCOPE),),
    model_parameters=(Source(70, (_REQUEST,), _parameters, scope=_SCOPE),),
    usage=(Source(55, (_RESPONSE,), _usage, scope=_SCOPE),),
    input=(attr(90, "prompt"), Source(110, ("events",), _asked), Source(210, (_REQUEST,), _request, scope=_SCOPE)),
    output=(attr(90, "all_messages_events"), Source(110, ("events",), _answered), Source(210, (_RESPONSE,), _response, scope=_SCOPE)),
    tools=(Source(60, (_REQUEST,), lambda span: _call(span).get("tools"), scope=_SCOPE),),
)
