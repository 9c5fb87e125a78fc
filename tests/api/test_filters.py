"""The `filter` parameter and the declared answers of traces, observations and scores (spec/api.md §4.1–4.4, §9)."""

import json
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from langfuse_app.core.filters.clickhouse import apply
from langfuse_app.core.filters.columns import Column
from langfuse_app.core.filters.parse import Filter
from langfuse_app.core.sql import Conditions
from langfuse_app.core.time import from_us
from langfuse_app.features.comments.models import Comment
from langfuse_app.features.observations import schemas as observations
from langfuse_app.features.observations.repository_columns import COLUMNS as OBSERVATION_COLUMNS
from langfuse_app.features.scores import schemas as scores
from langfuse_app.features.scores.repository_columns import COLUMNS as SCORE_COLUMNS
from langfuse_app.features.sessions import schemas as sessions
from langfuse_app.features.traces import schemas as traces
from langfuse_app.features.traces import service
from langfuse_app.features.traces.repository_columns import columns as trace_columns
from langfuse_app.features.traces.schemas import TraceQuery
from langfuse_app.stores import clickhouse
from langfuse_app.stores.postgres import session
from tests import factories
from tests.api.conftest import Api


@pytest.fixture
def sample(api: Api) -> Api:
    """Two traces: one with costs, errors, scores; one bare."""
    rich = {
        "name": "rich",
        "user_id": "ada",
        "session_id": "s",
        "tags": ["a", "b"],
        "release": "r1",
        "metadata": {"plan": "pro", "deep": '{"n":2}'},
    }
    factories.trace(api.scope, "rich", 10, input="我想退款", **rich)
    factories.trace(api.scope, "bare", 20, name="bare", bookmarked=True)
    spans: list[dict[str, Any]] = [
        {"id": "root", "name": "agent", "type": "AGENT", "end_time": factories.at(14), "input": '{"q":"Refund order 4711"}'},
        {
            "id": "llm",
            "name": "llm",
            "type": "GENERATION",
            "parent_observation_id": "root",
            "end_time": factories.at(12),
            "level": "ERROR",
            "provided_model_name": "m1",
            "usage_details": {"input": 10, "output": 5, "total": 15},
            "total_cost": Decimal("0.3"),
            "cost_details": {"input": Decimal("0.1"), "output": Decimal("0.2")},
            "tool_definitions": {"search": "{}"},
            "tool_call_names": ["search"],
        },
    ]
    for span in spans:
        factories.observation(api.scope, "rich", at_s=10, **span)
    factories.score(api.scope, "n1", trace_id="rich", name="quality", value=0.2)
    factories.score(api.scope, "n2", trace_id="rich", observation_id="llm", name="quality", value=0.8, metadata={"by": "me"})
    factories.score(api.scope, "c1", trace_id="rich", name="mood", data_type="CATEGORICAL", string_value="good", value=0)
    factories.score(api.scope, "b1", trace_id="bare", name="ok", data_type="BOOLEAN", string_value="True", value=1)
    return api


def ids(api: Api, path: str, *conditions: tuple[Any, ...], **params: Any) -> set[str]:
    given = [dict(zip(("type", "column", "operator", "value", "key"), (*one, "")[:5], strict=False)) for one in conditions]
    answer = api.get(path, filter=json.dumps(given), **params)
    assert answer.status_code == 200, answer.text
    return {row["id"] for row in answer.json()["data"]}


RICH, BARE = {"rich"}, {"bare"}
TRACES: list[tuple[tuple[Any, ...], set[str]]] = [
    (("stringOptions", "traceName", "any of", ["rich"]), RICH),
    (("string", "Name", "starts with", "ba"), BARE),
    (("boolean", "⭐️", "=", True), BARE),
    (("arrayOptions", "traceTags", "all of", ["a", "b"]), RICH),
    (("stringObject", "metadata", "=", "pro", "plan"), RICH),
    (("numberObject", "metadata", ">", 1, "deep.n"), RICH),
    (("datetime", "timestamp", ">", from_us(factories.at(15)).isoformat()), BARE),
    (("null", "userId", "is null"), BARE),
    (("string", "input", "contains", "退款"), RICH),
    (("number", "errorCount", ">", 0), RICH),
    (("number", "Error Level Count", "=", 0), BARE),
    (("number", "totalTokens", "<", 1), BARE),
    (("number", "outputTokens", "=", 5), RICH),
    (("number", "Total Cost ($)", "=", 0.3), RICH),
    (("number", "totalCost", "<", 1), RICH),
    (("number", "inputCost", "<=", 0.1), RICH),
    (("number", "latency", "=", 4), RICH),
    (("stringOptions", "level", "any of", ["ERROR"]), RICH),
    (("numberObject", "scores_avg", "=", 0.5, "quality"), RICH),
    (("numberObject", "scores_avg", ">", 0.5, "quality"), set()),
    (("categoryOptions", "score_categories", "any of", ["good"], "mood"), RICH),
    (("categoryOptions", "score_categories", "none of", ["good"], "mood"), BARE),
    (("booleanObject", "score_booleans", "=", True, "ok"), BARE),
    (("stringOptions", "evaluatorId", "any of", ["x"]), set()),
]
ROOT, LLM = {"root"}, {"llm"}
OBSERVATIONS: list[tuple[tuple[Any, ...], set[str]]] = [
    (("stringOptions", "type", "any of", ["AGENT"]), ROOT),
    (("stringOptions", "providedModelName", "any of", ["m1"]), LLM),
    (("string", "userId", "=", "ada"), ROOT | LLM),
    (("string", "release", "=", "r2"), set()),
    (("stringOptions", "traceName", "none of", ["bare"]), ROOT | LLM),
    (("arrayOptions", "traceTags", "any of", ["b"]), ROOT | LLM),
    (("string", "input", "contains", "Refund order"), ROOT),
    (("string", "input", "matches", "4711 Refund"), ROOT),
    (("number", "latency", ">", 3), ROOT),
    (("number", "inputCost", "=", 0.1), LLM),
    (("number", "tokensPerSecond", "=", 2.5), LLM),
    (("number", "toolDefinitions", "=", 1), LLM),
    (("arrayOptions", "calledToolNames", "any of", ["search"]), LLM),
    (("boolean", "isRootObservation", "=", True), ROOT),
    (("boolean", "hasInput", "<>", True), LLM),
    (("numberObject", "scores_avg", ">=", 0.8, "quality"), LLM),
    (("numberObject", "trace_scores_avg", "<", 0.3, "quality"), ROOT | LLM),
    (("categoryOptions", "trace_score_categories", "any of", ["good"], "mood"), ROOT | LLM),
    (("positionInTrace", "positionInTrace", "=", 2, "nthFromStart"), ROOT),
    (("positionInTrace", "positionInTrace", "=", 0, "root"), ROOT),
]
SCORES: list[tuple[tuple[Any, ...], set[str]]] = [
    (("stringOptions", "name", "any of", ["quality"]), {"n1", "n2"}),
    (("number", "value", ">", 0.5), {"n2", "b1"}),
    (("stringOptions", "stringValue", "any of", ["good"]), {"c1"}),
    (("stringOptions", "booleanValue", "any of", ["True"]), {"b1"}),
    (("stringObject", "metadata", "=", "me", "by"), {"n2"}),
    (("stringOptions", "traceName", "any of", ["bare"]), {"b1"}),
    (("arrayOptions", "tags", "any of", ["a"]), {"n1", "n2", "c1"}),
    (("string", "observationId", "=", "llm"), {"n2"}),
]


def test_traces(sample: Api) -> None:
    for condition, expected in TRACES:
        assert ids(sample, "/traces", condition) == expected, condition


@pytest.mark.parametrize("path", ["/observations", "/v2/observations"])
def test_observations(sample: Api, path: str) -> None:
    for condition, expected in OBSERVATIONS:
        assert ids(sample, path, condition) == expected, condition


@pytest.mark.parametrize("path", ["/scores", "/v2/scores"])
def test_scores(sample: Api, path: str) -> None:
    for condition, expected in SCORES:
        assert ids(sample, path, condition) == expected, condition


def test_conditions_are_joined_and_beat_simple_parameters(sample: Api) -> None:
    named = ("string", "name", "=", "bare")
    assert ids(sample, "/traces", named, ("number", "errorCount", ">", 0)) == set()
    assert ids(sample, "/traces", named, name="rich") == BARE
    assert ids(sample, "/traces", named, userId="ada") == set()
    late = ("datetime", "timestamp", ">=", from_us(factories.at(0)).isoformat())
    assert ids(sample, "/traces", late, fromTimestamp=from_us(factories.at(15)).isoformat()) == RICH | BARE
    assert ids(sample, "/v2/observations", ("stringOptions", "type", "any of", ["AGENT"]), type="GENERATION") == ROOT
    assert ids(sample, "/v2/scores", ("number", "value", "<", 0.5), operator=">", value=0.5) == {"n1"}


@pytest.mark.parametrize("path", ["/traces", "/observations", "/v2/observations", "/scores", "/v2/scores"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "Invalid JSON in filter parameter"),
        ('{"a":1}', "Invalid request data"),
        ('[{"type":"string","column":"nope","operator":"=","value":""}]', "Columns: "),
        ('[{"type":"number","column":"name","operator":"=","value":1}]', "Types: string"),
    ],
)
def test_refusals(api: Api, path: str, text: str, said: str) -> None:
    answer = api.get(path, filter=text)
    assert (answer.status_code, said in answer.json()["message"]) == (400, True)


def test_another_tenant_sees_nothing(sample: Api, stranger: Api) -> None:
    for path, cases in (("/traces", TRACES), ("/v2/observations", OBSERVATIONS), ("/v2/scores", SCORES)):
        for condition, _ in cases:
            assert ids(stranger, path, condition) == set()


def test_every_column_is_sql(api: Api) -> None:
    """Each column with each form of condition that its kind knows is a statement the store accepts."""
    tables: list[tuple[str, dict[str, Column]]] = [
        ("traces", trace_columns()),
        ("observations", OBSERVATION_COLUMNS),
        ("scores", SCORE_COLUMNS),
    ]
    forms: dict[str, Filter] = {
        "string": Filter("stringOptions", "", "none of", ("x",)),
        "payload": Filter("string", "", "contains", "x y 退"),
        "number": Filter("number", "", ">", 1.5),
        "datetime": Filter("datetime", "", ">", from_us(0)),
        "boolean": Filter("boolean", "", "=", True),
        "array": Filter("arrayOptions", "", "any of", ("x",)),
        "map": Filter("stringObject", "", "=", "x", "a.b"),
        "position": Filter("positionInTrace", "", "=", 2, "nthFromEnd"),
        "scores": Filter("numberObject", "", ">", 1, "x"),
        "score_averages": Filter("numberObject", "", ">", 1, "x"),
        "score_categories": Filter("categoryOptions", "", "none of", ("x",), "x"),
        "score_booleans": Filter("booleanObject", "", "<>", True, "x"),
    }
    for table, columns in tables:
        for name, column in columns.items():
            form = forms[column.kind]
            for one in (form, Filter("null", name, "is null", None)) if not column.kind.startswith(("score", "pos")) else (form,):
                where = Conditions(api.scope)
                apply(where, [Filter(one.type, name, one.operator, one.value, one.key)], columns)
                clickhouse.query(f"SELECT count() AS n FROM {table} FINAL WHERE {where.sql}", where.params)


def test_answers_are_what_the_document_says(sample: Api) -> None:
    all_groups = "core,basic,time,io,metadata,model,usage,prompt,metrics,trace_context"
    cases: list[tuple[str, Any, dict[str, Any]]] = [
        ("/traces", traces.Traces, {}),
        ("/traces", traces.Traces, {"fields": "core"}),
        ("/traces/rich", traces.TraceWithFullDetails, {}),
        ("/observations", observations.ObservationsV1, {}),
        ("/observations/llm", observations.ObservationV1, {}),
        ("/v2/observations", observations.ObservationsV2, {}),
        ("/v2/observations", observations.ObservationsV2, {"fields": all_groups, "limit": 1}),
        ("/scores", scores.ScoresV1, {}),
        ("/scores/n1", scores.ScoreV1, {}),
        ("/v2/scores", scores.ScoresV2, {"fields": "score"}),
        ("/v2/scores", scores.ScoresV2, {}),
        ("/v2/scores/c1", scores.ScoreV2, {}),
        ("/v3/scores", scores.ScoresV3, {"fields": "details,subject,annotation", "limit": 2}),
        ("/sessions", sessions.Sessions, {}),
        ("/sessions/s", sessions.SessionWithTraces, {}),
    ]
    for path, shape, params in cases:
        body = sample.get(path, **params).json()
        checked = TypeAdapter(shape).validate_python(body, strict=True)
        assert TypeAdapter(shape).dump_python(checked, mode="json", by_alias=True) == body, path


def test_contents_are_searched_where_that_is_asked(sample: Api) -> None:
    def found(text: str, **more: Any) -> set[str]:
        return {item.id for item in service.list_traces(sample.scope, TraceQuery(search=text, **more)).items}

    assert (found("Refund order"), found("Refund order", contents=True)) == (set(), RICH)
    assert (found("退款", contents=True), found("pro", contents=True), found("BAR", contents=True)) == (RICH, RICH, BARE)
    assert found("Refund order", contents=True, from_time=from_us(factories.at(0))) == RICH


def test_cursors_neither_repeat_nor_skip_while_rows_arrive(api: Api) -> None:
    expected = [factories.observation(api.scope, "t", f"o{number:02}", number // 3) for number in range(30)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for number in range(40):
        page = api.get("/v2/observations", limit=4, **cursor).json()
        seen += [row["id"] for row in page["data"]]
        factories.observation(api.scope, "t", f"new{number}", 1_000 + number)
        if "cursor" not in page["meta"]:
            break
        cursor = {"cursor": page["meta"]["cursor"]}
    assert seen == expected[::-1]


SESSIONS: list[tuple[tuple[Any, ...], set[str]]] = [
    (("string", "id", "=", "s"), {"s"}),
    (("datetime", "createdAt", "<", "2000-01-01T00:00:00Z"), set()),
    (("boolean", "bookmarked", "=", True), set()),
    (("stringOptions", "environment", "any of", ["default"]), {"s"}),
    (("arrayOptions", "userIds", "any of", ["ada"]), {"s"}),
    (("arrayOptions", "tags", "all of", ["a", "b"]), {"s"}),
    (("number", "countTraces", "=", 1), {"s"}),
    (("number", "sessionDuration", "=", 4), {"s"}),
    (("number", "totalCost", "=", 0.3), {"s"}),
    (("number", "totalTokens", "<", 15), set()),
    (("stringObject", "metadata", "=", "pro", "plan"), {"s"}),
    (("numberObject", "scores_avg", ">", 0, "quality"), set()),
    (("number", "commentCount", "=", 0), {"s"}),
]


def test_sessions(sample: Api) -> None:
    for condition, expected in SESSIONS:
        assert ids(sample, "/sessions", condition) == expected, condition
    refused = sample.get("/sessions", filter='[{"type":"string","column":"nope","operator":"=","value":""}]')
    assert (refused.status_code, "Columns: id" in refused.json()["message"]) == (400, True)


def test_comments(sample: Api) -> None:
    with session() as current:
        for kind, id, content in (
            ("TRACE", "rich", "first"),
            ("TRACE", "rich", "second look"),
            ("OBSERVATION", "llm", "odd"),
            ("SESSION", "s", "odd"),
        ):
            current.add(Comment(project_id=sample.scope.project_id, object_type=kind, object_id=id, content=content))
    for path, condition, expected in (
        ("/traces", ("number", "commentCount", ">=", 2), RICH),
        ("/traces", ("number", "commentCount", ">", 2), set()),
        ("/traces", ("number", "commentCount", "=", 0), BARE),
        ("/traces", ("number", "Comment Count", "<", 3), RICH | BARE),
        ("/traces", ("string", "commentContent", "contains", "second"), RICH),
        ("/traces", ("string", "commentContent", "contains", "third"), set()),
        ("/v2/observations", ("string", "commentContent", "=", "odd"), LLM),
        ("/observations", ("number", "commentCount", "<", 1), ROOT),
        ("/sessions", ("number", "commentCount", "=", 1), {"s"}),
    ):
        assert ids(sample, path, condition) == expected, condition
