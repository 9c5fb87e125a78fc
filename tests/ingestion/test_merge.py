"""The merge rules one by one (spec/api.md §7); `test_merge_model` covers their combinations."""

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from langfuse_app.ingestion.changes import Change, Clock
from langfuse_app.ingestion.merge import merge_observation, merge_trace
from tests.ingestion.wire import RECEIVED, at, changes, event, merge_into, request, us


def trace(*bodies: dict[str, Any]) -> Any:
    """The trace after these bodies, a second apart, whichever arrives first."""
    return both_ways("trace", [event("trace-create", {"id": "x"} | body, id=f"e{n}", timestamp=at(n)) for n, body in enumerate(bodies)])


def generation(*bodies: dict[str, Any], update_from: int = 1) -> Any:
    """A create and its updates, a second apart, whichever arrives first."""
    events = [
        event(
            "generation-update" if n >= update_from else "generation-create",
            {"id": "x", "traceId": "t"} | body,
            id=f"e{n}",
            timestamp=at(n),
        )
        for n, body in enumerate(bodies)
    ]
    return both_ways("observation", events)


def both_ways(kind: str, events: list[dict[str, Any]]) -> Any:
    found = []
    for order in (events, events[::-1]):
        rows: dict[Any, Any] = {}
        for number, one in enumerate(order):
            merge_into(rows, changes(one, request_id=f"r{number}", received_at=RECEIVED + number))
        found += [row for key, row in rows.items() if key[0] == kind]
    forward, backward = found
    for name in forward.__struct_fields__:
        if name not in ("merge_clock", "created_at", "updated_at", "received_at", "request_id"):
            assert getattr(forward, name) == getattr(backward, name), name
    return forward


# --- nulls ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "column"),
    [("name", "name"), ("userId", "user_id"), ("sessionId", "session_id"), ("release", "release"), ("version", "version")],
)
def test_null_clears_a_text_of_a_trace(field: str, column: str) -> None:
    assert getattr(trace({field: "old"}, {field: None}), column) == ""
    assert getattr(trace({field: "old"}, {}), column) == "old"
    assert getattr(trace({field: None}, {field: "new"}), column) == "new"


def test_null_clears_name_model_and_level_of_an_observation() -> None:
    row = generation({"name": "n", "model": "m", "level": "ERROR"}, {"name": None, "model": None, "level": None})
    assert (row.name, row.provided_model_name, row.level) == ("", "", "DEFAULT")


def test_null_says_nothing_elsewhere() -> None:
    full = {
        "statusMessage": "s", "parentObservationId": "up", "version": "v", "endTime": at(5), "completionStartTime": at(4), "input": "i",
        "output": "o", "metadata": {"k": 1}, "modelParameters": {"a": 1}, "usageDetails": {"input": 1}, "costDetails": {"input": 1},
        "environment": "e", "promptName": "p", "promptVersion": 1, "startTime": at(2),
    }  # fmt: skip
    row = generation(full, dict.fromkeys(full))
    kept = generation(full)
    for name in row.__struct_fields__:
        if name not in ("merge_clock", "event_bytes", "updated_at", "received_at"):
            assert getattr(row, name) == getattr(kept, name), name
    found = trace(
        {"input": "i", "output": "o", "metadata": "m", "tags": ["a"]}, {"input": None, "output": None, "metadata": None, "tags": None}
    )
    assert (found.input, found.output, found.metadata, found.tags) == ("i", "o", {"metadata": "m"}, ["a"])


# --- last value, first value ----------------------------------------------------------------------


def test_the_last_defined_value_wins() -> None:
    row = generation({"name": "a", "version": "1"}, {"name": "b"}, {"version": "3"})
    assert (row.name, row.version) == ("b", "3")


def test_a_create_comes_before_an_update_of_the_same_instant() -> None:
    create = event("span-create", {"id": "x", "traceId": "t", "name": "created"}, id="z", timestamp=at(1))
    update = event("span-update", {"id": "x", "traceId": "t", "name": "updated"}, id="a", timestamp=at(1))
    assert both_ways("observation", [create, update]).name == "updated"


def test_a_create_with_fewer_fields_does_not_erase_an_update() -> None:
    row = both_ways(
        "observation",
        [
            event("span-update", {"id": "x", "traceId": "t", "output": "done", "endTime": at(9)}, id="u", timestamp=at(2)),
            event("span-create", {"id": "x", "traceId": "t", "name": "n", "startTime": at(1)}, id="c", timestamp=at(1)),
        ],
    )
    assert (row.name, row.output, row.start_time, row.end_time) == ("n", "done", us(1), us(9))


def test_first_values_stay() -> None:
    row = generation({"startTime": at(1), "environment": "first"}, {"startTime": at(2), "environment": "second"})
    assert (row.start_time, row.environment) == (us(1), "first")
    found = trace({"timestamp": at(9), "environment": "first"}, {"timestamp": at(1), "environment": "second"})
    assert (found.timestamp, found.environment) == (us(9), "first")


def test_the_type_is_that_of_the_first_event() -> None:
    first = event("tool-create", {"id": "x", "traceId": "t"}, id="1", timestamp=at(1))
    second = event("span-update", {"id": "x", "traceId": "t"}, id="2", timestamp=at(2))
    assert both_ways("observation", [first, second]).type == "TOOL"


def test_a_stated_start_wins_over_an_envelope() -> None:
    assert generation({}, {"startTime": at(30)}).start_time == us(30)
    assert generation({}, {}).start_time == us(0)


def test_two_statements_of_one_instant_keep_the_earliest_time() -> None:
    """trace() and update() of JS 3 may leave within a millisecond, the update first in the batch."""
    update = event("trace-create", {"id": "x", "timestamp": at(6), "output": "o"}, id="a", timestamp=at(9))
    create = event("trace-create", {"id": "x", "timestamp": at(1), "name": "n"}, id="b", timestamp=at(9))
    assert both_ways("trace", [update, create]).timestamp == us(1)


# --- traces and their observations ----------------------------------------------------------------


def test_a_trace_known_by_its_observations_begins_with_the_earliest() -> None:
    events = [event("span-create", {"id": f"o{n}", "traceId": "t", "startTime": at(s)}, id=f"e{n}") for n, s in enumerate((5, 2, 9))]
    rows = merge_into({}, changes(*events))
    assert rows["trace", "", "t"].timestamp == us(2)


def test_a_stated_timestamp_wins_over_observations() -> None:
    span = event("span-create", {"id": "o", "traceId": "x", "startTime": at(1)}, id="s", timestamp=at(1))
    for body, expected in (({"timestamp": at(40)}, us(40)), ({}, us(7))):
        stated = event("trace-create", {"id": "x"} | body, id="t", timestamp=at(7))
        assert both_ways("trace", [span, stated]).timestamp == expected


def test_an_event_without_public_does_not_unpublish() -> None:
    assert trace({"public": True}, {"name": "n"}).public
    assert not trace({"public": True}, {"public": False}).public
    assert trace({"public": False}, {"public": True}).public
    assert not trace({}).public


def test_a_flag_of_a_person_stays() -> None:
    [first] = merge_into({}, changes(event("trace-create", {"id": "x"}))).values()
    flagged = msgspec.structs.replace(first, bookmarked=True, public=True, event_ts=5)
    later = merge_trace(flagged, changes(event("trace-create", {"id": "x", "name": "n"}, id="later")))  # type: ignore[arg-type]
    assert later is not None
    assert (later.bookmarked, later.public, later.name, later.event_ts) == (True, True, "n", 0)


def test_tags_are_joined_and_sorted() -> None:
    assert trace({"tags": ["b", "a"]}, {"tags": ["c", "a"]}, {"tags": []}).tags == ["a", "b", "c"]


# --- payloads, usage, times -----------------------------------------------------------------------


@pytest.mark.parametrize("empty", [None, "", 0, False])
def test_an_empty_payload_replaces_nothing(empty: Any) -> None:
    assert generation({"output": "text"}, {"output": empty}).output == "text"
    assert generation({"output": empty}, {"output": {"a": 1}}).output == '{"a":1}'


def test_zero_and_false_are_kept_where_there_is_nothing_else() -> None:
    assert generation({"output": False}, {}).output == "false"
    assert generation({"output": 0}, {"output": False}).output == "false"
    assert generation({"output": "x"}, {"output": "false"}).output == "false"  # a text is not empty


def test_usage_cost_and_parameters_are_replaced_as_a_whole() -> None:
    row = generation(
        {"usageDetails": {"input": 1, "output": 2}, "costDetails": {"input": 1, "total": 3}, "modelParameters": {"a": 1}},
        {"usageDetails": {"input": 9}, "costDetails": {"total": 4}, "modelParameters": {"b": "x"}},
        {"usageDetails": {}, "usage": {}, "costDetails": {"bad": -1}, "modelParameters": {}},
    )
    assert row.provided_usage_details == {"input": 9}
    assert {key: int(value) for key, value in row.provided_cost_details.items()} == {"total": 4}
    assert row.model_parameters == '{"b":"x"}'


def test_the_prompt_link_is_replaced_as_a_pair() -> None:
    row = generation({"promptName": "a", "promptVersion": 1}, {"promptName": "b", "promptVersion": 2}, {})
    assert (row.prompt_name, row.prompt_version) == ("b", 2)


def test_no_observation_ends_before_it_starts() -> None:
    assert generation({"startTime": at(5), "endTime": at(3)}).end_time == us(5)
    late = [
        event("span-update", {"id": "x", "traceId": "t", "startTime": at(8), "endTime": at(6)}, id="u", timestamp=at(9)),
        event("span-create", {"id": "x", "traceId": "t", "startTime": at(2)}, id="c", timestamp=at(1)),
    ]
    assert both_ways("observation", late).end_time == us(6)  # the end as stated, once the start is known


# --- bookkeeping ----------------------------------------------------------------------------------


def test_a_replay_writes_nothing_and_a_resend_neither() -> None:
    events = [event("trace-create", {"id": "x", "name": "n", "metadata": {"a": {"b": 1}}, "tags": ["t"], "output": 0})]
    events += [event("generation-create", {"id": "o", "traceId": "x", "metadata": "m", "usage": {"input": 1}}, id="e2")]
    events += [event("score-create", {"id": "s", "traceId": "x", "name": "n", "value": 1}, id="e3")]
    rows = merge_into({}, changes(*events))
    before = dict(rows)
    assert merge_into(rows, changes(*events)) == before
    resent = merge_into(dict(rows), changes(*events, request_id="again", received_at=RECEIVED + 500))
    changed = {key[0] for key, row in resent.items() if row is not before[key]}
    assert changed == {"score"}  # a score sent again is the last one: its order is that of arrival
    assert resent["score", "", "s"].value == 1


def test_stored_rows_are_never_changed_in_place() -> None:
    rows = merge_into({}, changes(event("trace-create", {"id": "x", "name": "n", "metadata": {"a": {"b": 1}}, "tags": ["t"]})))
    [before] = [msgspec.json.encode(row) for row in rows.values()]
    [stored] = rows.values()
    more = changes(event("trace-create", {"id": "x", "name": "m", "metadata": {"a": {"c": 2}}, "tags": ["u"]}, id="later"))
    assert merge_trace(stored, more) is not None  # type: ignore[arg-type]
    assert msgspec.json.encode(stored) == before


@dataclass
class Arrived:
    number: int
    received: int

    def change(self, **fields: Any) -> list[Change]:
        one = event("trace-create", {"id": "x"} | fields, id=f"e{self.number}", timestamp=at(self.number))
        return changes(one, request_id=f"r{self.number}", received_at=self.received, sdk_name=f"sdk{self.number}")


def test_the_first_request_makes_the_row_and_the_last_visible_one_updates_it() -> None:
    rows = merge_into({}, Arrived(2, RECEIVED + 2).change(name="second"))
    merge_into(rows, Arrived(1, RECEIVED + 1).change(name="first", user_id="junk"))
    merge_into(rows, Arrived(3, RECEIVED + 3).change(release="r"))
    row = rows["trace", "", "x"]
    assert (row.created_at, row.updated_at, row.received_at) == (RECEIVED + 1, RECEIVED + 3, RECEIVED + 3)
    assert (row.request_id, row.ingestion_sdk_name, row.name) == ("r1", "sdk1", "second")


# --- whole rows -----------------------------------------------------------------------------------


def span(name: str, received_at: int, index: int = 0, **more: Any) -> Change:
    fields = {"name": name, "start_time": us(1), "type": "SPAN", "source": "otel", "metadata": {"k": name}} | more
    about = request(request_id=f"r-{name}", received_at=received_at, content="otlp-protobuf")
    return Change("observation", "x", "t", Clock(1, us(2), 0, "x"), "x", index, about, fields, {}, {}, [], whole=True)


def test_the_last_received_span_replaces_the_row() -> None:
    first, second = span("a", RECEIVED), span("b", RECEIVED + 1, output="o")
    for order in ([first, second], [second, first]):
        assert merge_observation(None, order) == merge_observation(None, [second])
    stored = merge_observation(None, [second])
    assert stored is not None
    assert (stored.name, stored.output, stored.merge_clock, stored.created_at) == ("b", "o", "", RECEIVED + 1)
    assert merge_observation(stored, [first]) is None
    assert merge_observation(stored, [second]) is None


def test_a_span_sent_twice_in_a_request_is_its_last_copy() -> None:
    row = merge_observation(None, [span("a", RECEIVED, index=3), span("a", RECEIVED, index=1, output="early")])
    assert row is not None
    assert row.output == ""


def test_json_on_top_of_a_span() -> None:
    update = changes(event("generation-update", {"id": "x", "traceId": "t", "output": "json", "metadata": {"more": 1}}))
    update = [change for change in update if change.kind == "observation"]
    row = merge_observation(merge_observation(None, [span("a", RECEIVED)]), update)
    assert row is not None
    assert (row.name, row.output, row.start_time, row.type, row.source) == ("a", "json", us(1), "SPAN", "otel")
    assert row.metadata == {"k": "a", "more": "1"}
    assert row == merge_observation(merge_observation(None, update), [span("a", RECEIVED)])
    newer = merge_observation(row, [span("b", RECEIVED + 5, output="otel")])
    assert newer is not None
    assert (newer.name, newer.output, newer.metadata) == ("b", "json", {"k": "b", "more": "1"})
    assert merge_observation(newer, [span("a", RECEIVED), *update]) is None
