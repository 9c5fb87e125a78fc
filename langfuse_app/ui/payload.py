"""Payloads as HTML: chat messages, a JSON tree, plain text. Everything that came from outside is escaped here."""

import json
from html import escape
from typing import Any, cast

from markdown_it import MarkdownIt

MAX_CHARACTERS = 60_000  # what a panel shows at once; the rest is one click away in the JSON download
MAX_ITEMS = 200
OPEN_DEPTH = 2

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable(["table"]).disable(["image"])
_ROLES = {"system": "System", "developer": "Developer", "user": "User", "human": "User", "assistant": "Assistant", "ai": "Assistant", "model": "Assistant", "tool": "Tool", "function": "Tool"}
_STYLE = {"human": "user", "ai": "assistant", "model": "assistant", "function": "tool", "developer": "system"}


def parsed(text: str) -> Any:
    """The value of a stored payload: JSON where the text is JSON, else the text."""
    if text[:1] in '{["-0123456789tfn':
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def formatted(text: str | None) -> str:
    """A payload for reading: a conversation as messages, other text as Markdown, other JSON as a tree."""
    if not text:
        return ""
    if len(text) > MAX_CHARACTERS:
        return plain(text)
    value = parsed(text)
    messages = conversation(value)
    if messages:
        return f'<div class="lf-chat">{"".join(map(_message, messages))}</div>'
    return f'<div class="lf-prose">{markdown(value)}</div>' if isinstance(value, str) else tree(value)


def raw(text: str | None) -> str:
    """A payload as a JSON tree, or as it is."""
    if not text:
        return ""
    return plain(text) if len(text) > MAX_CHARACTERS else tree(parsed(text))


def plain(text: str) -> str:
    """Text as it is, cut where a browser would suffer."""
    more = f'<p class="lf-help">{len(text) - MAX_CHARACTERS:,} more characters are in the download.</p>' if len(text) > MAX_CHARACTERS else ""
    return f'<pre class="lf-code" data-wrap>{escape(text[:MAX_CHARACTERS])}</pre>{more}'


def markdown(text: str) -> str:
    """Markdown without raw HTML and without images, so that nothing in it is fetched or run."""
    return _markdown.render(text)


def conversation(value: Any) -> list[dict[str, Any]]:
    """The messages in a payload of any of the usual shapes; empty when it is something else."""
    if isinstance(value, dict):
        value = cast("dict[str, Any]", value)
        if "role" in value and ("content" in value or "tool_calls" in value or "parts" in value):
            return [value]
        for key in ("messages", "choices"):
            if isinstance(value.get(key), list):
                return conversation([choice.get("message", choice) if isinstance(choice, dict) else choice for choice in value[key]])
        return []
    if isinstance(value, list) and value and all(isinstance(item, dict) and "role" in item for item in cast("list[Any]", value)):
        return cast("list[dict[str, Any]]", value)
    return []


def _message(message: dict[str, Any]) -> str:
    role = str(message.get("role", "")).lower()
    name = escape(str(message.get("name") or ""))
    head = f'<div class="lf-msg-head">{_ROLES.get(role, escape(role.title()))}<span class="lf-3">{name}</span></div>'
    body = _content(message.get("content", message.get("parts"))) + "".join(map(_tool_call, message.get("tool_calls") or []))
    style = escape(_STYLE.get(role, role), quote=True)
    return f'<article class="lf-msg" data-role="{style}">{head}<div class="lf-msg-body">{body}</div></article>'


def _content(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        value = parsed(content)
        return markdown(content) if isinstance(value, str) else tree(value)
    if isinstance(content, list):
        return "".join(map(_part, cast("list[Any]", content)))
    return tree(content)


def _part(part: Any) -> str:
    """One part of a multi-part message: text, a tool call or its answer, or something to show as it is."""
    if isinstance(part, str):
        return markdown(part)
    if not isinstance(part, dict):
        return tree(part)
    part = cast("dict[str, Any]", part)
    text = part.get("text", part.get("content")) if part.get("type", "text") in ("text", "input_text", "output_text", "reasoning") else None
    if isinstance(text, str):
        return markdown(text)
    if part.get("type") in ("tool_use", "tool_call", "tool-call"):
        return _tool_call(part)
    return tree(part)


def _tool_call(call: Any) -> str:
    if not isinstance(call, dict):
        return tree(call)
    call = cast("dict[str, Any]", call)
    function = call.get("function") if isinstance(call.get("function"), dict) else call
    assert isinstance(function, dict)
    name = escape(str(function.get("name") or call.get("toolName") or "tool"))
    arguments = function.get("arguments", function.get("input", function.get("args")))
    value = parsed(arguments) if isinstance(arguments, str) else arguments
    head = f'<header><b class="lf-mono lf-strong">{name}</b><span class="lf-3 lf-mono">{escape(str(call.get("id") or ""))}</span></header>'
    return f'<div class="lf-toolcall">{head}<div class="lf-toolargs">{tree(value)}</div></div>'


def tree(value: Any, key: str | None = None, depth: int = 0) -> str:
    """A JSON value that opens and closes without a round trip."""
    label = f'<span class="k">{escape(json.dumps(key, ensure_ascii=False))}</span>: ' if key is not None else ""
    if isinstance(value, dict | list) and value and depth < 60:
        return _branch(cast("dict[str, Any] | list[Any]", value), label, depth)
    return f'<div class="lf-leaf">{label}{_leaf(value)}</div>'


def _branch(value: dict[str, Any] | list[Any], label: str, depth: int) -> str:
    pairs: list[tuple[str | None, Any]] = list(value.items()) if isinstance(value, dict) else [(None, item) for item in value]
    inner = "".join(tree(item, name, depth + 1) for name, item in pairs[:MAX_ITEMS])
    if len(pairs) > MAX_ITEMS:
        inner += f'<div class="lf-leaf lf-3">{len(pairs) - MAX_ITEMS:,} more</div>'
    opened, closed = ("{", "}") if isinstance(value, dict) else ("[", "]")
    state = " open" if depth < OPEN_DEPTH else ""
    return f'<details class="lf-branch"{state}><summary>{label}{opened}<span class="lf-3"> {len(pairs)} </span><span class="lf-3">{closed}</span></summary>{inner}</details>'


def _leaf(value: Any) -> str:
    if isinstance(value, str):
        return f'<span class="s">{escape(json.dumps(value, ensure_ascii=False))}</span>'
    if isinstance(value, bool) or value is None:
        return f'<span class="w">{json.dumps(value)}</span>'
    return f'<span class="n">{escape(json.dumps(value, default=str))}</span>'
