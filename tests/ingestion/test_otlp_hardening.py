"""Whatever an exporter sends is answered clearly, stays bounded, and harms nothing else (spec/api.md §6.1, §6.2)."""

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from langfuse_app.ingestion.attributes import MAX_SLOTS, from_json
from langfuse_app.ingestion.changes import Change
from langfuse_app.ingestion.conventions import engine
from langfuse_app.ingestion.otlp import OtlpError, accept_export, decode_export
from langfuse_app.ingestion.wellformed import outline
from tests.otlp import (
    RECEIVED,
    SECOND,
    SPAN_ID,
    START,
    TRACE_ID,
    decode,
    encode,
    encode_proto,
    export,
    observe,
    pairs,
    request,
    rows,
    span,
)


def decode_json(document: Any) -> list[Change]:
    return [change for change in decode_export(encode(document), None, request()) if isinstance(change, Change)]


def attribute_json(value: dict[str, Any]) -> Any:
    """What metadata shows of an attribute that was sent as this AnyValue."""
    document = export(span() | {"attributes": [{"key": "k", "value": value}]})
    observations, _ = rows(decode_json(document))
    return json.loads(observations[SPAN_ID].metadata.get("attributes", "{}")).get("k")


# Values


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"stringValue": "x"}, "x"),
        ({"intValue": 7}, "7"),
        ({"intValue": "9007199254740993"}, "9007199254740993"),
        ({"intValue": {"low": 1, "high": 2097152}}, "9007199254740993"),
        ({"intValue": {"low": -1, "high": -1, "unsigned": False}}, "-1"),
        ({"intValue": "99999999999999999999999"}, '{"intValue":"99999999999999999999999"}'),
        ({"intValue": "seven"}, '{"intValue":"seven"}'),
        ({"doubleValue": 1.5}, "1.5"),
        ({"doubleValue": "2.5"}, "2.5"),
        ({"doubleValue": "NaN"}, "NaN"),
        ({"doubleValue": "-Infinity"}, "-Infinity"),
        ({"boolValue": True}, "true"),
        ({"arrayValue": {"values": [{"intValue": 1}, {"arrayValue": {"values": [{"stringValue": "a"}]}}]}}, '[1,["a"]]'),
        ({"arrayValue": {}}, "[]"),
        ({"kvlistValue": {"values": []}}, '{"kvlistValue":{"values":[]}}'),
        ({"bytesValue": "AQI="}, '{"bytesValue":"AQI="}'),
        ({"strange": 1}, '{"strange":1}'),
        ({}, None),
    ],
)
def test_values_of_otlp_json(value: dict[str, Any], shown: Any) -> None:
    assert attribute_json(value) == shown


def test_both_encodings_agree() -> None:
    values = {
        "map": {"kvlistValue": {"values": [{"key": "a", "value": {"intValue": 1}}, {"key": "b", "value": {"bytesValue": "AQI="}}]}},
        "bytes": {"bytesValue": "AQI="},
        "list": [1, "a", True, [1.5]],
        "number": -3,
        "double": 0.25,
        "empty": "",
        "messages": {"arrayValue": {"values": [{"kvlistValue": {"values": [{"key": "role", "value": {"stringValue": "user"}}]}}]}},
        "gen_ai.input.messages": {"kvlistValue": {"values": [{"key": "a", "value": {"arrayValue": {"values": []}}}]}},
    }
    assert observe(values).input == '{"a":[]}'  # `observe` compares the encodings


def test_values_nested_without_end_are_cut() -> None:
    value: dict[str, Any] = {"stringValue": "x"}
    for _ in range(150):
        value = {"arrayValue": {"values": [value]}}
    assert '\\"arrayValue' in json.dumps(from_json(value))


def test_an_attribute_that_came_twice_has_its_last_value() -> None:
    document = export(span() | {"attributes": [*pairs({"input": "first"}), *pairs({"input": "last"})]})
    assert rows(decode_json(document))[0][SPAN_ID].input == "last"


# Ids and form


def test_ids_as_text_are_verbatim_and_as_bytes_are_hex() -> None:
    sent = span(traceId="NOT-hex/ü", spanId={"type": "Buffer", "data": [0, 255]}, parentSpanId=[1, 2])
    body = encode(export(sent))
    (change, *_) = decode_export(body, None, request())
    assert isinstance(change, Change)
    assert accept_export(body, "otlp-json").trace_ids == [change.trace_id] == ["NOT-hex/ü"]
    assert (change.id, change.fields["parent_observation_id"]) == ("00ff", "0102")


@pytest.mark.parametrize(
    ("spans", "told"),
    [
        ([span(), span(traceId=None)], "traceId is missing; 2 spans read; scopes: app"),
        ([span(traceId=7), span(spanId={})], "traceId is no string or byte array, spanId is no string or byte array"),
        ([span(spanId=""), span(spanId="")], "spanId is missing (2 times)"),
        ([span(parentSpanId=5)], "parentSpanId is no string or byte array"),
        ([span() | {"attributes": {}}], "attributes is not an array"),
        ([span() | {"events": "x"}], "events is not an array"),
        ([None], "spans holds something else than objects"),
        ("spans", "spans is not an array"),
    ],
)
def test_one_bad_span_refuses_the_export_and_the_text_says_why(spans: Any, told: str) -> None:
    document = {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "app"}, "spans": spans}]}]}
    with pytest.raises(OtlpError) as refusal:
        accept_export(encode(document), "otlp-json")
    assert refusal.value.status == 400
    assert refusal.value.message.startswith("Invalid OTLP trace export: ")
    assert told in refusal.value.message


def test_protobuf_without_ids_is_refused_alike() -> None:
    with pytest.raises(OtlpError, match="spanId is missing; 1 spans read; scopes: test"):
        accept_export(encode_proto(export(span(spanId=""))), "otlp-protobuf")


@pytest.mark.parametrize(
    "document", [{}, {"resourceSpans": []}, {"resourceSpans": None}, {"resourceSpans": [{}]}, {"resourceSpans": [{"scopeSpans": None}]}]
)
def test_nothing_is_fine(document: Any) -> None:
    assert accept_export(encode(document), "otlp-json").trace_ids == []
    assert decode_export(encode(document), None, request()) == []


def test_a_well_formed_export_is_read_quickly_and_not_twice() -> None:
    document = export(span({"a": [1]}), span() | {"events": [], "attributes": None}, scope="app", resource={"r": 1})
    assert outline(encode(document))[0] == [TRACE_ID, TRACE_ID]


def test_an_empty_protobuf_body_is_an_empty_export() -> None:
    assert accept_export(b"", "otlp-protobuf").trace_ids == []


@pytest.mark.parametrize("body", [b"", b"{nope", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"resourceSpans": [}', b"[" * 100_000])
def test_bodies_that_are_no_export(body: bytes) -> None:
    with pytest.raises(OtlpError) as refusal:
        accept_export(body, "otlp-json")
    assert refusal.value.message == "Failed to parse OTel JSON Trace"


# What users can put into keys and values


def test_keys_that_mean_something_elsewhere_are_only_keys() -> None:
    keys = ["__class__", "__proto__", "constructor", "__init__.__globals__", "", ".", "$", "attributes", "langfuse.observation.metadata."]
    attributes = {key: f"value of {key}" for key in keys} | {
        "langfuse.observation.metadata.__class__": "m",
        "langfuse.observation.metadata.__proto__": "p",
        "gen_ai.prompt.__proto__.polluted": "x",
        "gen_ai.prompt.0.constructor": "x",
        "gen_ai.prompt.0.content": "hi",
    }
    row = observe(attributes)
    assert (row.input, row.metadata["__class__"], row.metadata["__proto__"]) == ('[{"content":"hi"}]', "m", "p")
    assert json.loads(row.metadata["attributes"]) == {key: f"value of {key}" for key in keys}


def test_users_metadata_may_take_the_names_of_ours() -> None:
    row = observe({"langfuse.observation.metadata.scope": "mine", "langfuse.trace.metadata.resourceAttributes": '{"a":1}'})
    assert (row.metadata["scope"], row.metadata["resourceAttributes"]) == ("mine", '{"a":1}')


@pytest.mark.parametrize("order", [1, -1])
def test_of_dotted_and_nested_keys_the_deeper_one_stands(order: int) -> None:
    attributes = {"gen_ai.prompt.0.content": "flat", "gen_ai.prompt.0.content.0.text": "deep", "gen_ai.prompt.0": "top"}
    row = observe(dict(list(attributes.items())[::order]))
    assert row.input == '[{"content":[{"text":"deep"}]}]'


def test_a_huge_index_costs_nothing() -> None:
    row = observe({"gen_ai.prompt.999999999999.content": "far", "gen_ai.prompt.5.content": "near"})
    assert row.input == '[{"content":"near"},{"content":"far"}]'


def test_a_span_gets_so_many_array_elements_and_no_more() -> None:
    many = {f"gen_ai.prompt.{index}": "x" for index in range(MAX_SLOTS - 1)} | {f"gen_ai.completion.{index}": "y" for index in range(5)}
    row = observe(many)
    assert len(json.loads(row.input)) == MAX_SLOTS - 1
    assert json.loads(row.output) == ["y"]


def test_a_path_of_ten_thousand_steps() -> None:
    row = observe({"gen_ai.prompt." + "a." * 10_000 + "b": "x", "langfuse.observation.output": "o"})
    assert row.output == "o"
    assert "x" in row.input


def test_nul_bytes_and_lone_surrogates_become_replacement_characters() -> None:
    sent = span({"langfuse.observation.input": "a\0b", "k\0": "v\0", "langfuse.observation.metadata.m\0": "x"}, name="n\0")
    observations, traces = rows(decode(export(sent, scope="s\0", resource={"service.name": "r\0"})))
    row = observations[SPAN_ID]
    assert (row.name, row.input, row.scope_name, row.service_name) == ("n\ufffd", "a\ufffdb", "s\ufffd", "r\ufffd")
    assert row.metadata["m\ufffd"] == "x"
    assert json.loads(row.metadata["attributes"]) == {"k\ufffd": "v\ufffd"}
    assert "\0" not in repr((row, traces))
    body = encode(export(span({"langfuse.observation.input": "@", "other": "kept"}))).replace(b'"@"', b'"a\\ud800b"')
    (change, *_) = decode_export(body, None, request())
    assert isinstance(change, Change)
    assert change.fields["input"] == "a\ufffdb"
    assert accept_export(body, "otlp-json").trace_ids == [TRACE_ID]


def test_bytes_that_are_no_utf8_harm_only_themselves() -> None:
    body = encode(export(span({"langfuse.observation.input": "@", "langfuse.observation.output": "fine"}))).replace(b'"@"', b'"a\xffb"')
    assert accept_export(body, "otlp-json").trace_ids == [TRACE_ID]
    (change, *_) = decode_export(body, None, request())
    assert isinstance(change, Change)
    assert (change.fields["input"], change.fields["output"]) == ("a\ufffdb", "fine")


def test_payloads_nested_too_deep_for_any_parser_are_text() -> None:
    deep = "[" * 50_000 + "]" * 50_000
    attributes = {"langfuse.observation.input": deep, "langfuse.observation.metadata.deep": deep, "gen_ai.tool.definitions": deep}
    attributes |= {"langfuse.trace.metadata.deep": "[" * 900 + "]" * 900, "tag.tags": deep, "llm.invocation_parameters": "{" + deep}
    observations, traces = rows(decode(export(span(attributes))))
    assert observations[SPAN_ID].input == deep
    assert traces[TRACE_ID].input == deep


def test_an_id_of_eight_hundred_characters() -> None:
    long = "t" * 800
    assert accept_export(encode(export(span(traceId=long))), "otlp-json").trace_ids == [long]


# Times


def test_a_missing_edge_is_the_other_one() -> None:
    only_start = observe(startTimeUnixNano=str(START), endTimeUnixNano="0")
    only_end = observe(startTimeUnixNano="0", endTimeUnixNano=str(START))
    none = observe(startTimeUnixNano="0", endTimeUnixNano="0")
    assert (only_start.start_time, only_start.end_time) == (only_end.start_time, only_end.end_time) == (START // 1000, START // 1000)
    assert (none.start_time, none.end_time) == (RECEIVED, RECEIVED)


def test_no_span_ends_before_it_starts() -> None:
    row = observe(startTimeUnixNano=str(START + SECOND), endTimeUnixNano=str(START))
    assert row.end_time == row.start_time == (START + SECOND) // 1000


@pytest.mark.parametrize("nanoseconds", [1, 2**63 - 1, 2**64 - 1])
def test_a_wrong_clock_is_moved_and_the_ledger_and_metadata_say_so(nanoseconds: int) -> None:
    body = encode_proto(export(span(startTimeUnixNano=str(nanoseconds), endTimeUnixNano=str(nanoseconds))))
    changes = [change for change in decode_export(body, None, request("otlp-protobuf")) if isinstance(change, Change)]
    observations, traces = rows(changes)
    row, trace = observations[SPAN_ID], traces[TRACE_ID]
    assert 946_684_800_000_000 <= row.start_time <= RECEIVED + 86_400_000_000
    assert row.start_time == trace.timestamp
    assert row.metadata["original_start_time"] == trace.metadata["original_start_time"]
    assert changes[0].notes == [
        f"clamped start_time {row.metadata['original_start_time']}",
        f"clamped end_time {row.metadata['original_end_time']}",
    ]


@pytest.mark.parametrize("value", [1764028800000000000, "1764028800000000000", {"low": -1728053248, "high": 410718794}])
def test_times_come_in_three_spellings(value: Any) -> None:
    low_high = value if not isinstance(value, dict) else {"low": START & 0xFFFFFFFF, "high": START >> 32}
    (change, *_) = decode_json(export(span(startTimeUnixNano=low_high)))
    assert change.fields["start_time"] == START // 1000


# Nothing shared, nothing growing


def test_spans_of_a_request_share_nothing_that_can_be_changed() -> None:
    attributes = {"user.id": "u", "langfuse.trace.tags": ["t"], "langfuse.trace.metadata.k": '{"a":1}', "gen_ai.prompt.0.x": "y"}
    document = export(span(attributes), span(attributes, spanId="00f067aa0ba902b7"), resource={"service.name": "s"})
    changes = decode(document)
    for change in changes:
        for held in (change.fields, change.first, change.metadata):
            for value in held.values():
                if isinstance(value, dict | list):
                    value.clear()
            held.clear()
        change.tags.clear()
        change.notes.append("mine")
    again = decode(document)
    assert [change.fields for change in again] != [change.fields for change in changes]
    untouched = [copy.deepcopy(change.fields) for change in decode(document)]
    assert [change.fields for change in again] == untouched
    ids = [
        id(v)
        for change in again
        for held in (change.fields, {"m": change.metadata, "t": change.tags})
        for v in held.values()
        if isinstance(v, dict | list)
    ]
    assert len(ids) == len(set(ids))


def test_endless_new_shapes_and_scopes_do_not_grow_the_process() -> None:
    for number in range(engine.MAX_PLANS + 50):
        decode_json(export(span({f"key.{number}": "v"}), scope=f"scope-{number}"))
    assert len(engine._plans) <= engine.MAX_PLANS
    assert len(engine._known) <= engine.MAX_PLANS


def test_decoding_a_choice_of_spans_gives_the_same_changes() -> None:
    spans = [span({"langfuse.observation.input": str(n)}, spanId=f"{n:016x}", traceId=f"{n % 3:032x}") for n in range(1, 10)]
    body = encode(export(*spans))
    every = {change.id: change for change in decode_json(export(*spans)) if change.kind == "observation"}
    chosen = [change for change in decode_export(body, {2, 5, 8}, request()) if isinstance(change, Change)]
    observed = [change for change in chosen if change.kind == "observation"]
    assert [change.index for change in observed] == [2, 5, 8]
    assert all(change.fields == every[change.id].fields for change in observed)


# Fuzz

VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        *(
            "input",
            "events",
            "prompt",
            "model",
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.cost",
            "gen_ai.operation.name",
            "ai.prompt.tools",
        ),
        *(
            "langfuse.observation.usage_details",
            "langfuse.observation.cost_details",
            "langfuse.observation.metadata",
            "langfuse.trace.tags",
        ),
        *("langfuse.observation.type", "langfuse.observation.level", "langfuse.observation.completion_start_time", "user.id", "tag.tags"),
        *("gen_ai.prompt.0.a", "gen_ai.prompt.0", "gen_ai.tool.definitions", "llm.tools.0.tool.json_schema", "model_request_parameters"),
        *("genkit:input", "genkit:output", "ai.response.providerMetadata", "ai.response.msToFirstChunk", "gen_ai.input.messages"),
        *("langfuse.experiment.item.version", "langfuse.experiment.metadata", "langfuse.observation.prompt.version", "session.id"),
    ]
)
ANY_VALUE = VALUE | st.builds(
    lambda kind, value: {kind: value},
    st.sampled_from(["stringValue", "intValue", "doubleValue", "boolValue", "arrayValue", "kvlistValue", "bytesValue"]),
    VALUE | st.builds(json.dumps, VALUE) | st.builds(lambda values: {"values": values}, st.lists(VALUE, max_size=3)),
)
ATTRIBUTES = st.lists(st.builds(lambda k, v: {"key": k, "value": v}, KEYS | st.text(max_size=5), ANY_VALUE), max_size=6) | VALUE
SCOPES = st.sampled_from(
    ["langfuse-sdk", "ai", "genkit-tracer", "gcp.vertex.agent", "litellm", "pydantic-ai", "livekit-agents", "@flue/opentelemetry", "x"]
)
SPANS = st.builds(
    lambda changes, attributes, events: span() | {"attributes": attributes, "events": events} | changes,
    st.dictionaries(
        st.sampled_from(["traceId", "spanId", "parentSpanId", "name", "kind", "status", "startTimeUnixNano", "links"]), VALUE, max_size=2
    ),
    ATTRIBUTES,
    st.lists(
        st.builds(
            lambda name, attributes: {"name": name, "attributes": attributes},
            st.sampled_from(["gen_ai.choice", "gen_ai.user.message", "gen_ai.content.prompt", "gen_ai.evaluation.result"]),
            ATTRIBUTES,
        ),
        max_size=2,
    )
    | VALUE,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spans=st.lists(SPANS, max_size=3), scope=SCOPES, resource=VALUE)
def test_any_document_is_refused_as_a_whole_or_decoded_as_a_whole(spans: list[Any], scope: str, resource: Any) -> None:
    document = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": scope}, "spans": spans}]}]}
    body = json.dumps(document).encode()
    try:
        trace_ids = accept_export(body, "otlp-json").trace_ids
    except OtlpError:
        return
    changes = decode_export(body, None, request())
    observed = [change for change in changes if isinstance(change, Change) and change.kind == "observation"]
    assert [change.trace_id for change in observed] == trace_ids
    assert "\0" not in repr(changes).replace("\\x00", "\0")
    rows([change for change in changes if isinstance(change, Change)])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_body_never_surprises(data: st.DataObject) -> None:
    document = export(span({"langfuse.observation.input": "payload", "user.id": "u", "n": 3}), resource={"service.name": "s"})
    content = data.draw(st.sampled_from(["otlp-json", "otlp-protobuf"]))
    body = bytearray(encode(document) if content == "otlp-json" else encode_proto(document))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        trace_ids = accept_export(bytes(body), content).trace_ids
    except OtlpError:
        return
    changes = decode_export(bytes(body), None, request(content))
    assert [c.trace_id for c in changes if isinstance(c, Change) and c.kind == "observation"] == trace_ids


@pytest.mark.parametrize("shape", ["[%s]", '{"a":%s}'])
@pytest.mark.parametrize("member", ["spanId", "kind", "links", "name"])
@pytest.mark.parametrize("depth", [1_000, 10_000])
def test_json_too_deep_to_parse_raises_nothing_but_a_refusal(shape: str, member: str, depth: int) -> None:
    opened, closed = shape.split("%s")
    deep = (opened * depth + "1" + closed * depth).encode()
    body = encode(export(span(**{member: "@"}))).replace(b'"@"', deep)
    with suppress(OtlpError):
        accept_export(body, "otlp-json")


@pytest.mark.parametrize("encoded", [encode, encode_proto])
def test_ids_beyond_800_characters_are_bounded_alike(encoded: Any) -> None:
    body = encoded(export(span(traceId="ab" * 90_000, spanId="cd" * 90_000), span(traceId="ab" * 90_000, spanId="ef" * 8)))
    content = "otlp-json" if encoded is encode else "otlp-protobuf"
    traces = accept_export(body, content).trace_ids
    assert [len(trace) for trace in traces] == [64, 64]
    assert len(set(traces)) == 1
    changes = [one for one in decode_export(body, None, request(content=content)) if isinstance(one, Change) and one.kind == "observation"]
    assert [(one.trace_id, len(one.id)) for one in changes] == [(traces[0], 64), (traces[0], 16)]
