"""Stored text on the wire: values where they are JSON, and text where an answer could not carry the value."""

import json

import orjson
import pytest

from langfuse_app.core.wire import json_or_text, metadata_values

SHAPES = {"lists": ("[", "]"), "objects": ('{"a":', "}")}


def nested(shape: str, depth: int) -> str:
    opened, closed = SHAPES[shape]
    return opened * depth + "1" + closed * depth


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("depth", [201, 250, 300, 1_000, 1_030, 20_000])
def test_deep_json_is_answered_as_text(shape: str, depth: int) -> None:
    text = nested(shape, depth)
    body = {"data": [{"observations": [{"input": json_or_text(text), "metadata": metadata_values({"k": text})}]}]}
    answered = json.loads(orjson.dumps(body))["data"][0]["observations"][0]
    assert answered == {"input": text, "metadata": {"k": text}}


@pytest.mark.parametrize("shape", SHAPES)
def test_json_of_a_sensible_depth_is_a_value(shape: str) -> None:
    assert json_or_text(nested(shape, 200)) == json.loads(nested(shape, 200))


def test_many_brackets_are_not_deep() -> None:
    wide = json.dumps([{"a": ["["] * 3}] * 300)
    assert json_or_text(wide) == json.loads(wide)


@pytest.mark.parametrize(("text", "value"), [(None, None), ("", None), ("plain", "plain"), ("1", 1), ('"x"', "x"), ("[1", "[1")])
def test_other_text(text: str | None, value: object) -> None:
    assert json_or_text(text) == value
