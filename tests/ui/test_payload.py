"""Payloads as HTML (ui/payload.py): readable for the usual shapes, harmless for any."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langfuse_app.ui import payload

EVIL = "<img src=x onerror=alert(1)>\"'</pre><script>alert(1)</script>"
TAGS = {
    *("div", "span", "details", "summary", "article", "header", "b", "pre", "p", "svg", "use", "ul", "ol", "li", "strong", "em"),
    *("code", "a", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "br", "blockquote", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"class", "data-role", "data-wrap", "open", "viewbox", "aria-hidden", "d", "cx", "cy", "r", "href", "title", "start", "style"}
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from([EVIL, "user", "system", "text", "{}", "[", ""])
    | st.text(max_size=8)
)
keys = st.sampled_from(
    [
        "role",
        "content",
        "parts",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "messages",
        "choices",
        "message",
        "type",
        "text",
        "id",
        "input",
        EVIL,
    ]
)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5), max_leaves=14)


class _Check(HTMLParser):
    """Collects tags that are not ours, handlers, and addresses that run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        self.wrong += [tag] if tag not in TAGS else []
        self.wrong += [name for name in names if name not in ATTRIBUTES]
        self.wrong += [
            str(value) for name, value in attrs if name == "href" and not re.match(r"https?://|mailto:|/|#|[\w.-]*$", value or "")
        ]


def harmless(html: str) -> bool:
    return _Check(html).wrong == []


@settings(max_examples=300, deadline=None)
@given(values)
def test_no_payload_breaks_out_or_fails(value: Any) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    for shown in (payload.formatted(text), payload.raw(text)):
        assert harmless(shown.html), shown.html
        assert len(shown.html) < 2 * payload.BUDGET


@pytest.mark.parametrize("role", ["user", "system", EVIL])
def test_messages_escape_what_they_quote(role: str) -> None:
    message = {
        "role": role,
        "name": EVIL,
        "content": EVIL * 10,
        "tool_calls": [{"id": EVIL, "function": {"name": EVIL, "arguments": EVIL}}],
    }
    html = payload.formatted(json.dumps([message])).html
    assert harmless(html)
    assert "<script" not in html


@pytest.mark.parametrize(
    "value",
    [
        [{"role": "user", "content": "hello"}],
        {"messages": [{"role": "user", "content": "hello"}]},
        {"choices": [{"message": {"role": "assistant", "content": "hello"}}]},
        {"role": "assistant", "parts": [{"type": "text", "text": "hello"}]},
        [{"role": "user", "content": [{"type": "text", "text": "hello"}, {"type": "image_url", "image_url": {"url": "data:x"}}]}],
    ],
)
def test_conversations_are_messages(value: Any) -> None:
    html = payload.formatted(json.dumps(value)).html
    assert 'class="lf-msg"' in html
    assert "<p>hello</p>" in html


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,<script>", "vbscript:x"])
def test_links_that_run_are_no_links(link: str) -> None:
    assert "<a " not in payload.formatted(f"[x]({link})").html


def test_images_are_not_fetched() -> None:
    assert "<img" not in payload.formatted("![x](https://tracker.example/pixel.png)").html


@pytest.mark.parametrize(
    "text", ["x" * 500_000, json.dumps({"a": "x" * 500_000}), json.dumps([{"k": n, "v": "y" * 50} for n in range(9_000)])]
)
@pytest.mark.parametrize("show", [payload.formatted, payload.raw])
def test_big_payloads_stay_within_the_budget_and_say_what_is_left(text: str, show: Any) -> None:
    html = show(text).html
    assert len(html) < 2 * payload.BUDGET
    assert "more" in html


def test_a_long_conversation_keeps_its_end() -> None:
    turns = [{"role": ("user", "assistant")[n % 2], "content": f"turn {n}"} for n in range(300)]
    shown = payload.formatted(json.dumps([{"role": "system", "content": "s" * 900}, *turns]))
    assert shown.note == "301 messages"
    assert "turn 299" in shown.html
    assert "turn 5<" not in shown.html
    assert "241 earlier messages" in shown.html


def test_a_long_system_message_starts_closed() -> None:
    html = payload.formatted(json.dumps([{"role": "system", "content": "long " * 100}, {"role": "user", "content": "hi"}])).html
    assert '<details class="lf-msg" data-role="system">' in html


def test_deep_json_is_no_recursion_error() -> None:
    assert payload.raw("[" * 5_000 + "]" * 5_000).html
    assert payload.formatted('{"a":' * 900 + "1" + "}" * 900).html
    assert payload.formatted('[{"role":"user","content":' + '{"a":' * 900 + "1" + "}" * 900 + "}]").html
