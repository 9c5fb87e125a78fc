"""Conversations of every usual dialect become the same messages (ui/messages.py)."""

from typing import Any

import pytest

from langfuse_app.ui.messages import Message, Part, conversation, tools

HELLO = [Message("user", parts=[Part("text", "hello")])]


@pytest.mark.parametrize(
    "value",
    [
        [{"role": "user", "content": "hello"}],
        [[{"role": "user", "content": "hello"}]],
        [{"type": "human", "content": "hello"}],
        [{"role": "human", "content": [{"type": "text", "text": "hello"}]}],
        [{"role": "user", "content": [{"type": "input_text", "text": "hello"}]}],
        [{"role": "user", "parts": [{"type": "text", "content": "hello"}]}],
        {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]},
        {"messages": [{"role": "user", "content": "hello"}]},
        {"choices": [{"message": {"role": "user", "content": "hello"}}]},
        {"candidates": [{"content": {"role": "user", "parts": [{"text": "hello"}]}}]},
    ],
)
def test_one_turn(value: Any) -> None:
    assert conversation(value) == HELLO


@pytest.mark.parametrize(
    "value", [None, 3, "text", [], {}, ["a", "b"], [{"id": 1}], {"role": "admin"}, [{"role": "user", "content": "x"}, 3]]
)
def test_what_is_no_conversation(value: Any) -> None:
    assert conversation(value) == []


CALL = Part("call", value={"city": "Oslo"}, name="weather", id="c1")


@pytest.mark.parametrize(
    "value",
    [
        [{"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Oslo"}}]}],
        [{"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "name": "weather", "args": {"city": "Oslo"}}]}],
        [{"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Oslo"}}]}],
        [{"role": "assistant", "content": [{"type": "tool-call", "toolCallId": "c1", "toolName": "weather", "input": {"city": "Oslo"}}]}],
        [{"type": "function_call", "call_id": "c1", "name": "weather", "arguments": {"city": "Oslo"}}],
        [{"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "weather", "args": {"city": "Oslo"}}}]}],
    ],
)
def test_tool_calls(value: Any) -> None:
    assert conversation(value) == [Message("assistant", parts=[CALL])]


@pytest.mark.parametrize(
    "value",
    [
        [{"role": "tool", "tool_call_id": "c1", "content": "sunny"}],
        [{"type": "function_call_output", "call_id": "c1", "output": "sunny"}],
        [{"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "sunny"}]}],
        [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "sunny"}]}]}],
    ],
)
def test_tool_results(value: Any) -> None:
    (message,) = conversation(value)
    (part,) = message.parts
    assert part.kind == "result"
    assert "sunny" in (part.text, part.value)


def test_the_system_prompt_beside_the_messages() -> None:
    found = conversation({"system": "be brief", "messages": [{"role": "user", "content": "hello"}]})
    assert [message.role for message in found] == ["system", "user"]


def test_reasoning_and_media() -> None:
    parts = [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "yes"},
        {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
    ]
    (message,) = conversation([{"role": "assistant", "content": parts}])
    assert [part.kind for part in message.parts] == ["reasoning", "text", "media"]


def test_offered_tools() -> None:
    assert tools({"tools": [{"type": "function", "function": {"name": "a"}}, {"name": "b"}, 3]}) == ["a", "b"]
