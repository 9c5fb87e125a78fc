"""Scores: the rules that the route checks, and those that need a config (spec/api.md §4.4, spec/backend.md §5)."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from langfuse_app.ingestion.scores import settle, wanted_config
from tests.ingestion.wire import NOON, RECEIVED, accept, at, changes, event, refused, rows, us

BASE = {"id": "s", "traceId": "t", "name": "n"}


def score(**body: Any) -> dict[str, Any]:
    return event("score-create", BASE | body)


@dataclass
class Config:
    data_type: str = "NUMERIC"
    name: str = "n"
    is_archived: bool = False
    min_value: float | None = None
    max_value: float | None = None
    categories: list[dict[str, Any]] | None = field(default_factory=lambda: [{"label": "good", "value": 2}, {"label": "bad", "value": 0}])


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        ({"value": 0.5}, ("NUMERIC", 0.5, "", "")),
        ({"value": -3}, ("NUMERIC", -3.0, "", "")),
        ({"value": "good"}, ("CATEGORICAL", 0.0, "good", "")),
        ({"value": "1"}, ("CATEGORICAL", 0.0, "1", "")),
        ({"value": 1, "dataType": "BOOLEAN"}, ("BOOLEAN", 1.0, "True", "")),
        ({"value": 0.0, "dataType": "BOOLEAN"}, ("BOOLEAN", 0.0, "False", "")),
        ({"value": "free text", "dataType": "TEXT"}, ("TEXT", 0.0, "free text", "")),
        ({"value": "a" * 9_999, "dataType": "CORRECTION"}, ("CORRECTION", 0.0, "", "a" * 9_999)),
        ({"value": "", "dataType": "CORRECTION", "name": None}, ("CORRECTION", 0.0, "", "")),
    ],
)
def test_each_data_type_is_stored_its_way(body: dict[str, Any], stored: tuple[Any, ...]) -> None:
    row = rows(score(**body))["s"]
    assert (row.data_type, row.value, row.string_value, row.long_string_value) == stored
    assert row.name == ("output" if row.data_type == "CORRECTION" else "n")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "body.value: Required"),
        ({"value": None}, "body.value: Expected int | float | str, got null"),
        ({"value": True}, "body.value: Expected int | float | str, got bool"),
        ({"value": 1, "name": ""}, "body.name: Required, at least 1 character"),
        ({"value": 1, "name": None}, "body.name: Required, at least 1 character"),
        ({"value": 1, "dataType": "STARS"}, "body.dataType: Invalid enum value 'STARS'"),
        ({"value": "x", "dataType": "NUMERIC"}, "body.value: A NUMERIC score needs a number"),
        ({"value": 10**400}, "body.value: A NUMERIC score needs a number"),
        ({"value": 1, "dataType": "CATEGORICAL"}, "body.value: A CATEGORICAL score needs a string"),
        ({"value": 7.0, "dataType": "BOOLEAN"}, "body.value: A BOOLEAN score is 0 or 1"),
        ({"value": "True", "dataType": "BOOLEAN"}, "body.value: A BOOLEAN score needs a number"),
        ({"value": "", "dataType": "TEXT"}, "body.value: A TEXT score has 1 to 500 characters"),
        ({"value": "x" * 501, "dataType": "TEXT"}, "body.value: A TEXT score has 1 to 500 characters"),
        ({"value": 1, "source": "HUMAN"}, "body.source: Invalid enum value 'HUMAN'"),
        ({"value": 1, "source": "ANNOTATION"}, "body.configId: Required for scores of source ANNOTATION"),
        ({"value": "x", "dataType": "CORRECTION", "configId": "c"}, "body.dataType: A CORRECTION belongs to a trace or observation and has no configId"),
        ({"value": 1, "timestamp": "2026-01-01T00:00:00"}, "body.timestamp: Expected datetime with a timezone component"),
        ({"value": 1, "traceId": None, "sessionId": "s", "observationId": "o"}, "body.observationId: Needs traceId"),
        ({"value": "x", "dataType": "CORRECTION", "traceId": "", "sessionId": "s"}, "body.dataType: A CORRECTION belongs to a trace or observation and has no configId"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_field(body: dict[str, Any], text: str) -> None:
    assert refused(score(**body)) == text


@pytest.mark.parametrize(
    "subjects",
    [
        {"traceId": None},
        {"traceId": ""},
        {"sessionId": "s"},
        {"datasetRunId": "r"},
        {"traceId": None, "sessionId": "s", "datasetRunId": "r"},
    ],
)
def test_exactly_one_subject(subjects: dict[str, Any]) -> None:
    assert refused(score(value=1, **subjects)).startswith("body.traceId: Provide exactly one of")


@pytest.mark.parametrize(
    ("subject", "column"),
    [({"sessionId": "x"}, "session_id"), ({"datasetRunId": "x"}, "dataset_run_id"), ({"traceId": "x", "observationId": "o"}, "trace_id")],
)
def test_the_subject_decides_where_it_goes(subject: dict[str, Any], column: str) -> None:
    one = score(value=1, **({"traceId": None} | subject))
    assert accept(one).routes == [(0, "x")]
    row = rows(one)["s"]
    assert getattr(row, column) == "x"
    assert row.observation_id == subject.get("observationId", "")


def test_everything_else_a_score_says() -> None:
    body = {
        "comment": "why",
        "metadata": {"a": 1},
        "environment": "langfuse-Dev",
        "queueId": "q",
        "source": "EVAL",
        "executionTraceId": "j",
        "timestamp": at(5),
    }
    row = rows(score(value=1, **body))["s"]
    assert (row.comment, row.metadata, row.environment, row.queue_id) == ("why", {"a": "1"}, "dev", "q")
    assert (row.source, row.execution_trace_id, row.timestamp) == ("EVAL", "j", us(5))
    plain = rows(score(value=1))["s"]
    assert (plain.source, plain.environment, plain.timestamp) == ("API", "default", us(7200))
    assert NOON in repr(score(value=1))


def test_the_same_id_again_is_an_update() -> None:
    first, second = (
        score(value=1, comment="a", environment="one"),
        event("score-create", BASE | {"value": "x", "environment": "two"}, id="e2"),
    )
    row = rows(first, second)["s"]
    assert (row.data_type, row.value, row.string_value, row.comment, row.environment) == ("CATEGORICAL", 0.0, "x", "a", "one")
    cleared = event("score-create", BASE | {"value": 1, "comment": None}, id="e3")
    assert rows(first, second, cleared)["s"].comment == ""


# --- configs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "config", "stored"),
    [
        ({"value": 3}, Config(min_value=1, max_value=3), ("NUMERIC", 3.0, "")),
        ({"value": 1}, Config("BOOLEAN"), ("BOOLEAN", 1.0, "True")),
        ({"value": "good"}, Config("CATEGORICAL"), ("CATEGORICAL", 2.0, "good")),
        ({"value": "note", "dataType": "TEXT"}, Config("TEXT"), ("TEXT", 0.0, "note")),
        ({"value": "good", "source": "ANNOTATION"}, Config("CATEGORICAL"), ("CATEGORICAL", 2.0, "good")),
    ],
)
def test_a_config_gives_the_type_and_the_category_its_value(body: dict[str, Any], config: Config, stored: tuple[Any, ...]) -> None:
    [change] = changes(score(configId="c", **body))
    assert wanted_config(change) == "c"
    assert settle(change, config) == ""
    fields = change.fields
    assert (fields["data_type"], fields["value"], fields["string_value"]) == stored
    assert (fields["name"], fields["config_id"]) == ("n", "c")
    assert wanted_config(change) == ""


@pytest.mark.parametrize(
    ("body", "config", "reason"),
    [
        ({"value": 1}, None, "score config c does not exist"),
        ({"value": 1}, Config(is_archived=True), "score config n is archived"),
        ({"value": 1, "dataType": "BOOLEAN"}, Config(), "score config n is NUMERIC, the score BOOLEAN"),
        ({"value": 1}, Config(name="other"), "score config is named other, the score n"),
        ({"value": "x"}, Config(), "A NUMERIC score needs a number"),
        ({"value": 4}, Config(min_value=1, max_value=3), "4 is outside of 1…3 of score config n"),
        ({"value": -4}, Config(min_value=1), "-4 is outside of 1…inf of score config n"),
        ({"value": "ugly"}, Config("CATEGORICAL"), "ugly is no category of score config n"),
        ({"value": 5}, Config("BOOLEAN"), "A BOOLEAN score is 0 or 1"),
        ({"value": "x" * 501}, Config("TEXT"), "A TEXT score has 1 to 500 characters"),
    ],
)
def test_what_breaks_its_config_is_dropped_with_its_reason(body: dict[str, Any], config: Config | None, reason: str) -> None:
    [change] = changes(score(configId="c", **body))
    assert accept(score(configId="c", **body)).errors == []
    assert settle(change, config) == reason


def test_without_a_config_nothing_has_to_be_settled() -> None:
    [change] = changes(score(value=1))
    assert wanted_config(change) == ""
    assert change.request.received_at == RECEIVED
