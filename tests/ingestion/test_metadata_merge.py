"""Metadata by leaf: shadowing, floors, and that joining in any order is one and the same."""

import json
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from tests.ingestion.test_merge_model import deep_merge
from tests.ingestion.wire import at, changes, event, merge_into, rows

CROWDED = st.recursive(
    st.sampled_from(["x", 1, None]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


def said(*statements: tuple[float, Any]) -> list[dict[str, Any]]:
    return [event("trace-create", {"id": "t", "metadata": value}, id=f"e{second}", timestamp=at(second)) for second, value in statements]


def merged(*statements: tuple[float, Any]) -> dict[str, str]:
    """One request each, in the order given; the seconds are the clocks."""
    found: dict[Any, Any] = {}
    for one in said(*statements):
        merge_into(found, changes(one))
    return found["trace", "", "t"].metadata


def test_objects_merge_key_by_key_and_arrays_position_by_position() -> None:
    first, second = {"a": {"x": 1, "l": [1, 2]}}, {"a": {"y": 2, "l": [3]}, "b": "text"}
    assert merged((1, first), (2, second)) == {"a": '{"l":[3,2],"x":1,"y":2}', "b": "text"}
    assert merged((2, second), (1, first)) == {"a": '{"l":[3,2],"x":1,"y":2}', "b": "text"}


def test_a_text_erases_the_object_before_it_even_when_that_arrives_later() -> None:
    old, text, new = (1, {"a": {"x": 1}}), (2, {"a": "s"}), (3, {"a": {"y": 2}})
    for order in ((old, text, new), (new, text, old), (text, new, old), (new, old, text), (old, new, text), (text, old, new)):
        assert merged(*order) == {"a": '{"y":2}'}
    assert merged(text, old) == merged(old, text) == {"a": "s"}


def test_an_empty_object_says_that_it_is_an_object() -> None:
    for order in (((1, {"a": {"x": 1}}), (3, {"a": {}}), (2, {"a": "s"})), ((2, {"a": "s"}), (3, {"a": {}}), (1, {"a": {"x": 1}}))):
        assert merged(*order) == {"a": "{}"}
    assert merged((1, {"a": {"x": 1}}), (2, {"a": {}})) == {"a": '{"x":1}'}


def test_a_null_inside_overwrites_and_a_null_as_a_whole_does_not() -> None:
    assert merged((1, {"a": 1, "b": {"c": 1}}), (2, {"a": None, "b": {"c": None}})) == {"a": "null", "b": '{"c":null}'}
    assert merged((1, {"a": 1}), (2, None)) == {"a": "1"}


def test_text_that_looks_like_json_stays_text() -> None:
    assert merged((1, {"a": '{"x":1}'}), (2, {"a": {"y": 1}})) == {"a": '{"y":1}'}
    assert merged((1, {"a": '{"x":1}', "n": "1"}), (2, {"b": 1})) == {"a": '{"x":1}', "n": "1", "b": "1"}


def test_what_is_no_object_is_kept_under_metadata() -> None:
    assert merged((1, "text")) == {"metadata": "text"}
    assert merged((1, 7), (2, {"a": 1})) == {"metadata": "7", "a": "1"}
    assert merged((1, [1, {"a": 2}])) == {"metadata": '[1,{"a":2}]'}


def test_odd_keys_survive() -> None:
    keys = {"a/b": 1, "~": 2, "#0": 3, "": 4, "~3": 5, "__proto__": 6, "__class__": {"": {"#": [1]}}, "a.b": 7, "a": {"b": 8}}
    found = merged((1, keys), (2, {"more": 1}))
    assert {key: json.loads(value) for key, value in found.items()} == keys | {"more": 1}


def test_beyond_the_bounds_a_value_is_one_leaf() -> None:
    wide = {str(number): number for number in range(1_500)}
    deep: Any = "end"
    for _ in range(100):
        deep = {"d": deep}
    found = merged((1, {"wide": wide, "deep": deep}), (2, {"wide": {"x": 1}}))
    assert found == {"wide": '{"x":1}', "deep": json.dumps(deep, separators=(",", ":"))}
    assert merged((1, {"wide": {"x": 1}}), (2, {"wide": wide})) == {"wide": json.dumps(wide, separators=(",", ":"))}
    assert merged((2, {"wide": wide}), (1, {"wide": {"x": 1}})) == {"wide": json.dumps(wide, separators=(",", ":"))}


def test_one_statement_keeps_the_order_of_its_keys() -> None:
    assert merged((1, {"a": {"z": 1, "b": 2}})) == {"a": '{"z":1,"b":2}'}


def test_a_large_object_is_stored_with_one_clock() -> None:
    [row] = rows(*said((1, {"k": {str(number): number for number in range(900)}}))).values()
    assert len(row.merge_clock) < 150


def test_an_object_within_keeps_its_object_from_an_array_of_before() -> None:
    stated = ((5, {"a": {"b": {}}}), (1, {"a": {"a": 1, "b": {"a": [1]}}}), (4, {"a": []}))
    assert merged(*stated) == merged(*sorted(stated, key=lambda one: one[0])) == {"a": '{"b":{}}'}


@given(st.lists(st.dictionaries(st.sampled_from("ab"), CROWDED, max_size=2), min_size=1, max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_any_order_is_a_deep_merge_in_the_order_of_clocks(values: list[Any], random: Any) -> None:
    expected: Any = {}
    for value in values:
        expected = deep_merge(expected, value)
    statements = list(enumerate(values))
    for _ in range(3):
        random.shuffle(statements)
        found = merged(*statements, *statements[:2])
        assert {k: v if isinstance(expected[k], str) else json.loads(v) for k, v in found.items()} == expected
