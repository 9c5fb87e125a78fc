"""Values on their way into columns, and usage in all its spellings (spec/api.md §5.2, §7)."""

import math
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from langfuse_app.ingestion import normalise
from langfuse_app.ingestion.usage import Usage, provided_cost, provided_usage


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("production", "production"), ("Prod_1-x", "prod_1-x"), ("langfuse", "default"), ("langfuse-", "default"), ("langfuse-dev", "dev"),
        ("LANGFUSE_langfuse-Langfusedev", "dev"), ("my-langfuse", "my-langfuse"), ("a b", "default"), ("ä", "default"), ("", "default"),
        (None, "default"), (5, "default"), ("x" * 50, "x" * 40), ("x" * 40 + "!", "x" * 40), ("dev\n", "default"),
    ],
)  # fmt: skip
def test_environment(value: object, name: str) -> None:
    assert normalise.environment(value) == name


@pytest.mark.parametrize(
    ("value", "stored"),
    [("1", 1), (1, 1), (0, 0), (2.0, 2), (" 7 ", 7), (-1, None), (1.5, None), ("x", None), ("1.5", None), (True, None), (None, None), ([], None), (2**64, None), ("9" * 30, None), (math.nan, None), (math.inf, None)],
)  # fmt: skip
def test_count(value: object, stored: int | None) -> None:
    assert normalise.count(value) == stored


@pytest.mark.parametrize(
    ("value", "stored"),
    [(1, Decimal(1)), (0.1, Decimal("0.1")), (0, Decimal(0)), (1e-13, Decimal(0)), (-0.1, None), ("1", None), (True, None), (math.nan, None), (math.inf, None), (10**7, None), (None, None)],
)  # fmt: skip
def test_cost(value: object, stored: Decimal | None) -> None:
    assert normalise.cost(value) == stored


def test_levels_tags_and_clamping() -> None:
    assert [normalise.level(value) for value in ("error", "WARNING", "fatal", None, 3)] == [
        "ERROR",
        "WARNING",
        "DEFAULT",
        "DEFAULT",
        "DEFAULT",
    ]
    assert normalise.tags(["b", "a", "b", 1, None, "", {"x": 1}]) == ["1", "a", "b", '{"x":1}']
    assert normalise.tags("a") == normalise.tags(None) == []
    now = 1_800_000_000_000_000
    assert normalise.clamp(now, now) == (now, False)
    assert normalise.clamp(now + 86_400_000_001, now) == (now + 86_400_000_000, True)
    assert normalise.clamp(-(10**18), now) == (946_684_800_000_000, True)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), ("x", "x"), ("a\x00\ud800", "a\ufffd\ufffd"), ([1, "é"], '[1,"é"]'), (math.nan, "null"), ({"a": {1: None}}, '{"a":{"1":null}}'), (True, "true"), (10**30, "1" + "0" * 30), ({"\udc00": {(1, 2): b"x"}}, None)],
)  # fmt: skip
def test_text(value: object, text: str | None) -> None:
    found = normalise.text(value)
    found.encode()
    assert text is None or found == text


def test_text_of_something_bottomless() -> None:
    deep: Any = []
    for _ in range(5_000):
        deep = [deep]
    assert normalise.text(deep).startswith("[" * 200)


def test_model_parameters() -> None:
    given = {"temperature": 0.5, "n": 1, "stop": ["a"], "stream": True, "text": "x", "none": None, "nested": {"a": 1}}
    assert msgspec.json.decode(normalise.model_parameters(given)) == {
        "temperature": 0.5, "n": 1, "stop": '["a"]', "stream": "true", "text": "x", "nested": '{"a":1}',
    }  # fmt: skip
    assert normalise.model_parameters({}) == normalise.model_parameters(None) == normalise.model_parameters({"a": None}) == ""


KEYS = st.text(st.sampled_from("a/~#0.é"), max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
)


@given(st.dictionaries(KEYS, JSON, max_size=4))
def test_leaves_are_the_whole_value(value: dict[str, Any]) -> None:
    assert normalise.leaves_to_map(normalise.metadata_leaves(value)) == normalise.metadata_map(value)


@given(KEYS)
def test_every_key_is_one_path_segment(key: str) -> None:
    name = normalise.segment(key)
    assert "/" not in name
    assert name
    assert not name.startswith("#")
    assert normalise.unsegment(name) == key


# --- usage ----------------------------------------------------------------------------------------

CHAT = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
RESPONSES = {"input_tokens": 20, "output_tokens": 10, "total_tokens": 30}


@pytest.mark.parametrize(
    ("usage", "details", "stored"),
    [
        ({"input": 1, "output": 2}, None, {"input": 1, "output": 2, "total": 3}),
        ({"input": 51, "output": 0, "total": 100}, None, {"input": 51, "output": 0, "total": 100}),
        ({"input": 5}, None, {"input": 5, "total": 5}),
        ({"total": 5}, None, {"total": 5}),
        ({"promptTokens": 1, "completionTokens": 2, "totalTokens": 4}, None, {"input": 1, "output": 2, "total": 4}),
        ({"input": 3.0, "output": -2}, None, {"input": 3, "total": 3}),
        ({}, None, {}),
        ({"input": 0, "output": 0}, None, {"input": 0, "output": 0}),
        (CHAT, None, {"input": 20, "output": 10, "total": 30}),
        (CHAT | {"prompt_tokens_details": {"cached_tokens": 4}}, None, {"input": 16, "output": 10, "total": 30, "input_cached_tokens": 4}),
        ({"input": 1, "output": 2}, {"input": 7, "cache": 1}, {"input": 7, "output": 2, "cache": 1}),
        ({"input": 1, "total": 9}, {"output": 7}, {"input": 1, "output": 7, "total": 9}),
        ({"input": 1, "output": 2}, {"bad": -1}, {"input": 1, "output": 2, "total": 3}),
        (None, {"a": "5", "b": -1, "c": 1.5, "d": {}, "e": None, "f": True, "g": 2.0}, {"a": 5, "g": 2}),
        (None, CHAT, {"input": 20, "output": 10, "total": 30}),
        (None, CHAT | {"prompt_tokens_details": None, "completion_tokens_details": {"reasoning_tokens": 2, "audio_tokens": None}},
            {"input": 20, "output": 8, "total": 30, "output_reasoning_tokens": 2}),
        (None, CHAT | {"prompt_tokens_details": {"cached_tokens": 25, "audio_tokens": 0}},
            {"input": 0, "output": 10, "total": 30, "input_cached_tokens": 25, "input_audio_tokens": 0}),
        (None, RESPONSES | {"input_tokens_details": {"cached_tokens": 4}, "output_tokens_details": {"reasoning_tokens": 3}},
            {"input": 16, "output": 7, "total": 30, "input_cached_tokens": 4, "output_reasoning_tokens": 3}),
        (None, CHAT | {"more": 1}, {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30, "more": 1}),
        (None, {"prompt_tokens": 20, "completion_tokens": 10}, {"prompt_tokens": 20, "completion_tokens": 10}),
        (None, CHAT | {"prompt_tokens_details": {"x": "text"}}, {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}),
    ],
)  # fmt: skip
def test_provided_usage(usage: dict[str, Any] | None, details: dict[str, Any] | None, stored: dict[str, int]) -> None:
    assert provided_usage(_usage(usage), details) == stored


@pytest.mark.parametrize(
    ("usage", "details", "stored"),
    [
        ({"inputCost": 0.1, "outputCost": 0.2, "totalCost": 0.3}, None, {"input": 0.1, "output": 0.2, "total": 0.3}),
        ({"inputCost": 0.1, "totalCost": None}, {"input": 0.5, "cache": 1}, {"input": 0.5, "cache": 1.0}),
        ({"promptTokens": 1, "inputCost": 0.1}, None, {}),
        (None, {"input": -1, "output": "2", "total": None, "x": 0}, {"x": 0.0}),
        (None, None, {}),
    ],
)
def test_provided_cost(usage: dict[str, Any] | None, details: dict[str, Any] | None, stored: dict[str, float]) -> None:
    assert {key: float(value) for key, value in provided_cost(_usage(usage), details).items()} == stored


def _usage(value: dict[str, Any] | None) -> Usage | None:
    return None if value is None else msgspec.json.decode(msgspec.json.encode(value), type=Usage)
