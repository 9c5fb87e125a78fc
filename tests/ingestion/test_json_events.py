"""POST /ingestion event by event: what is answered, where events go, and what they state (spec/api.md §5)."""

import json
from typing import Any

import pytest

from langfuse_app.ingestion.changes import Change, Rejected
from langfuse_app.ingestion.json_events import EVENT_TYPES, EnvelopeError, accept_batch, decode_batch, with_traces
from tests.ingestion.wire import NOON, RECEIVED, accept, at, batch, changes, event, refused, request, rows, us

OBSERVATIONS = sorted(name for name, kind in EVENT_TYPES.items() if kind.kind == "observation")
GENERATION_LIKE = ("generation", "agent", "tool", "chain", "retriever", "evaluator", "embedding", "guardrail")


def body_of(type: str) -> dict[str, Any]:
    """The least body that an event type accepts."""
    if type == "score-create":
        return {"id": "entity", "traceId": "t", "name": "n", "value": 1}
    if type == "sdk-log":
        return {"log": {"level": "debug"}}
    return {"id": "entity", "traceId": "t"} | ({"type": "SPAN"} if type.startswith("observation") else {})


# --- the 18 types ---------------------------------------------------------------------------------


def test_there_are_eighteen_event_types() -> None:
    assert len(EVENT_TYPES) == 18
    assert {f"{name}-create" for name in GENERATION_LIKE} < EVENT_TYPES.keys()


@pytest.mark.parametrize("type", sorted(EVENT_TYPES.keys() - {"sdk-log", "dataset-run-item-create"}))
def test_each_type_is_acknowledged_under_its_envelope_id(type: str) -> None:
    found = accept(event(type, body_of(type), id="envelope"))
    assert (found.successes, found.errors, found.dropped) == ([{"id": "envelope", "status": 201}], [], [])
    assert found.routes == [(0, "entity" if type == "trace-create" else "t")]


@pytest.mark.parametrize("type", OBSERVATIONS)
def test_each_observation_type_is_stored_as_such(type: str) -> None:
    name = type.rsplit("-", 1)[0]
    expected = "SPAN" if name == "observation" else name.upper()
    assert rows(event(type, body_of(type)))["entity"].type == expected


@pytest.mark.parametrize("type", ["GENERATION", "SPAN", "EVENT"])
def test_the_legacy_observation_names_its_type(type: str) -> None:
    assert rows(event("observation-create", {"id": "o", "traceId": "t", "type": type, "model": "m"}))["o"].type == type
    assert refused(event("observation-create", {"id": "o"})) == "body.type: Required"


def test_a_log_of_the_sdk_is_in_neither_list() -> None:
    found = accept(event("sdk-log", {"log": "text"}))
    assert (found.successes, found.errors, found.routes) == ([], [], [])
    assert changes(event("sdk-log", {"log": "text"})) == []
    assert refused(event("sdk-log", {})) == "body.log: Required"


def test_dataset_run_items_and_unknown_types_are_refused() -> None:
    assert refused(event("dataset-run-item-create", {"id": "x"})) == "type: dataset-run-item-create is not accepted here"
    assert refused(event("trace-delete", {})) == "type: Invalid value 'trace-delete'"


# --- envelope -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "truncated"),
        (b"nonsense", "malformed"),
        (b'{"batch":[', "truncated"),
        (b"[]", "event: Expected object, got array"),
        (b"{}", "batch: Required"),
        (b'{"batch":{}}', "batch: Expected array, got object"),
        (b'{"batch":null}', "batch: Expected array, got null"),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(body: bytes, text: str) -> None:
    with pytest.raises(EnvelopeError) as refusal:
        accept_batch(body, "r", "p", scores_only=False)
    [error] = refusal.value.errors
    assert text in error


def test_an_empty_batch_is_fine() -> None:
    assert accept_batch(b'{"batch":[],"metadata":[{}]}', "r", "p", scores_only=False).successes == []


def test_a_bad_event_harms_only_itself() -> None:
    good, bad = event("span-create", {"id": "o", "traceId": "t"}, id="good"), event("span-create", {"id": 1}, id="bad")
    found = accept(good, bad, 5, None, {"id": "no type"}, event("span-create", {"id": "o2", "traceId": "t"}, id="good 2"))
    assert [one["id"] for one in found.successes] == ["good", "good 2"]
    assert [one["id"] for one in found.errors] == ["bad", "unknown", "unknown", "no type"]
    assert found.routes == [(0, "t"), (5, "t")]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"id": ""}, "id: Expected str of length >= 1"),
        ({"id": "x" * 801}, "id: Expected str of length <= 800"),
        ({"id": "a\rb"}, "id: Must not contain carriage returns"),
        ({"id": None}, "id: Expected str, got null"),
        ({"timestamp": "2026-01-01T00:00:00"}, "timestamp: Expected datetime with a timezone component"),
        ({"timestamp": "yesterday"}, "timestamp: Invalid RFC3339 encoded datetime"),
        ({"timestamp": 1767225600}, "timestamp: Expected datetime, got int"),
        ({"body": []}, "body: Expected object, got array"),
        ({"body": None}, "body: Expected object, got null"),
    ],
)
def test_the_envelope_is_checked_by_field(changed: dict[str, Any], text: str) -> None:
    assert refused(event("trace-create", {"id": "t"}) | changed) == text


@pytest.mark.parametrize("missing", ["id", "timestamp", "type", "body"])
def test_a_missing_envelope_field_is_named(missing: str) -> None:
    whole = event("trace-create", {"id": "t"})
    del whole[missing]
    assert refused(whole) == f"{missing}: Required"


def test_ids_of_800_characters_and_metadata_of_the_envelope_are_fine() -> None:
    found = accept(event("trace-create", {"id": "t" * 800}, id="e" * 800, metadata={"any": ["thing"]}))
    assert found.routes == [(0, "t" * 800)]


# --- bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type", "body", "text"),
    [
        ("trace-create", {"id": ""}, "body.id: Expected str of length >= 1"),
        ("trace-create", {"id": "x" * 801}, "body.id: Expected str of length <= 800"),
        ("trace-create", {"id": "t", "name": "x" * 1001}, "body.name: Expected str of length <= 1000"),
        ("trace-create", {"id": "t", "tags": ["a", 1]}, "body.tags[1]: Expected str, got int"),
        ("trace-create", {"id": "t", "public": "true"}, "body.public: Expected bool | null, got str"),
        ("trace-create", {"id": "t", "timestamp": "2026-01-01T00:00:00"}, "body.timestamp: Expected datetime with a timezone component"),
        ("span-create", {}, "body.id: Required"),
        ("span-update", {"id": None}, "body.id: Required"),
        ("span-create", {"id": "o", "level": "FATAL"}, "body.level: Invalid enum value 'FATAL'"),
        ("span-create", {"id": "o", "startTime": "2026-01-01"}, "body.startTime: Invalid RFC3339 encoded datetime"),
        ("span-create", {"id": "o", "endTime": "2026-01-01T00:00:00"}, "body.endTime: Expected datetime with a timezone component"),
        ("event-create", {"id": "o", "statusMessage": 5}, "body.statusMessage: Expected str | null, got int"),
        ("generation-create", {"id": "o", "promptName": "p"}, "body.promptVersion: promptName and promptVersion go together"),
        ("generation-create", {"id": "o", "promptVersion": 1}, "body.promptName: promptName and promptVersion go together"),
        ("generation-create", {"id": "o", "promptName": "p", "promptVersion": 65_536}, "body.promptVersion: Expected int <= 65535"),
        ("generation-create", {"id": "o", "usage": {"input": 1.5}}, "body.usage.input: Expected integer"),
        ("generation-create", {"id": "o", "usage": {"promptTokens": 0.5}}, "body.usage.promptTokens: Expected integer"),
        ("generation-create", {"id": "o", "usage": {"unit": "WORDS"}}, "body.usage.unit: Invalid enum value 'WORDS'"),
        ("generation-create", {"id": "o", "usageDetails": 5}, "body.usageDetails: Expected object | null, got int"),
        ("tool-create", {"id": "o", "modelParameters": []}, "body.modelParameters: Expected object | null, got array"),
    ],
)
def test_a_refusal_names_the_field(type: str, body: dict[str, Any], text: str) -> None:
    assert refused(event(type, body)) == text


def test_every_field_may_be_null() -> None:
    fields = "traceId name startTime endTime metadata input output level statusMessage parentObservationId version environment"
    more = "completionStartTime model modelParameters usage usageDetails costDetails promptName promptVersion"
    assert accept(event("generation-create", {"id": "o"} | dict.fromkeys((fields + " " + more).split()))).errors == []
    fields = "timestamp name externalId input output sessionId userId environment metadata release version public tags"
    assert accept(event("trace-create", {"id": "t"} | dict.fromkeys(fields.split()))).errors == []


def test_junk_keys_are_ignored_and_not_kept() -> None:
    junk = {
        "clientInitParams": {"secretKey": "sk-1"},
        "user_id": 5,
        "externalId": {},
        "traceName": [],
        "start_time": "never",
        "__proto__": {},
    }
    [change] = changes(event("trace-create", {"id": "t", "name": "n"} | junk))
    assert "sk-1" not in repr(change)
    assert change.fields == {"name": "n"}


def test_scores_only_access() -> None:
    events = [
        event("score-create", body_of("score-create"), id="s"),
        event("trace-create", {"id": "t"}, id="t"),
        event("sdk-log", {"log": 1}),
    ]
    found = accept(*events, scores_only=True)
    assert found.successes == [{"id": "s", "status": 201}]
    assert found.errors == [{"id": "t", "status": 401, "message": "Authentication error", "error": "Access Scope Denied"}]
    assert [change.kind for change in changes(*events, scores_only=True)] == ["score"]


# --- missing ids ----------------------------------------------------------------------------------


@pytest.mark.parametrize("type", ["trace-create", "observation-create"])
def test_without_body_id_an_event_is_acknowledged_dropped_and_in_the_ledger(type: str) -> None:
    one = event(type, {"type": "SPAN"})
    found = accept(one)
    assert found.successes == [{"id": "event-1", "status": 201}]
    assert found.routes == []
    [rejected] = found.dropped
    assert (rejected.index, rejected.event_id, rejected.reason) == (0, "event-1", "the event has no body.id")
    assert decode_batch(batch(one), {0}, request()) == [rejected]


@pytest.mark.parametrize("body", [{}, {"id": None}, {"id": ""}])
def test_a_score_without_id_gets_the_same_one_on_every_replay(body: dict[str, Any]) -> None:
    one = event("score-create", {"traceId": "t", "name": "n", "value": 1} | body)
    assert accept(one).routes == [(0, "t")]
    [first] = changes(one)
    assert first == changes(one)[0]
    assert len(first.id) == 36
    assert first.id != changes(one, request_id="request-2")[0].id


def test_an_orphan_gets_a_trace_of_its_own() -> None:
    one = event("span-create", {"id": "orphan", "name": "n"})
    [(_, trace_id)] = accept(one).routes
    assert {change.trace_id for change in changes(one)} == {trace_id}
    update = event("span-update", {"id": "orphan", "traceId": ""}, id="later")
    assert {change.trace_id for change in changes(update, request_id="another")} == {trace_id}
    assert rows(one)[trace_id].timestamp == us(7200)


# --- what an event states -------------------------------------------------------------------------


def test_a_trace() -> None:
    body = {
        "id": "t", "timestamp": at(1), "name": "n", "userId": "u", "sessionId": "s", "release": "r", "version": "v", "public": True,
        "environment": "Prod", "tags": ["b", "a", "b"], "input": {"q": 1}, "output": "text", "metadata": {"k": {"x": [1]}, "s": "1"},
    }  # fmt: skip
    row = rows(event("trace-create", body), public_key="pk", sdk_name="python", sdk_version="2")["t"]
    assert (row.project_id, row.timestamp, row.name, row.user_id, row.session_id) == ("p", us(1), "n", "u", "s")
    assert (row.release, row.version, row.public, row.environment, row.tags) == ("r", "v", True, "prod", ["a", "b"])
    assert (row.input, row.output, row.metadata) == ('{"q":1}', "text", {"k": '{"x":[1]}', "s": "1"})
    assert (row.ingestion_api_key, row.ingestion_sdk_name, row.ingestion_sdk_version) == ("pk", "python", "2")
    assert (row.created_at, row.updated_at, row.received_at, row.request_id) == (RECEIVED, RECEIVED, RECEIVED, "request-1")
    assert (row.source, row.bookmarked, row.event_ts) == ("ingestion-api", False, 0)


def test_a_generation() -> None:
    body = {
        "id": "o", "traceId": "t", "name": "n", "startTime": at(1), "endTime": at(3), "completionStartTime": at(2), "model": "m",
        "modelParameters": {"temperature": 0.5, "stop": ["a"], "stream": True, "seed": None}, "usage": {"input": 1, "output": 2},
        "costDetails": {"input": 0.25}, "promptName": "p", "promptVersion": 3, "level": "WARNING", "statusMessage": "slow",
        "parentObservationId": "up", "version": "v", "environment": "dev", "input": [1], "output": {"a": 1}, "metadata": "note",
    }  # fmt: skip
    found = rows(event("generation-create", body))
    row = found["o"]
    assert (row.trace_id, row.type, row.name, row.parent_observation_id) == ("t", "GENERATION", "n", "up")
    assert (row.start_time, row.completion_start_time, row.end_time) == (us(1), us(2), us(3))
    assert row.model_parameters == '{"temperature":0.5,"stop":"[\\"a\\"]","stream":"true"}'
    assert (row.provided_model_name, row.prompt_name, row.prompt_version) == ("m", "p", 3)
    assert row.provided_usage_details == {"input": 1, "output": 2, "total": 3}
    assert {key: float(value) for key, value in row.provided_cost_details.items()} == {"input": 0.25}
    assert (row.level, row.status_message, row.version, row.environment) == ("WARNING", "slow", "v", "dev")
    assert (row.input, row.output, row.metadata) == ("[1]", '{"a":1}', {"metadata": "note"})
    assert row.event_bytes == len(json.dumps(event("generation-create", body)))
    trace = found["t"]  # a trace that only its observations know
    assert (trace.timestamp, trace.environment, trace.name, trace.source) == (us(1), "dev", "", "ingestion-api")


def test_the_first_change_of_an_event_is_its_own() -> None:
    found = changes(event("span-create", {"id": "o", "traceId": "t", "output": False}))
    assert [(change.kind, change.clock.rank) for change in found] == [("observation", 1), ("observation", 0), ("trace", 0)]
    assert {change.index for change in found} == {0}


@pytest.mark.parametrize(
    ("payload", "stored"),
    [
        ('"text"', "text"), ('"{\\"a\\": 1}"', '{"a": 1}'), ('{ "a" : [1, 2.50, true, null] }', '{"a":[1,2.50,true,null]}'),
        ("null", ""), ('""', ""), ("{}", "{}"), ("[ ]", "[]"), ("5", "5"), ("true", "true"), ("0", "0"), ("false", "false"),
        ('{"k": "\\u00e9 \\ud83d\\ude00"}', '{"k":"é 😀"}'), ('"\\u00e9"', "é"), ('{"a": 1, "a": 2}', '{"a":1,"a":2}'),
        ("123456789012345678901234567890", "123456789012345678901234567890"), ("1e400", "1e400"),
    ],
)  # fmt: skip
def test_payloads_are_stored_as_text(payload: str, stored: str) -> None:
    raw = b'{"batch":[{"id":"e","type":"span-create","timestamp":"%s","body":{"id":"o","traceId":"t","output": %s }}]}'
    found = decode_batch(raw % (NOON.encode(), payload.encode()), None, request())
    values = [change.fields["output"] for change in found if isinstance(change, Change) and "output" in change.fields]
    assert values == ([stored] if stored else [])


def test_times_no_clock_can_mean_are_moved_and_said() -> None:
    body = {"id": "o", "traceId": "t", "startTime": "1969-12-31T23:59:59Z", "endTime": "2199-01-01T00:00:00+02:00"}
    found = changes(event("span-create", body))
    row, late = rows(event("span-create", body))["o"], RECEIVED + 86_400_000_000
    assert (row.start_time, row.end_time) == (946_684_800_000_000, late)
    assert row.metadata == {"original_start_time": "1969-12-31T23:59:59+00:00", "original_end_time": "2199-01-01T00:00:00+02:00"}
    assert found[0].notes == ["clamped start_time 1969-12-31T23:59:59+00:00", "clamped end_time 2199-01-01T00:00:00+02:00"]
    assert rows(event("span-create", {"id": "o", "traceId": "t"}, timestamp="9999-12-31T23:59:59-12:00"))["o"].start_time == late


# --- acceptance and worker ------------------------------------------------------------------------


def test_only_the_asked_indexes_are_decoded() -> None:
    body = batch(*(event("span-create", {"id": f"o{n}", "traceId": f"t{n}"}, id=f"e{n}") for n in range(4)))
    found = [one for one in decode_batch(body, {1, 3}, request()) if isinstance(one, Change)]
    assert {(change.index, change.event_id, change.trace_id) for change in found} == {(1, "e1", "t1"), (3, "e3", "t3")}


def test_what_was_not_acknowledged_is_not_decoded() -> None:
    events = [event("span-create", {"id": 5}), event("dataset-run-item-create", {}), event("trace-create", {"id": "t"})]
    found = decode_batch(batch(*events), None, request())
    assert [(one.index, isinstance(one, Rejected)) for one in found] == [(2, False)]


def test_a_batch_says_which_observations_name_their_trace() -> None:
    found = accept(
        event("span-create", {"id": "a", "traceId": "t"}, id="1"),
        event("generation-create", {"id": "b", "traceId": "t", "endTime": NOON}, id="2"),
        event("span-update", {"id": "a", "endTime": NOON}, id="3"),
        event("event-create", {"id": "c", "traceId": None}, id="4"),
    )
    assert (found.named, found.open, found.nameless) == ({"a": "t", "b": "t"}, {"a"}, {2: "a", 3: "c"})


def test_a_trace_id_is_added_and_all_else_stays_as_sent() -> None:
    sent = (
        b'{"batch": [ {"id":"1","type":"span-update","timestamp":"%s","body":{"id":"a","output":{"n": 1.50, "n": 2}}}, {} ],"more":1e400}'
    )
    told = with_traces(sent % NOON.encode(), {0: "t\u00e9"})
    assert b'"output":{"n": 1.50, "n": 2}' in told
    assert b'"more":1e400' in told
    [change, *_] = [one for one in decode_batch(told, None, request()) if isinstance(one, Change)]
    assert (change.id, change.trace_id) == ("a", "t\u00e9")


def test_tools_are_found_in_what_events_state() -> None:
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    called = {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]}
    row = rows(
        event("generation-create", {"id": "o", "traceId": "t", "input": {"messages": [], "tools": tools}}, id="1"),
        event("generation-update", {"id": "o", "traceId": "t", "output": called}, id="2"),
    )["o"]
    assert row.tool_definitions == {"weather": '{"parameters":{"type":"object"}}'}
    assert row.tool_calls == ['{"id":"c1","arguments":"{}","type":"function","index":0}']
    assert row.tool_call_names == ["weather"]
