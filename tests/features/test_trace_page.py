"""What the trace page shows, from real rows: the tree that is kept, and the panel of a node."""

from dataclasses import replace
from datetime import UTC
from decimal import Decimal

import pytest

from langfuse_app.core.errors import NotFoundError
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.traces import opened, trace_view
from langfuse_app.features.traces.trace_schemas import Panel, Section, trace_head
from langfuse_app.ui import payload
from tests import factories


@pytest.fixture
def scope(engines: object) -> ProjectScope:
    return factories.project()


def look(
    scope: ProjectScope, trace_id: str, selected: str = "", tab: str = "preview", mode: str = "formatted"
) -> tuple[Panel, list[Section]]:
    now = opened.get(scope, trace_id, 0)
    return trace_view.inside(scope, now, selected or now.tree.nodes[0].id, tab, mode, UTC)


def agent(scope: ProjectScope) -> str:
    trace_id = factories.trace(scope, name="agent", input='{"q":"hi"}', output="done", metadata={"channel": "web"}, tags=["a"])
    factories.observation(scope, trace_id, "root", name="agent", input='{"q":"hi"}', output="other", end_time=factories.at(4))
    factories.observation(
        scope, trace_id, "gen", 1, type="GENERATION", parent_observation_id="root", end_time=factories.at(2), level="ERROR", status_message="boom",
        provided_model_name="gpt-4o", model_parameters='{"temperature":0.2,"stop":["\\n"]}', usage_details={"input": 1000, "output": 10, "total": 1010},
        cost_details={"input": Decimal("0.0025"), "output": Decimal("0.0001"), "total": Decimal("0.0026")}, total_cost=Decimal("0.0026"),
        unit_prices={"input": Decimal("0.0000025"), "output": Decimal("0.00001")}, cost_source="computed", usage_pricing_tier_name="Standard",
        prompt_name="answer", prompt_version=3, metadata={"k": "1"}, input='[{"role":"user","content":"<b>hi</b>"},{"role":"assistant","content":"x"}]',
    )  # fmt: skip
    factories.score(scope, "of-trace", trace_id=trace_id, name="csat", value=5)
    factories.score(scope, "of-gen", trace_id=trace_id, observation_id="gen", name="ok", value=1, data_type="BOOLEAN", string_value="True")
    return trace_id


def test_the_first_row_stands_for_the_trace_as_well(scope: ProjectScope) -> None:
    panel, sections = look(scope, agent(scope))
    assert (panel["name"], panel["id"]) == ("agent", "root")
    assert [(entry["title"], entry["part"]) for entry in sections] == [
        ("Input", "input"),
        ("Output", "output"),
        ("Trace output", "trace_output"),
    ]
    assert [score["name"] for score in panel["scores"]] == ["csat"]


def test_the_panel_of_a_generation(scope: ProjectScope) -> None:
    trace_id = agent(scope)
    panel, sections = look(scope, trace_id, "gen")
    facts = {fact["label"]: fact["value"] for fact in panel["facts"]}
    assert facts == {
        "Latency": "1.00s", "Model": "gpt-4o", "Cost": "$0.0026", "Tokens": "1,000 → 10",
        "Prompt": "answer v3", "temperature": "0.2", "stop": '["\\n"]',
    }  # fmt: skip
    assert [(line["label"], line["amount"], line["price"], line["cost"]) for line in panel["costs"]] == [
        ("Input", "1,000", "× $2.50 / 1M", "$0.0025"),
        ("Output", "10", "× $10 / 1M", "$0.0001"),
    ]
    assert (panel["total"], panel["costs_title"]) == ("$0.0026", "gpt-4o · Standard tier")
    assert (panel["level"], panel["status"]) == ("error", "boom")
    assert [(score["name"], score["value"], score["tone"]) for score in panel["scores"]] == [("ok", "true", "ok")]
    assert [(entry["title"], entry["note"]) for entry in sections] == [("Input", "2 messages")]
    assert "<b>" not in sections[0]["html"]
    assert "&lt;b&gt;" in sections[0]["html"]


def test_tabs_and_forms(scope: ProjectScope) -> None:
    trace_id = agent(scope)
    assert [entry["title"] for entry in look(scope, trace_id, "gen", "metadata")[1]] == ["Metadata"]
    assert look(scope, trace_id, "gen", "scores")[1] == []
    assert "lf-json-row" in look(scope, trace_id, "gen", mode="json")[1][0]["html"]
    assert [entry["title"] for entry in look(scope, trace_id, tab="metadata")[1]] == ["Trace metadata"]


def test_a_trace_without_observations_shows_itself(scope: ProjectScope) -> None:
    trace_id = factories.trace(scope, name="bare", input="in")
    panel, sections = look(scope, trace_id)
    assert (panel["type"], panel["name"], panel["facts"]) == ("TRACE", "bare", [])
    assert [entry["title"] for entry in sections] == ["Input"]


def test_the_facts_of_a_trace(scope: ProjectScope) -> None:
    now = opened.get(scope, agent(scope), 0)
    head = trace_head(now.trace, now.nodes, UTC, "/file")
    facts = {fact["label"]: fact["value"] for fact in head["facts"]}
    assert (facts["Latency"], facts["Cost"], facts["Tokens"]) == ("4.00s", "$0.0026", "1,000 → 10")
    assert (head["errors"], head["warnings"], head["tags"]) == ("1 error", "", ["a"])
    assert [(line["label"], line["cost"]) for line in head["costs"]] == [("gpt-4o", "$0.0026")]


def test_a_tree_is_kept_until_it_is_too_old_or_forgotten(scope: ProjectScope) -> None:
    trace_id = agent(scope)
    first = opened.get(scope, trace_id)
    factories.observation(scope, trace_id, "late", 3, parent_observation_id="root")
    assert opened.get(scope, trace_id) is first
    fresh = opened.get(scope, trace_id, 0)
    assert (len(fresh.nodes), fresh.mark == first.mark) == (3, False)
    assert opened.get(scope, trace_id) is fresh
    opened.forget(scope, trace_id)
    again = opened.get(scope, trace_id)
    assert (again is fresh, again.mark) == (False, fresh.mark)


def test_no_other_project_sees_what_is_kept(scope: ProjectScope) -> None:
    trace_id = agent(scope)
    opened.get(scope, trace_id)
    with pytest.raises(NotFoundError):
        opened.get(factories.project(), trace_id)


def test_old_traces_are_left_alone_and_growing_ones_are_not(scope: ProjectScope) -> None:
    now = opened.get(scope, agent(scope), 0)
    old, young = (replace(now, trace=replace(now.trace, updated_at=moment)) for moment in (now.tree.start, utcnow()))
    assert (trace_view.patience(old), trace_view.patience(young)) == (opened.KEEP_SECONDS, 2.5)
    assert trace_view.patience(replace(young, nodes=now.nodes * 5000)) == 20


def test_long_system_messages_start_closed() -> None:
    html = payload.formatted('[{"role":"system","content":"' + "x" * 300 + '"},{"role":"user","content":"hi"}]').html
    assert '<details class="lf-msg" data-role="system">' in html
    assert "300 characters" in html
