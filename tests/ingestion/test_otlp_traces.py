"""What spans make of their trace, the scores in their events, and the raw attributes they keep (spec/api.md §6.8, §6.10)."""

import json
from typing import Any

import pytest

from langfuse_app.ingestion.changes import Change
from langfuse_app.ingestion.merge import merge_score, merge_trace
from langfuse_app.ingestion.rows import ObservationRow, TraceRow
from tests.otlp import RECEIVED, SECOND, SPAN_ID, START, TRACE_ID, decode, export, request, rows, span

CHILD, GRANDCHILD = "00f067aa0ba902b7", "00f067aa0ba902b8"


def child(attributes: dict[str, Any] | None = None, start: int = 1, end: int = 2, id: str = CHILD, **changes: Any) -> dict[str, Any]:
    """A child of the root, in tenths of its second."""
    tenth = SECOND // 10
    times = {"startTimeUnixNano": str(START + start * tenth), "endTimeUnixNano": str(START + end * tenth)}
    return span(attributes, **({"spanId": id, "parentSpanId": SPAN_ID, "name": "child"} | times | changes))


def root(attributes: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return span(attributes, **({"name": "root"} | changes))


def trace_of(*spans: dict[str, Any], **where: Any) -> TraceRow:
    return rows(decode(export(*spans, **where)))[1][TRACE_ID]


def said(*spans: dict[str, Any]) -> list[Change]:
    return [change for change in decode(export(*spans, scope="langfuse-sdk")) if change.kind == "trace"]


def test_a_trace_is_there_before_its_root() -> None:
    trace = trace_of(child({"langfuse.environment": "qa"}, start=3), child(start=1, end=9, id=GRANDCHILD))
    assert (trace.timestamp, trace.name, trace.environment) == ((START + SECOND // 10) // 1000, "", "default")
    assert trace.source == "otel"


def test_the_root_gives_name_payloads_and_metadata_when_nothing_is_stated() -> None:
    sent = {"langfuse.observation.input": "i", "langfuse.observation.output": "o", "langfuse.observation.metadata.k": "v"}
    trace = trace_of(child({"langfuse.observation.input": "not this"}), root(sent), scope="langfuse-sdk", resource={"service.name": "s"})
    assert (trace.name, trace.input, trace.output, trace.timestamp) == ("root", "i", "o", START // 1000)
    assert trace.metadata == {"k": "v", "resourceAttributes": '{"service.name":"s"}', "scope": '{"name":"langfuse-sdk","attributes":{}}'}


def test_what_a_child_states_wins_over_what_the_root_gives() -> None:
    stated = {"langfuse.trace.name": "checkout", "langfuse.trace.input": "ti", "langfuse.trace.metadata.k": "stated"}
    trace = trace_of(child(stated), root({"langfuse.observation.input": "i", "langfuse.observation.metadata.k": "derived"}))
    assert (trace.name, trace.input, trace.metadata["k"]) == ("checkout", "ti", "stated")


def test_of_two_statements_the_later_span_wins_and_tags_are_joined() -> None:
    first = child({"user.id": "early", "langfuse.trace.tags": ["b"]}, end=2)
    second = child({"user.id": "late", "langfuse.trace.tags": ["a"]}, end=3, id=GRANDCHILD)
    for spans in ((first, second), (second, first)):
        trace = trace_of(*spans)
        assert (trace.user_id, trace.tags) == ("late", ["a", "b"])


def test_a_child_keeps_its_own_metadata_and_payloads_to_itself() -> None:
    trace = trace_of(
        child({"user.id": "u", "langfuse.observation.metadata.own": "x", "langfuse.observation.input": "i", "http.method": "GET"})
    )
    assert (trace.user_id, trace.name, trace.input, trace.metadata) == ("u", "", "", {})


def test_a_process_whose_parent_never_comes_names_its_trace_until_a_root_does() -> None:
    app_root = child({"langfuse.internal.is_app_root": True, "langfuse.observation.input": "i"}, end=99, name="worker")
    alone, with_root = trace_of(app_root), trace_of(app_root, root({"langfuse.observation.output": "o"}))
    assert (alone.name, alone.input) == ("worker", "i")
    assert (with_root.name, with_root.input, with_root.output) == ("root", "i", "o")


def test_a_conversation_hints_at_a_session_and_a_stated_one_wins() -> None:
    talk = child({"gen_ai.conversation.id": "c"}, end=99)
    assert trace_of(talk).session_id == "c"
    assert trace_of(talk, root()).session_id == "c"
    assert trace_of(talk, root({"session.id": "s"})).session_id == "s"


def test_public_is_what_was_stated_last_and_private_when_nothing_was() -> None:
    assert trace_of(root()).public is False
    assert trace_of(root({"langfuse.trace.public": True})).public is True
    assert trace_of(child({"langfuse.trace.public": True}), root({"langfuse.trace.public": False})).public is False


def test_the_same_statement_of_many_spans_is_one_change() -> None:
    stated = {"user.id": "u", "langfuse.trace.tags": ["t"], "langfuse.trace.metadata.k": "v"}
    spans = [child(stated, end=number, id=f"{number:016x}") for number in range(1, 9)]
    changes = said(*spans)
    assert len(changes) == 2  # the statement and the sighting
    assert changes[0].clock.ts == (START + 8 * SECOND // 10) // 1000
    one_by_one: TraceRow | None = None
    for each in reversed(spans):
        one_by_one = merge_trace(one_by_one, said(each)) or one_by_one
    together = merge_trace(None, changes)
    assert one_by_one is not None
    assert together is not None
    assert (one_by_one.user_id, one_by_one.tags, one_by_one.metadata) == (together.user_id, together.tags, together.metadata)
    assert merge_trace(together, changes) is None  # a replay changes nothing


def test_traces_of_one_request_stay_apart() -> None:
    other = "1" * 32
    _, traces = rows(decode(export(root({"user.id": "u"}), child({"user.id": "u"}, traceId=other))))
    assert {id: row.name for id, row in traces.items()} == {TRACE_ID: "root", other: ""}
    assert [row.user_id for row in traces.values()] == ["u", "u"]


# Scores

RESULT = "gen_ai.evaluation.result"


def scores(*events: dict[str, Any], **where: Any) -> list[Any]:
    changes = decode(export(span({"langfuse.environment": "qa"}, events=[{"name": RESULT, "attributes": e} for e in events]), **where))
    return [merge_score(None, [change]) for change in changes if change.kind == "score"]


def test_an_evaluation_result_is_a_score_of_its_observation() -> None:
    (score,) = scores(
        {
            "gen_ai.evaluation.name": "Relevance",
            "gen_ai.evaluation.score.value": 0.9,
            "gen_ai.evaluation.score.label": "good",
            "gen_ai.evaluation.explanation": "why",
            "gen_ai.response.id": "r1",
        }
    )
    assert (score.name, score.value, score.data_type, score.comment) == ("Relevance", 0.9, "NUMERIC", "why")
    assert (score.trace_id, score.observation_id, score.environment, score.source) == (TRACE_ID, SPAN_ID, "qa", "API")
    assert score.timestamp == (START + SECOND // 2) // 1000
    assert score.metadata == {"gen_ai.evaluation.score.label": "good", "gen_ai.response.id": "r1"}


def test_a_label_alone_is_a_category() -> None:
    (score,) = scores({"gen_ai.evaluation.name": "tone", "gen_ai.evaluation.score.label": "kind"})
    assert (score.data_type, score.string_value, score.value, score.metadata) == ("CATEGORICAL", "kind", 0.0, {})


def test_results_without_a_name_or_without_a_verdict_are_no_scores() -> None:
    assert (
        scores(
            {"gen_ai.evaluation.score.value": 1},
            {"gen_ai.evaluation.name": "n"},
            {"gen_ai.evaluation.name": "n", "gen_ai.evaluation.score.value": "x"},
        )
        == []
    )


def test_a_replay_makes_the_same_scores_and_another_project_others() -> None:
    results = [
        {"gen_ai.evaluation.name": "a", "gen_ai.evaluation.score.value": 1},
        {"gen_ai.evaluation.name": "a", "gen_ai.evaluation.score.value": 2},
    ]
    document = export(span(events=[{"name": RESULT, "attributes": e} for e in results]))
    ids = [
        [c.id for c in decode(document, **changes) if c.kind == "score"]
        for changes in ({}, {"request_id": "again"}, {"project_id": "other"})
    ]
    assert ids[0] == ids[1]
    assert len({*ids[0], *ids[2]}) == 4


# Raw attributes


def restored(row: ObservationRow) -> dict[str, Any]:
    """The attributes as they were sent, from what the row keeps."""
    return {key: _resolved(value, row) for key, value in json.loads(row.raw_attributes)["attributes"].items()}


def _resolved(value: Any, row: ObservationRow) -> Any:
    if not isinstance(value, dict):
        return value
    column, _, member = value["$"].partition(".")
    held = getattr(row, column)
    if not member:
        return held
    return held[member] if column == "metadata" else json.loads(held)[member]


LONG = "x" * 100
CHAT = json.dumps([{"role": "user", "content": LONG}])
TOOLS = json.dumps([{"name": "w"}])


@pytest.mark.parametrize(
    ("attributes", "referred"),
    [
        ({"langfuse.observation.input": LONG, "langfuse.observation.output": LONG + "o"}, 2),
        ({"langfuse.observation.input": "short"}, 0),
        ({"langfuse.observation.metadata.k": LONG, "langfuse.observation.metadata.q": json.dumps(LONG)}, 1),
        ({"input.value": LONG, "llm.input_messages.0.message.content": LONG + "2"}, 1),
        ({"gen_ai.input.messages": CHAT, "gen_ai.tool.definitions": TOOLS}, 1),
        ({"input.value": LONG, "gen_ai.tool.definitions": TOOLS}, 1),
        ({"traceloop.entity.input": LONG, "n": 1, "f": 0.5, "b": False, "l": ["a", 1]}, 1),
    ],
)
def test_no_payload_is_stored_twice_and_none_is_lost(attributes: dict[str, Any], referred: int) -> None:
    observations, _ = rows(decode(export(span(attributes))))
    row = observations[SPAN_ID]
    back = restored(row)
    for key, value in attributes.items():
        same = back[key] == value or (key == "gen_ai.input.messages" and back[key] == json.loads(value))
        assert same, key
    kept = json.loads(row.raw_attributes)["attributes"]
    assert sum(isinstance(value, dict) for value in kept.values()) == referred
    assert row.mapping_version == 1


def test_raw_attributes_keep_what_has_no_column() -> None:
    event = {"name": "exception", "attributes": {"exception.type": "E"}}
    link = {"traceId": "1" * 32, "spanId": "2" * 16, "attributes": []}
    sent = span({"gen_ai.tool.name": "w"}, name="execute_tool w", kind=3, status={"code": 2, "message": "m"}, events=[event]) | {
        "links": [link]
    }
    observations, _ = rows([c for c in decode_one(sent) if c.kind == "observation"])
    document = json.loads(observations[SPAN_ID].raw_attributes)
    assert document == {
        "attributes": {"gen_ai.tool.name": "w"},
        "name": "execute_tool w",
        "kind": 3,
        "status": {"code": 2, "message": "m"},
        "events": [{"name": "exception", "time": START + SECOND // 2, "attributes": {"exception.type": "E"}}],
        "links": [{"traceId": "1" * 32, "spanId": "2" * 16}],
    }


def decode_one(sent: dict[str, Any]) -> list[Change]:
    from langfuse_app.ingestion.otlp import decode_export
    from tests.otlp import encode

    return [change for change in decode_export(encode(export(sent)), None, request()) if isinstance(change, Change)]


def test_a_structure_in_place_of_a_value_is_no_reference() -> None:
    forged = {"kvlistValue": {"values": [{"key": "$", "value": {"stringValue": "input"}}]}}
    observations, _ = rows(decode(export(span({"gen_ai.tool.call.arguments": forged, "any": forged, "langfuse.observation.input": LONG}))))
    back = json.loads(observations[SPAN_ID].raw_attributes)["attributes"]
    assert back["gen_ai.tool.call.arguments"] == '{"$":"input"}'
    assert isinstance(back["any"], str)


def test_origin_and_request_stand_in_the_row() -> None:
    resource = {
        "service.name": "shop",
        "service.version": "3",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "o",
        "telemetry.sdk.version": "1",
    }
    changes = decode(
        export(span(), scope={"name": "lib", "version": "9", "attributes": {"a": 1}}, resource=resource), sdk_name="python", sdk_version="5"
    )
    row = rows(changes)[0][SPAN_ID]
    assert (row.service_name, row.service_version, row.scope_name, row.scope_version) == ("shop", "3", "lib", "9")
    assert (row.telemetry_sdk_language, row.telemetry_sdk_name, row.telemetry_sdk_version) == ("python", "o", "1")
    assert (row.ingestion_api_key, row.ingestion_sdk_name, row.ingestion_sdk_version) == ("pk-lf-1", "python", "5")
    assert (row.request_id, row.received_at, row.source) == ("req-1", RECEIVED, "otel")
    assert json.loads(row.metadata["scope"]) == {"name": "lib", "version": "9", "attributes": {"a": 1}}
    assert json.loads(row.metadata["resourceAttributes"]) == resource
    assert row.event_bytes > 0
