"""What pages ask of traces: previews, trees, volume, bookmarks (contract of features/traces/service.py)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from langfuse_app.core.errors import NotFoundError
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.observations import service as observations
from langfuse_app.features.scores import service as scores
from langfuse_app.features.traces import service
from langfuse_app.features.traces.schemas import ORDER_COLUMNS, TraceQuery
from langfuse_app.stores import clickhouse
from tests import factories


@pytest.fixture
def scope(engines: object) -> ProjectScope:
    return factories.project()


def names(scope: ProjectScope, **query: object) -> list[str]:
    return [item.id for item in service.list_traces(scope, replace(TraceQuery(), **query)).items]


def test_previews_are_cut(scope: ProjectScope) -> None:
    factories.trace(scope, "t1", input="é" * 300, output="short", metadata={"k": "5", "long": "y" * 300})
    factories.observation(scope, "t1", usage_details={"input": 3, "output": 4, "total": 7}, level="WARNING")
    (item,) = service.list_trace_previews(scope, TraceQuery()).items
    assert (item.input, item.output, item.observation_ids) == ("é" * 200, "short", [])
    assert item.metadata == {"k": 5, "long": "y" * 200}
    assert (item.input_tokens, item.output_tokens, item.total_tokens, item.total_cost) == (3, 4, 7, None)
    assert (item.observation_count, item.warning_count, item.error_count, item.latency) == (1, 1, 0, 0.0)


def test_search_by_id_and_name(scope: ProjectScope) -> None:
    factories.trace(scope, "abc123", 1, name="Größe planen")
    factories.trace(scope, "zzz", 0, name="abc helper")
    assert names(scope, search="abc") == ["abc123", "zzz"]
    assert names(scope, search="GRÖSSE") == []
    assert names(scope, search="größe PLANEN") == ["abc123"]
    assert names(scope, search="c123") == []
    assert names(scope, search="%") == []


@pytest.mark.parametrize("column", sorted(ORDER_COLUMNS))
@pytest.mark.parametrize("descending", [True, False])
def test_every_order_is_total(scope: ProjectScope, column: str, descending: bool) -> None:
    """Rows that are equal in the column still come in one order over all pages."""
    for number in range(5):
        factories.trace(scope, f"t{number}", name="same")
    query = TraceQuery(order_by=column, descending=descending, limit=2)
    pages = [service.list_traces(scope, replace(query, page=page)).items for page in (1, 2, 3)]
    assert sorted(item.id for page in pages for item in page) == ["t0", "t1", "t2", "t3", "t4"]


def test_a_tree_has_no_payloads(scope: ProjectScope) -> None:
    factories.trace(scope, "t1")
    factories.observation(scope, "t1", "b", 1, parent_observation_id="a", completion_start_time=factories.at(1.5), name="child")
    factories.observation(
        scope, "t1", "a", 0, end_time=factories.at(3), total_cost=Decimal("0.5"), usage_details={"input": 1, "total": 2}, input="big"
    )
    first, second = service.get_tree(scope, "t1")
    assert (first.id, first.latency, first.total_cost, first.input_tokens, first.total_tokens) == ("a", 3.0, 0.5, 1, 2)
    assert (second.id, second.parent_observation_id, second.latency, second.time_to_first_token) == ("b", "a", None, 0.5)
    assert not hasattr(first, "input")
    assert service.get_tree(scope, "absent") == []
    assert service.get_tree(factories.project(), "t1") == []


def test_sums_of_a_trace_are_those_of_its_observations(scope: ProjectScope) -> None:
    """The list adds up in the database, the single trace in this process: both must say the same."""
    factories.trace(scope, "t1")
    for number in range(4):
        factories.observation(
            scope,
            "t1",
            f"o{number}",
            number,
            end_time=factories.at(number + 0.5) if number % 2 else None,
            usage_details={"input": number, "input_cached": 1, "output": 2, "total": 3},
            cost_details={"input": Decimal("0.1"), "output": Decimal("0.2")},
            total_cost=Decimal("0.3"),
            level="ERROR" if number == 2 else "DEFAULT",
        )
    listed = observations.sums(scope, ["t1"], with_ids=True)["t1"]
    summed, _ = observations.of_trace(scope, "t1")
    assert summed == replace(listed, ids=[])
    assert (listed.input_cost, listed.output_cost, listed.total_cost) == (0.4, 0.8, 1.2)
    assert listed.latency == 3.5


def test_an_observation_with_its_trace(scope: ProjectScope) -> None:
    factories.trace(scope, "t1", user_id="u1", name="chat", tags=["a"])
    factories.observation(scope, "t1", "o1", tool_calls=['{"name":"x"}'], tool_call_names=["x"], unit_prices={"input": Decimal("0.1")})
    for item in (observations.get(scope, "o1"), observations.get(scope, "o1", "t1")):
        assert (item.user_id, item.trace_name, item.tags, item.tool_call_names, item.unit_prices) == (
            "u1",
            "chat",
            ["a"],
            ["x"],
            {"input": 0.1},
        )
    for trace_id in ("t2", None):
        with pytest.raises(NotFoundError):
            observations.get(factories.project() if trace_id is None else scope, "o1", trace_id)


def test_volume(scope: ProjectScope) -> None:
    for second in (0, 1, 50, 99):
        factories.trace(scope, f"t{second}", second)
    factories.observation(scope, "t50", at_s=50, level="ERROR")
    query = TraceQuery(from_time=factories.START, to_time=factories.START + timedelta(seconds=100))
    buckets = service.volume(scope, query, 4)
    assert [(bucket.traces, bucket.errors) for bucket in buckets] == [(2, 0), (0, 0), (1, 1), (1, 0)]
    assert [(bucket.start - factories.START).total_seconds() for bucket in buckets] == [0, 25, 50, 75]
    assert sum(bucket.traces for bucket in service.volume(scope, TraceQuery(), 7)) == 4
    assert service.volume(factories.project(), TraceQuery(), 4) == []


def test_a_bookmark_is_a_new_version(scope: ProjectScope) -> None:
    factories.trace(scope, "t1", name="chat", metadata={"k": "v"})
    service.set_bookmark(scope, "t1", True)
    item = service.get_trace(scope, "t1")
    assert (item.bookmarked, item.name, item.metadata) == (True, "chat", {"k": "v"})
    service.set_bookmark(scope, "t1", False)
    assert service.get_trace(scope, "t1").bookmarked is False
    with pytest.raises(NotFoundError):
        service.set_bookmark(factories.project(), "t1", True)


def test_scores_of_a_trace(scope: ProjectScope) -> None:
    factories.score(scope, "s2", 1, trace_id="t1", observation_id="o1")
    factories.score(scope, "s1", 0, trace_id="t1")
    factories.score(scope, "s3", 0, trace_id="t2")
    assert [item.id for item in scores.list_for_trace(scope, "t1")] == ["s1", "s2"]


def test_no_query_without_its_tenant(scope: ProjectScope) -> None:
    """The tables hold rows of every test's project; a trace of this one is all that is found."""
    factories.trace(scope, "t1")
    assert clickhouse.query("SELECT uniqExact(project_id) AS n FROM traces")[0]["n"] >= 1
    assert names(scope) == ["t1"]
