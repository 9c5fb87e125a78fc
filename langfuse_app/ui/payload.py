"""Payloads as HTML: a conversation as messages, other JSON as a tree, text as Markdown. Everything from outside is escaped.

A payload may be of any size: what is written stays within a budget, and says what it left out. The browser gets plain
elements that open and close by themselves; the icons come from the sprite of the shell.
"""

import json
from dataclasses import dataclass
from html import escape
from typing import Any, cast

from markdown_it import MarkdownIt

from langfuse_app.ui.format import size
from langfuse_app.ui.messages import Message, Part, conversation, tools
from langfuse_app.ui.text import t

BUDGET = 24_000  # characters of HTML for one payload; a screen holds several
_LONG_TEXT = 6_000
_LONG_VALUE = 1_200
_CHILDREN = 100
_OPEN_CHILDREN = 40
_DEEPEST = 40
_SHORT_SYSTEM = 160

_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"]).disable("image")
_ROLE_ICONS = {"system": "settings", "user": "user", "assistant": "sparkle", "tool": "wrench"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """HTML that is safe to show, and a word about what it is (`4 messages`)."""

    html: str = ""
    note: str = ""


class _Writer:
    """Collects HTML until the budget is spent; then says once that more is left."""

    def __init__(self, budget: int) -> None:
        self._parts: list[str] = []
        self._left = budget

    @property
    def full(self) -> bool:
        return self._left <= 0

    def add(self, html: str) -> None:
        self._parts.append(html)
        self._left -= len(html)

    def html(self) -> str:
        return "".join(self._parts)


MAX_CHARACTERS = 2_000_000  # of a payload that is parsed for reading; longer ones are shown as text


def parsed(text: str) -> Any:
    """The value of a stored payload: JSON where the text is JSON, else the text itself."""
    if text[:1] in '{["-0123456789tfn' and len(text) <= MAX_CHARACTERS:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def formatted(text: str | None, budget: int = BUDGET) -> Rendered:
    """A payload for reading."""
    if not text:
        return Rendered()
    value = parsed(text)
    messages = conversation(value)
    if messages:
        return _conversation(value, messages, budget)
    if isinstance(value, str):
        return Rendered(f'<div class="lf-prose">{_prose(value, budget)}</div>', _text_note(value))
    return Rendered(json_tree(value, budget), _value_note(value))


def raw(text: str | None, budget: int = BUDGET) -> Rendered:
    """A payload as it was stored: a tree of JSON, or text without Markdown."""
    if not text:
        return Rendered()
    value = parsed(text)
    if isinstance(value, str):
        cut = value[:budget]
        return Rendered(f'<pre class="lf-code" data-wrap>{escape(cut)}</pre>{_rest(len(value) - len(cut))}', _text_note(value))
    return Rendered(json_tree(value, budget), _value_note(value))


def json_tree(value: Any, budget: int = BUDGET) -> str:
    """A JSON value whose branches open and close without a round trip."""
    out = _Writer(budget)
    out.add('<div class="lf-json">')
    if isinstance(value, dict | list) and value:
        _children(out, cast("dict[str, Any] | list[Any]", value), 0)
    else:
        _node(out, "", value, 0)
    out.add("</div>")
    return out.html()


def _node(out: _Writer, key: str, value: Any, depth: int) -> None:
    name = f'<span class="k">{escape(key[:200])}</span>' if key else ""
    row = f'class="lf-json-row" style="--d:{depth}"'
    if isinstance(value, dict | list) and value and depth < _DEEPEST:
        branch = cast("dict[str, Any] | list[Any]", value)
        opened = " open" if depth < 3 and len(branch) <= _OPEN_CHILDREN else ""
        out.add(f"<details{opened}><summary {row}>{_TWIST}<span>{name}<span class=c>{_value_note(branch)}</span></span></summary>")
        _children(out, branch, depth + 1)
        out.add("</details>")
    else:
        out.add(f'<div {row}><span class="lf-gap"></span><span>{name}{": " if name else ""}{_leaf(value)}</span></div>')


def _children(out: _Writer, branch: dict[str, Any] | list[Any], depth: int) -> None:
    pairs = list(branch.items()) if isinstance(branch, dict) else [(str(index), item) for index, item in enumerate(branch)]
    for number, (key, item) in enumerate(pairs):
        if out.full or number >= _CHILDREN:
            more = t("more", count=_count(len(pairs) - number))
            out.add(f'<div class="lf-json-row lf-3" style="--d:{depth}"><span class="lf-gap"></span>{more}</div>')
            return
        _node(out, str(key), item, depth)


def _leaf(value: Any) -> str:
    if isinstance(value, str):
        cut = value[:_LONG_VALUE]
        return f'<span class="s">{escape(json.dumps(cut, ensure_ascii=False), quote=False)}</span>{_rest(len(value) - len(cut))}'
    if isinstance(value, bool) or value is None:
        return f'<span class="w">{json.dumps(value)}</span>'
    text = _dumped(value)[:_LONG_VALUE]
    return f'<span class="{"n" if isinstance(value, int | float) else "w"}">{escape(text)}</span>'


def _conversation(value: Any, messages: list[Message], budget: int) -> Rendered:
    out = _Writer(budget)
    out.add('<div class="lf-chat">')
    offered = tools(value)
    if offered:
        names = "".join(f'<span class="lf-tag lf-mono">{escape(name[:80])}</span>' for name in offered[:20])
        out.add(f'<div class="lf-offered"><span class="lf-3">{t("tools")}</span>{names}{_rest_of(len(offered) - 20)}</div>')
    # a long conversation is read from its end: the newest messages are those of this call
    kept = messages if len(messages) <= 60 else [*messages[:1], *messages[-59:]]
    for number, message in enumerate(kept):
        if number == 1 and len(kept) < len(messages):
            out.add(f'<p class="lf-help">{t("messages.earlier", count=len(messages) - len(kept))}</p>')
        if out.full:
            out.add(f'<p class="lf-help">{t("messages.later", count=len(kept) - number)}</p>')
            break
        _message(out, message, first=number == 0)
    out.add("</div>")
    note = t("messages", count=len(messages)) if len(messages) > 1 else ""
    return Rendered(out.html(), note)


def _message(out: _Writer, message: Message, *, first: bool) -> None:
    role = message.role if message.role in _ROLE_ICONS else "other"
    label = t(f"role.{role}") if role in _ROLE_ICONS else message.role[:40].capitalize() or t("message")
    text = " ".join(part.text for part in message.parts)
    extra = message.name or _what(message.parts)
    head = f'{_icon(_ROLE_ICONS.get(role, "message"))}{escape(label)}<span class="lf-3">{escape(extra[:80])}</span>'
    if role == "system" and first and len(text) > _SHORT_SYSTEM:
        folded = f'<summary class="lf-msg-head">{head}<span class="lf-3">{_count(len(text))} {t("characters")}</span>{_icon("chevron", "lf-end")}</summary>'
        out.add(f'<details class="lf-msg" data-role="system">{folded}<div class="lf-msg-body">')
        _bodies(out, message.parts)
        out.add("</div></details>")
        return
    out.add(f'<article class="lf-msg" data-role="{role}"><div class="lf-msg-head">{head}</div><div class="lf-msg-body">')
    _bodies(out, message.parts)
    out.add("</div></article>")


def _what(parts: list[Part]) -> str:
    kinds = {part.kind for part in parts}
    if "call" in kinds:
        calls = sum(part.kind == "call" for part in parts)
        return t("tool_call") if calls == 1 else t("tool_calls", count=calls)
    return next((part.name or part.id for part in parts if part.kind == "result"), "")


def _bodies(out: _Writer, parts: list[Part]) -> None:
    if not parts:
        out.add(f'<span class="lf-3">{t("empty")}</span>')
    for part in parts:
        out.add(_body(part))


def _body(part: Part) -> str:
    if part.kind == "text":
        value = parsed(part.text)
        return _prose(part.text) if isinstance(value, str | int | float | bool) or value is None else _code(value)
    if part.kind == "reasoning":
        inner = _prose(part.text) if part.text else _code(part.value)
        return f'<details class="lf-thought"><summary>{t("reasoning")}</summary>{inner}</details>'
    if part.kind == "call":
        return _tool_call(part)
    if part.kind == "result":
        return _result(part)
    return _code(part.value)


def _tool_call(part: Part) -> str:
    given = parsed(part.value) if isinstance(part.value, str) else part.value
    head = f'{_icon("wrench")}<span class="lf-mono">{escape(part.name[:120])}</span><span class="lf-3 lf-mono lf-clip">{escape(part.id[:60])}</span>'
    return f'<div class="lf-toolcall"><header>{head}</header>{_code({} if given is None else given)}</div>'


def _result(part: Part) -> str:
    answer = part.text or part.value
    value = parsed(answer) if isinstance(answer, str) else answer
    return _prose(value) if isinstance(value, str) else _code(value)


def _code(value: Any) -> str:
    """Small JSON on a line as people write it; larger JSON as a tree."""
    if isinstance(value, str):
        return f'<div class="lf-code" data-wrap>{escape(value[:_LONG_TEXT])}{_rest(len(value) - _LONG_TEXT)}</div>'
    if len(_dumped(value)) > 240:
        return f'<div class="lf-code">{json_tree(value, _LONG_TEXT)}</div>'
    return f'<div class="lf-code" data-wrap>{_inline(value)}</div>'


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (
            f'<span class="k">{escape(json.dumps(str(k), ensure_ascii=False), quote=False)}</span>: {_inline(v)}'
            for k, v in cast("dict[Any, Any]", value).items()
        )
        inner = ", ".join(pairs)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, cast('list[Any]', value)))}]"
    return _leaf(value)


def _prose(text: str, budget: int = _LONG_TEXT) -> str:
    """Markdown without raw HTML and without images, so that nothing in it is fetched or run."""
    cut = text[:budget]
    return f"{_markdown.render(cut)}{_rest(len(text) - len(cut))}"


def _rest(characters: int) -> str:
    return f' <span class="lf-3">… {t("more.size", size=size(characters))}</span>' if characters > 0 else ""


def _rest_of(things: int) -> str:
    return f'<span class="lf-3">+{things}</span>' if things > 0 else ""


def _text_note(text: str) -> str:
    return f"{_count(len(text))} {t('characters')}" if len(text) > 200 else ""


def _value_note(value: Any) -> str:
    if isinstance(value, dict):
        length = len(cast("dict[str, Any]", value))
        return t("keys.one") if length == 1 else t("keys", count=_count(length))
    if isinstance(value, list):
        length = len(cast("list[Any]", value))
        return t("items.one") if length == 1 else t("items", count=_count(length))
    return ""


def _icon(name: str, more: str = "") -> str:
    return f'<svg class="lf-icon {more}" viewBox="0 0 24 24" aria-hidden="true"><use href="#lf-i-{name}"/></svg>'


_TWIST = f'<span class="lf-twist">{_icon("chevron")}</span>'


def _dumped(value: Any) -> str:
    try:
        return json.dumps(value, default=str)
    except RecursionError:  # parsed within the limit, but deeper than the encoder goes
        return t("deep")


def _count(number: int) -> str:
    return f"{number:,}"
