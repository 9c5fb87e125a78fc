"""Tools a model was offered and tools it called, found in inputs and outputs of any shape (spec/api.md §6.8)."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, cast

from langfuse_app.ingestion.attributes import NOT_JSON, json_value, parse
from langfuse_app.ingestion.normalise import json_text, text

# What any definition or call is written with; a payload without these words is not parsed at all.
_DEFINITION_MARKS: Final = (('"tools"',), ('"function"', '"parameters"'))  # all of one of these
_CALL_MARKS: Final = ("tool", '"function')
_DOCUMENTS: Final = ("{", "[")
_MAX_DEPTH: Final = 6  # how far calls are looked for below the output
_CALL_LISTS: Final = ("tool_calls", "toolCalls")
# Members that lead to messages or to parts of messages.
_BELOW: Final = (
    "message", "messages", "choices", "candidates", "content", "parts", "output", "additional_kwargs", "kwargs", "generations",
)  # fmt: skip
_CALL_TYPES: Final = frozenset({"tool_use", "tool-call", "tool_call", "toolCall", "function_call"})
# Members that are one call: OpenAI's before there were tools, Gemini's in both spellings, Bedrock's, Genkit's.
_CALL_MEMBERS: Final = ("function_call", "functionCall", "toolUse", "toolRequest")
_DECLARATIONS: Final = ("function_declarations", "functionDeclarations")  # Gemini's list within a tool
_INNER: Final = ("function", "toolSpec")  # the level between of OpenAI and Bedrock
_SCHEMAS: Final = ("parameters", "input_schema", "inputSchema", "parameters_json_schema", "parametersJsonSchema")


class Joined(NamedTuple):
    """An input that got its tools, and where in it the original stands ('' when it is the whole)."""

    text: str
    place: str


class Calls(NamedTuple):
    """The columns tool_calls (JSON texts of {id, arguments, type, index}) and tool_call_names, in step."""

    calls: list[str]
    names: list[str]


def join(payload: str, tools: object) -> Joined:
    """The input with the tools as its member; as it is when it has tools already or none are given."""
    listed = tools if isinstance(tools, list) else json_value(tools)
    if not isinstance(listed, list) or not listed:
        return Joined(payload, "")
    told = json_text([json_value(tool) for tool in listed])
    if not payload:
        return Joined(f'{{"tools":{told}}}', "")
    parsed = parse(payload) if payload[0] in "{[" else NOT_JSON
    if isinstance(parsed, dict):
        if not parsed or "tools" in parsed:
            return Joined(payload if parsed else f'{{"tools":{told}}}', "")
        return Joined(f'{payload.rstrip()[:-1]},"tools":{told}}}', "")
    place, value = ("messages", payload) if isinstance(parsed, list) else ("prompt", json_text(payload))
    return Joined(f'{{"{place}":{value},"tools":{told}}}', place)


def definitions(payload: str) -> dict[str, str]:
    """Tool name → JSON text of {description, parameters}, from an input's `tools` or its messages' `tools`."""
    if payload[:1] not in _DOCUMENTS or not any(all(mark in payload for mark in marks) for marks in _DEFINITION_MARKS):
        return {}
    return definitions_within(parse(payload))


def definitions_within(document: object) -> dict[str, str]:
    """The definitions of an input that is JSON no longer."""
    found: dict[str, str] = {}
    for tools in _tool_lists(document):
        for tool in _each(tools):
            name, definition = _definition(tool)
            if name:
                found.setdefault(name, definition)
    return found


def _tool_lists(document: object) -> Iterator[object]:
    messages = document
    if isinstance(document, dict):
        found = cast("dict[str, Any]", document)
        yield found.get("tools")
        yield _object(found.get("config")).get("tools")  # Gemini's request
        messages = found.get("messages")
    for message in _objects(messages):
        yield message.get("tools")
        content = message.get("content")
        if isinstance(content, dict) and message.get("role") == "tool":  # LangChain's handlers add a message for each tool
            yield [content]


def _each(tools: object) -> Iterator[dict[str, Any]]:
    """The tools of a list; one that holds several (Gemini) as those."""
    for tool in cast("list[object]", tools) if isinstance(tools, list) else ():
        found = _object(json_value(tool))  # some give each as JSON text
        declared = _member(found, *_DECLARATIONS)
        yield from _objects(declared) if isinstance(declared, list) else (found,)


def _definition(tool: dict[str, Any]) -> tuple[str, str]:
    """Name and definition of a tool: flat or with a level between, the schema under any usual name."""
    inner = _object(_member(tool, *_INNER)) or tool
    schema = json_value(_member(inner, *_SCHEMAS))
    name = inner.get("name")
    shown = {"description": inner.get("description"), "parameters": _object(schema).get("json", schema)}
    told = {key: value for key, value in shown.items() if value is not None}
    return (name, json_text(told)) if isinstance(name, str) else ("", "")


def calls(payload: str) -> Calls:
    """The tool calls of an output, in order, each once by its id."""
    if payload[:1] not in _DOCUMENTS or (_CALL_MARKS[0] not in payload and _CALL_MARKS[1] not in payload):
        return Calls([], [])
    return calls_within(parse(payload))


def calls_within(output: object) -> Calls:
    """The tool calls of an output that is JSON no longer."""
    found: dict[str, tuple[str, str]] = {}
    for call in _walk(output, 0, bare=True):
        _note(call, found)
    return Calls([told for told, _ in found.values()], [name for _, name in found.values()])


def _note(call: dict[str, Any], found: dict[str, tuple[str, str]]) -> None:
    call = _object(call.get("tool_call")) or call  # OpenInference's level between
    inner = _object(call.get("function")) or call
    name = _member(inner, "name", "toolName", "tool_name")
    if not isinstance(name, str) or not name:
        return
    identity = text(_member(call, "call_id", "toolCallId", "tool_call_id", "toolUseId", "ref", "id"))
    index = call.get("index")
    told = {
        "id": identity,
        "arguments": text(_member(inner, "arguments", "input", "args")),
        "type": text(call.get("type")),
        "index": index if isinstance(index, int) else len(found),
    }
    found.setdefault(identity or f"#{len(found)}", (json_text(told), name))


def _walk(value: object, depth: int, *, bare: bool = False) -> Iterator[dict[str, Any]]:
    """The calls below a value; `bare` takes the elements of the array itself for calls."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _walk_object(_object(item), depth, bare=bare) if isinstance(item, dict) else _walk(item, depth + 1)
    elif isinstance(value, dict):
        yield from _walk_object(cast("dict[str, Any]", value), depth, bare=False)


def _walk_object(value: dict[str, Any], depth: int, *, bare: bool) -> Iterator[dict[str, Any]]:
    if value.get("type") in _CALL_TYPES or (bare and _looks_called(value)):
        yield value
        return
    told = [call for key in _CALL_LISTS for call in _objects(json_value(value.get(key)))]
    yield from told
    yield from (_object(value[key]) for key in _CALL_MEMBERS if value.get(key))
    for key in _BELOW:
        if key in value and not (told and key == "additional_kwargs"):  # LangChain says there again what it told
            yield from _walk(value[key], depth + 1, bare=key == "content")


def _looks_called(value: dict[str, Any]) -> bool:
    """Whether an element of a bare array is a call: it names a tool and gives it arguments."""
    inner = _object(value.get("function")) or value
    return bool(_member(inner, "name", "toolName")) and _member(inner, "arguments", "args", "input") is not None


def _member(value: dict[str, Any], *names: str) -> Any:
    return next((value[name] for name in names if value.get(name) is not None), None)


def _objects(value: object) -> list[dict[str, Any]]:
    return [_object(item) for item in cast("list[object]", value if isinstance(value, list) else [])]


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
