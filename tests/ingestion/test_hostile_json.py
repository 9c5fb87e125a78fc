"""Odd and hostile bodies: bounded, answered, and nothing else in the request is harmed (invariant 1)."""

import json
import time
from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from langfuse_app.ingestion.changes import Change
from langfuse_app.ingestion.json_events import EnvelopeError, accept_batch, decode_batch
from langfuse_app.ingestion.repair import repair
from tests.ingestion.wire import NOON, batch, event, merge_into, request

DEEP = 10_000


def hostile(fields: bytes) -> bytes:
    """A batch of one event with these fields and one ordinary sibling."""
    one = b'{"id":"e1","type":"generation-create","timestamp":"%s","body":{"id":"o1","traceId":"t1",%s}}' % (NOON.encode(), fields)
    return b'{"batch":[%s,%s]}' % (one, json.dumps(event("span-create", {"id": "o2", "traceId": "t2", "name": "fine"}, id="e2")).encode())


def stored(body: bytes) -> dict[str, object]:
    accepted = accept_batch(body, "r", "p", scores_only=False)
    found = [change for change in decode_batch(body, None, request()) if isinstance(change, Change)]
    assert {change.index for change in found} == {index for index, _ in accepted.routes}
    rows = {key[2]: row for key, row in merge_into({}, found).items()}
    assert rows["o2"].name == "fine"
    for row in rows.values():
        f"{row}".encode()  # no lone surrogates anywhere
    return rows


@pytest.mark.parametrize(
    ("fields", "column", "value"),
    [
        (b'"input":[NaN,Infinity,-Infinity,1]', "input", "[null,null,null,1]"),
        (b'"input":"NaN \\"Infinity"', "input", 'NaN "Infinity'),
        (b'"metadata":{"a":NaN,"b":{"c":Infinity}}', "metadata", {"a": "null", "b": '{"c":null}'}),
        (b'"input":"a\\u0000b"', "input", "a\ufffdb"),
        (b'"input":"\\ud800 \\udc00\\ud83d\\ude00"', "input", "\ufffd \ufffd😀"),
        (b'"input":{"k":"\\ud800"}', "input", '{"k":"\ufffd"}'),
        (b'"name":"\\udfff\\u0000"', "name", "\ufffd\ufffd"),
        (b'"name":"\xff\xfe"', "name", "\ufffd\ufffd"),
        (b'"input":"\xff"', "input", "\ufffd"),
        (b'"input":{"k":"\xc3"}', "input", '{"k":"\ufffd"}'),
        (b'"name":"tab\tand\nline"', "name", "tab\tand\nline"),
        (b'"metadata":{"__proto__":{"x":1},"__class__":"y","constructor":1}', "metadata", {"__proto__": '{"x":1}', "__class__": "y", "constructor": "1"}),
        (b'"metadata":{"a.b":1,"a":{"b":2}}', "metadata", {"a.b": "1", "a": '{"b":2}'}),
        (b'"metadata":{"a":1,"a":2}', "metadata", {"a": "2"}),
        (b'"metadata":{"n":1e400,"\\ud800":"x"}', "metadata", {"n": "1e400", "\ufffd": "x"}),
        (b'"environment":5', "environment", "default"),
        (b'"environment":{"a":[NaN]}', "environment", "default"),
        (b'"usageDetails":{"input":1e30,"output":5,"x":-1,"y":"7"}', "provided_usage_details", {"output": 5, "y": 7}),
        (b'"costDetails":{"input":1e30,"output":0.5}', "provided_cost_details", {"output": Decimal("0.5")}),
    ],
)  # fmt: skip
def test_odd_values_are_stored_as_near_as_can_be(fields: bytes, column: str, value: object) -> None:
    assert getattr(stored(hostile(fields))["o1"], column) == value


@pytest.mark.parametrize("shape", ["[%s]", '{"a":%s}'])
def test_deep_json_is_kept_as_text(shape: str) -> None:
    opened, closed = shape.split("%s")
    deep = opened * DEEP + "1" + closed * DEEP
    rows = stored(hostile(f'"input":{deep},"metadata":{{"k":{deep}}},"name":"n"'.encode()))
    row = rows["o1"]
    assert row.name == "n"
    assert row.input.startswith(opened * 50)
    assert row.metadata["k"].startswith(opened * 50)
    assert json.loads(row.input)
    assert len(row.input) < 5 * len(deep)


def test_deep_json_where_a_name_is_expected_is_refused() -> None:
    found = accept_batch(hostile(b'"version":' + b"[" * DEEP + b"]" * DEEP), "r", "p", scores_only=False)
    assert [one["error"] for one in found.errors] == ["body.version: Expected str | null, got array"]
    assert found.routes == [(1, "t2")]


@pytest.mark.parametrize("digits", [30, 400, 5_000, 200_000])
def test_huge_integers(digits: int) -> None:
    number = b"9" * digits
    row = stored(hostile(b'"input":%s,"metadata":{"n":%s}' % (number, number)))["o1"]
    assert row.input == row.metadata["n"] == number.decode()
    found = accept_batch(hostile(b'"usage":{"input":%s}' % number), "r", "p", scores_only=False)
    assert found.routes[-1] == (1, "t2")


def test_wide_objects_and_long_strings_take_little_time() -> None:
    wide = json.dumps({f"key {n}": {"x": n} for n in range(20_000)}).encode()
    start = time.perf_counter()
    rows = stored(hostile(b'"metadata":%s,"input":"%s"' % (wide, b"x" * 3_000_000)))
    assert time.perf_counter() - start < 5
    assert len(rows["o1"].metadata) == 20_000


def test_repairing_a_large_body_is_bounded() -> None:
    body = hostile(b'"input":[NaN%s]' % (b',"a\\\\\\"b",1.5' * 250_000))
    start = time.perf_counter()
    assert len(accept_batch(body, "r", "p", scores_only=False).routes) == 2
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'"' * 99_999, b'{"batch":[' + b'"\\' * 99_999, b"-" * 100_000, b"9" * 1_000_000, b"\x00" * 1000, b"\xff" * 1000],
)
def test_garbage_is_refused_quickly(body: bytes) -> None:
    start = time.perf_counter()
    with pytest.raises(EnvelopeError):
        accept_batch(body, "r", "p", scores_only=False)
    assert time.perf_counter() - start < 5


SNIPPETS = st.sampled_from(
    [b"NaN", b"\\ud800", b"\xff", b"[" * 1200, b"null", b'"', b"{", b"}", b",", b":", b"1e999", b'"id":1,', b"\\u0000", b"-", b"\x01", b"]"]
)
REALISTIC = batch(
    event("trace-create", {"id": "t1", "name": "n", "metadata": {"a": {"b": [1, 2]}}, "tags": ["x"]}),
    event("generation-create", {"id": "o1", "traceId": "t1", "input": [{"role": "user"}], "usage": {"input": 1}}, id="e2"),
    event("score-create", {"id": "s1", "traceId": "t1", "name": "n", "value": 0.5}, id="e3"),
)


@given(st.lists(st.tuples(st.integers(0, len(REALISTIC)), st.integers(0, 12), SNIPPETS), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_a_mutated_batch_is_accepted_or_refused_and_decodes_as_it_was_accepted(mutations: list[tuple[int, int, bytes]]) -> None:
    body = REALISTIC
    for place, cut, snippet in mutations:
        body = body[:place] + snippet + body[place + cut :]
    try:
        accepted = accept_batch(body, "r", "p", scores_only=False)
    except EnvelopeError:
        return
    found = [change for change in decode_batch(body, None, request()) if isinstance(change, Change)]
    assert {change.index for change in found} == {index for index, _ in accepted.routes}
    merge_into({}, found)


def test_repair_leaves_sound_json_alone() -> None:
    sound = json.dumps({"a": [1, -2.5e-3, True, None, 'NaN "quoted" \\ é', {"Infinity": "x"}], "": {}}).encode()
    assert json.loads(repair(sound)) == json.loads(sound)
    assert repair(repair(sound)) == repair(sound)
