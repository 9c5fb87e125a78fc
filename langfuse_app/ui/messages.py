"""Conversations in payloads: the usual shapes of chat messages become one. Pure, and never surprised by odd input.

Read are OpenAI (completions and responses), Anthropic, Gemini, LangChain, the Vercel AI SDK and the gen_ai conventions.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, cast

Kind = Literal["text", "reasoning", "json", "call", "result", "media"]
ROLES = {"human": "user", "ai": "assistant", "model": "assistant", "function": "tool", "developer": "system", "tool_result": "tool"}
_LISTS = ("messages", "contents", "choices", "candidates", "input", "output")
_TEXTS = {"text", "input_text", "output_text", "message", "refusal", "summary_text"}
_CALLS = {"tool_use", "tool_call", "tool-call", "function_call", "functionCall", "server_tool_use"}
_RESULTS = {"tool_result", "tool-result", "tool_call_response", "function_call_output", "functionResponse"}
_THOUGHTS = {"thinking", "reasoning", "redacted_thinking"}
_MEDIA = {"image", "image_url", "input_image", "file", "input_file", "audio", "input_audio", "media", "uri", "blob"}


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a message. value: what a call was given or has answered, or any JSON; name and id are those of a tool."""

    kind: Kind
    text: str = ""
    value: Any = None
    name: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. role: system, user, assistant, tool, or what the sender wrote."""

    role: str
    name: str = ""
    id: str = ""
    parts: list[Part] = field(default_factory=list[Part])


def conversation(value: Any) -> list[Message]:
    """The messages of a payload; empty when it is not a conversation."""
    found = _items(value, 0)
    return [_message(item) for item in found] if found and all(map(_is_message, found)) else []


def tools(value: Any) -> list[str]:
    """The names of the tools that a request offers."""
    offered = _dict(value).get("tools")
    names = [_name(_dict(tool)) for tool in _list(offered)]
    return [name for name in names if name]


def _items(value: Any, depth: int) -> list[dict[str, Any]]:
    """The candidates for messages, wherever the payload keeps them."""
    if depth > 3:
        return []
    if isinstance(value, list):
        items = cast("list[Any]", value)
        if len(items) == 1 and isinstance(items[0], list):
            return _items(items[0], depth + 1)
        return [_unwrapped(item) for item in items if isinstance(item, dict)] if all(isinstance(i, dict) for i in items) else []
    whole = _dict(value)
    if _is_message(whole):
        return [whole]
    for key in _LISTS:
        if isinstance(whole.get(key), list):
            return _with_system(whole, _items(whole[key], depth + 1))
    return []


def _with_system(whole: dict[str, Any], items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Some requests carry the system prompt beside the messages."""
    system = whole.get("system") or whole.get("instructions") or whole.get("system_instruction") or whole.get("systemInstruction")
    return [{"role": "system", "content": _dict(system).get("parts", system)}, *items] if items and system else items


def _unwrapped(item: dict[str, Any]) -> dict[str, Any]:
    """A choice, candidate or event around a message."""
    inner = item.get("message", item.get("content") if "role" not in item else None)
    return cast("dict[str, Any]", inner) if isinstance(inner, dict) and ("role" in inner or "parts" in inner) else item


def _is_message(item: dict[str, Any]) -> bool:
    kind = _text(item.get("type"))
    if kind in _CALLS | _RESULTS and ("name" in item or "call_id" in item):
        return True
    typed = kind in ("human", "ai", "system", "tool", "function") and "content" in item
    return typed or (isinstance(item.get("role"), str) and bool(item.keys() & {"content", "parts", "tool_calls", "function_call"}))


def _message(item: dict[str, Any]) -> Message:
    kind = _text(item.get("type"))
    if "role" not in item and kind in _CALLS:
        return Message("assistant", parts=[_call(item)])
    if "role" not in item and kind in _RESULTS:
        return Message("tool", parts=[_result(item)])
    role = str(item.get("role", kind)).lower()
    role = ROLES.get(role, role)
    body = item.get("content") if item.get("content") is not None else item.get("parts")
    parts = _parts(body)
    if role == "tool" and len(parts) == 1 and parts[0].kind in ("text", "json"):
        parts = [Part("result", parts[0].text, parts[0].value)]
    calls = [_call(_dict(call)) for call in _list(item.get("tool_calls"))]
    if isinstance(item.get("function_call"), dict):
        calls.append(_call(item["function_call"]))
    return Message(role, _text(item.get("name")), _text(item.get("tool_call_id")), parts + calls)


def _parts(body: Any) -> list[Part]:
    if body is None or body == "":
        return []
    if isinstance(body, str):
        return [Part("text", body)]
    if isinstance(body, list):
        return [_part(piece) for piece in cast("list[Any]", body)]
    return [_part(body)]


def _part(piece: Any) -> Part:
    one = _dict(piece)
    kind = _text(one.get("type"))
    nested = next((name for name in _NESTED if isinstance(one.get(name), dict)), "")
    if nested or kind in _CALLS | _RESULTS:
        return _NESTED.get(nested, _call if kind in _CALLS else _result)(one[nested] if nested else one)
    return _said(piece, one, kind)


def _said(piece: Any, one: dict[str, Any], kind: str) -> Part:
    """Text, reasoning, a picture or a file, or something to show as it is."""
    if isinstance(piece, str):
        return Part("text", piece)
    text = next((one[key] for key in ("text", "content", "thinking", "reasoning", "refusal") if isinstance(one.get(key), str)), None)
    if kind in _THOUGHTS or one.get("thought") is True:
        return Part("reasoning", text or "", None if text else one)
    if text is not None and (kind in _TEXTS or not kind):
        return Part("text", text)
    return Part("media", _text(kind), one) if kind in _MEDIA else Part("json", value=piece)


def _call(one: dict[str, Any]) -> Part:
    inner = _dict(one.get("function")) or one
    given = next((inner[key] for key in ("arguments", "input", "args", "parameters") if key in inner), None)
    return Part("call", value=given, name=_name(one) or "tool", id=_text(one.get("id") or one.get("call_id") or one.get("toolCallId")))


def _result(one: dict[str, Any]) -> Part:
    answer = next((one[key] for key in ("content", "output", "result", "response") if key in one), None)
    texts = [_dict(piece).get("text") for piece in _list(answer)]
    if texts and all(isinstance(text, str) for text in texts):
        answer = "\n".join(cast("list[str]", texts))
    id = _text(one.get("tool_use_id") or one.get("call_id") or one.get("toolCallId") or one.get("id"))
    return Part("result", value=answer, name=_name(one), id=id)


# where Gemini puts calls and results
_NESTED = {"functionCall": _call, "function_call": _call, "functionResponse": _result, "function_response": _result}


def _name(one: dict[str, Any]) -> str:
    return _text(_dict(one.get("function")).get("name") or one.get("name") or one.get("toolName"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
