"""The merge against its model: whatever the order, split and repetition, rows are what sorting and folding gives."""

import json
from itertools import chain, pairwise
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from langfuse_app.ingestion.changes import Change, Clock
from langfuse_app.ingestion.merge import merge_observation
from langfuse_app.ingestion.rows import ObservationRow
from tests.ingestion.wire import at, changes, event, merge_into, request, us

# --- the model: spec/api.md §7 in 60 lines --------------------------------------------------------

OVERWRITTEN_BY_NULL = {
    "trace": {"name": "name", "userId": "user_id", "sessionId": "session_id", "release": "release", "version": "version"},
    "observation": {"name": "name", "model": "provided_model_name"},
}
KEPT = {
    "trace": {"public": "public"},
    "observation": {"statusMessage": "status_message", "parentObservationId": "parent_observation_id", "version": "version"},
}


def deep_merge(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: deep_merge(old.get(key), value) for key, value in new.items()}
    if isinstance(old, list) and isinstance(new, list):
        return [deep_merge(old[i] if i < len(old) else None, item) for i, item in enumerate(new)] + old[len(new) :]
    return new


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), sort_keys=True)


def model(kind: str, events: list[dict[str, Any]]) -> dict[str, Any]:
    ordered = sorted(events, key=lambda e: (e["timestamp"], e["type"].endswith("update"), e["id"]))
    row: dict[str, Any] = {"environment": "default", "tags": set(), "metadata": {}, "level": "DEFAULT"}
    started = [(e["timestamp"], e["type"].endswith("update"), e["body"]["startTime"]) for e in ordered if e["body"].get("startTime")]
    row["start"] = min(started)[2] if started else ordered[0]["timestamp"]
    row["environment"] = next((e["body"]["environment"] for e in ordered if e["body"].get("environment")), "default")
    weak: dict[str, str] = {}
    for one in ordered:
        body = one["body"]
        for field, column in OVERWRITTEN_BY_NULL[kind].items():
            if field in body:
                row[column] = body[field] or ""
        for field, column in KEPT[kind].items():
            if body.get(field) is not None:
                row[column] = body[field]
        if "level" in body:
            row["level"] = body["level"] or "DEFAULT"
        for field in ("input", "output"):
            value = body.get(field)
            if value not in (None, ""):
                (weak if value in (0, False) else row)[field] = text(value)
        if body.get("usageDetails"):
            row["provided_usage_details"] = body["usageDetails"]
        row["end"] = body.get("endTime") or row.get("end")
        row["tags"] |= set(body.get("tags") or ())
        metadata = body.get("metadata")
        if metadata is not None:
            row["metadata"] = deep_merge(row["metadata"], metadata if isinstance(metadata, dict) else {"metadata": text(metadata)})
    return weak | row


# --- events ---------------------------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "#c", "d/e", ""])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from(["", "x", "{}", "[1]", '{"a":1}', "1", "é", "~1"]))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6)
METADATA = st.one_of(st.none(), st.sampled_from(["text", [1, 2]]), st.dictionaries(KEYS, VALUES, max_size=3))
TEXT = st.sampled_from(["x", "y", "", None])
TIMES = st.integers(0, 20).map(at)
PAYLOAD = st.one_of(st.none(), st.sampled_from(["", 0, False, "in", {"b": 1, "a": [2]}, [], "0"]))


def bodies(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    common = {"name": TEXT, "version": TEXT, "environment": st.sampled_from(["dev", "prod", None]), "metadata": METADATA}
    return st.fixed_dictionaries({}, optional=common | {"input": PAYLOAD, "output": PAYLOAD} | fields)


TRACES = bodies(
    userId=TEXT,
    sessionId=TEXT,
    release=TEXT,
    public=st.sampled_from([True, False, None]),
    tags=st.lists(st.sampled_from("cab"), max_size=2),
)
OBSERVATIONS = bodies(
    statusMessage=TEXT,
    parentObservationId=TEXT,
    model=TEXT,
    level=st.sampled_from(["ERROR", "DEBUG", None]),
    startTime=st.none() | TIMES,
    endTime=st.none() | TIMES,
    usageDetails=st.sampled_from([None, {}, {"input": 1}, {"input": 2, "output": 3}]),
)


def histories(kind: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    types = ["trace-create"] if kind == "trace" else ["generation-create", "generation-update"]
    made = st.tuples(st.sampled_from(types), TIMES, TRACES if kind == "trace" else OBSERVATIONS)

    def named(items: list[tuple[str, str, dict[str, Any]]]) -> list[dict[str, Any]]:
        ids = {"id": "entity"} | ({} if kind == "trace" else {"traceId": "t"})
        return [event(type, body | ids, id=f"e{number}", timestamp=time) for number, (type, time, body) in enumerate(items)]

    return st.lists(made, min_size=1, max_size=5).map(named)


@st.composite
def deliveries(draw: st.DrawFn, kind: str) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """A history, and the requests that bring it: any order, split and repetition."""
    history = draw(histories(kind))
    arriving = draw(st.permutations(history + draw(st.lists(st.sampled_from(history), max_size=3))))
    cuts = sorted(draw(st.lists(st.integers(0, len(arriving)), max_size=3)))
    return history, [arriving[a:b] for a, b in zip([0, *cuts], [*cuts, len(arriving)], strict=True) if a < b]


def metadata_of(row: Any, expected: dict[str, Any]) -> dict[str, Any]:
    """The stored texts as values, where the model says that they are not text."""
    return {key: json.loads(value) if not isinstance(expected.get(key), str) else value for key, value in row.metadata.items()}


def check(kind: str, history: list[dict[str, Any]], row: Any) -> None:
    expected = model(kind, history)
    for column in {*OVERWRITTEN_BY_NULL[kind].values(), *KEPT[kind].values(), "environment", "input", "output"}:
        found = getattr(row, column)
        if column in ("input", "output") and found.startswith(("{", "[")):
            found = text(json.loads(found))
        assert found == expected.get(column, False if column == "public" else ""), column
    assert metadata_of(row, expected["metadata"]) == expected["metadata"]
    if kind == "trace":
        assert row.tags == sorted(expected["tags"])
        return
    assert (row.level, row.provided_usage_details) == (expected["level"], expected.get("provided_usage_details", {}))
    assert row.start_time == us(float(expected["start"][17:-1]))
    assert row.end_time == (max(us(float(expected["end"][17:-1])), row.start_time) if expected["end"] else None)


def deliver(requests: list[list[dict[str, Any]]]) -> dict[Any, Any]:
    rows: dict[Any, Any] = {}
    for number, events in enumerate(requests):
        merge_into(rows, changes(*events, request_id=f"r{number}", received_at=us(9_000 + number)))
    return rows


@given(deliveries("trace"))
@settings(max_examples=100, deadline=None)
def test_traces_are_what_the_model_says(delivery: Any) -> None:
    history, requests = delivery
    rows = deliver(requests)
    check("trace", history, rows["trace", "", "entity"])


@given(deliveries("observation"))
@settings(max_examples=100, deadline=None)
def test_observations_are_what_the_model_says(delivery: Any) -> None:
    history, requests = delivery
    rows = deliver(requests)
    check("observation", history, rows["observation", "t", "entity"])
    starts = [e["body"].get("startTime") or e["timestamp"] for e in history]
    assert rows["trace", "", "t"].timestamp == us(float(min(starts)[17:-1]))


@given(st.one_of(histories("trace"), histories("observation")), st.randoms(use_true_random=False), st.lists(st.integers(0, 9), max_size=4))
@settings(max_examples=100, deadline=None)
def test_every_order_gives_the_same_row_byte_for_byte(history: Any, random: Any, arrivals: list[int]) -> None:
    copies = history + [random.choice(history) for _ in arrivals]
    sent = [(one, {"request_id": f"r{n}", "received_at": us(9_000 + random.randrange(5))}) for n, one in enumerate(copies)]
    rows: list[dict[Any, Any]] = []
    for _ in range(3):
        found: dict[Any, Any] = {}
        for one, about in sent:
            merge_into(found, changes(one, **about))
        rows.append(found)
        random.shuffle(sent)
    assert rows[0] == rows[1] == rows[2]
    together = merge_into({}, [change for one, about in sent for change in changes(one, **about)])
    assert together == rows[0]
    before = dict(together)
    for one, about in sent:  # and a replay writes nothing
        merge_into(together, changes(one, **about))
        assert all(together[key] is before[key] for key in together)


# --- spans and JSON events of the same observation -------------------------------------------------


def whole(number: int, metadata: dict[str, str]) -> Change:
    about = request(request_id=f"w{number}", received_at=us(8_000 + number), content="otlp-json")
    fields = {"start_time": us(number), "name": f"span {number}", "metadata": metadata, "source": "otel", "type": "AGENT"}
    return Change("observation", "entity", "t", Clock(1, us(number), 0, "entity"), "entity", 0, about, fields, {}, {}, [], whole=True)


def flat(groups: list[list[Change]]) -> list[Change]:
    return list(chain.from_iterable(groups))


WHOLES = st.lists(
    st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["x", '{"a": {"c":2}}', "[not json", "{}"]), max_size=2), max_size=2
)


@given(histories("observation"), WHOLES, st.randoms(use_true_random=False), st.lists(st.integers(0, 12), max_size=3))
@settings(max_examples=100, deadline=None)
def test_json_events_stay_on_top_of_the_latest_span(history: Any, metadatas: Any, random: Any, cuts: list[int]) -> None:
    found = [[change for change in changes(one) if change.kind == "observation"] for one in history]
    found += [[whole(number, metadata)] for number, metadata in enumerate(metadatas)]
    expected = merge_observation(None, flat(found))
    random.shuffle(found)
    row: ObservationRow | None = None
    edges = [0, *sorted(cut for cut in cuts if cut < len(found)), len(found)]
    for start, end in pairwise(edges):
        row = merge_observation(row, flat(found[start:end])) or row if start < end else row
    assert row == expected
    assert merge_observation(row, flat(found)) is None
    if metadatas and row:
        assert (row.type, row.start_time) == ("AGENT", us(len(metadatas) - 1))
