"""Matching, tiers, usage totals and costs of one row (spec/backend.md §4)."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from langfuse_app.ingestion.prices import Condition, ModelDefinition, Tier
from langfuse_app.ingestion.pricing import Matcher, enrich, enrich_all, settle_usage
from langfuse_app.ingestion.rows import ObservationRow
from tests.ingestion.shipped import matcher, simple


def row(**columns: Any) -> ObservationRow:
    return ObservationRow(**{"project_id": "p", "trace_id": "t", "id": "o", "start_time": 0} | columns)


def enriched(definitions: Sequence[ModelDefinition] = (), **columns: Any) -> ObservationRow:
    result = row(**columns)
    enrich(result, Matcher(definitions) if definitions else matcher())
    return result


# --- matching ---


def test_own_models_come_before_the_default_list() -> None:
    found = Matcher([simple("gpt-4o", id="default"), simple("gpt-4o", id="own", own=True)]).match("GPT-4o")
    assert found is not None
    assert found.id == "own"


def test_the_latest_start_date_wins_and_none_is_the_earliest() -> None:
    dated = [simple("m", id=date or "none", start_date=date) for date in ("", "2024-05-01", "2099-01-01", "2023-01-01")]
    found = Matcher(dated).match("m")
    assert found is not None
    assert found.id == "2099-01-01"


def test_an_own_model_without_start_date_beats_a_dated_default_one() -> None:
    found = Matcher([simple("m", id="default", start_date="2024-01-01"), simple("m", id="own", own=True)]).match("m")
    assert found is not None
    assert found.id == "own"


def test_the_more_specific_name_wins_among_equals() -> None:
    dated = simple("gpt-4o-2024-05-13")
    any_date = simple("gpt-4o", pattern=r"^gpt-4o(-\d{4}-\d{2}-\d{2})?$")
    for order in ([dated, any_date], [any_date, dated]):
        found = Matcher(order).match("gpt-4o-2024-05-13")
        assert found is not None
        assert found.name == "gpt-4o-2024-05-13"


def test_patterns_are_searched_not_anchored() -> None:
    assert Matcher([simple("m", pattern="turbo")]).match("my-TURBO-model") is None
    assert Matcher([simple("m", pattern="(?i)turbo")]).match("my-TURBO-model") is not None


@pytest.mark.parametrize("name", ["", "x" * 1001, "no-such-model", "naïve \u0000 name"])
def test_a_name_nobody_knows_has_no_model(name: str) -> None:
    assert matcher().match(name) is None


def test_a_pattern_that_cannot_run_matches_nothing_and_harms_nobody() -> None:
    tried = Matcher([simple("bad", pattern="(unclosed"), simple("good")])
    assert tried.invalid_patterns == ["(unclosed"]
    assert tried.match("(unclosed") is None
    assert tried.match("good") is not None


def test_a_chained_matcher_is_asked_last() -> None:
    defaults = Matcher([simple("gpt-4o"), simple("other")])
    own = Matcher([simple("gpt-4o", id="own", own=True)], otherwise=defaults.match)
    assert [model and model.id for model in map(own.match, ("gpt-4o", "other", "none"))] == ["own", "other", None]


# --- usage ---


@pytest.mark.parametrize(
    ("given", "settled"),
    [
        ({}, {}),
        ({"input": 1, "output": 2}, {"input": 1, "output": 2, "total": 3}),
        ({"input": 51, "output": 0, "total": 100}, {"input": 51, "output": 0, "total": 100}),
        ({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2, "c": 3, "total": 6}),
        ({"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}, {"input_tokens": 1, "output_tokens": 2, "total": 3}),
        ({"total": 5, "totalTokens": 3}, {"total": 5}),
        # details inside of input and output: the stated total says so
        (
            {"input": 20, "output": 10, "total": 30, "input_cached_tokens": 4, "output_reasoning_tokens": 2, "cache_read_input_tokens": 1},
            {"input": 15, "output": 8, "total": 30, "input_cached_tokens": 4, "output_reasoning_tokens": 2, "cache_read_input_tokens": 1},
        ),
        (
            {"input": 7, "output": 3, "cache_read_input_tokens": 2, "total": 12},
            {"input": 7, "output": 3, "cache_read_input_tokens": 2, "total": 12},
        ),
        ({"input": 3, "output": 1, "total": 4, "input_characters": 900}, {"input": 3, "output": 1, "total": 4, "input_characters": 900}),
        ({"promptTokenCount": 10, "cachedContentTokenCount": 4}, {"promptTokenCount": 6, "cachedContentTokenCount": 4, "total": 10}),
        (
            {"prompt_token_count": 1, "cached_content_token_count": 4},
            {"prompt_token_count": 0, "cached_content_token_count": 4, "total": 4},
        ),
        ({"a": 2**63 - 1, "b": 2**63 - 1}, {"a": 2**63 - 1, "b": 2**63 - 1, "total": 2**63 - 1}),
    ],
)
def test_usage_gets_a_total_and_no_token_stands_twice(given: dict[str, int], settled: dict[str, int]) -> None:
    before = dict(given)
    assert settle_usage(given) == settled
    assert given == before


# --- cost ---


def test_cost_is_price_times_units_with_everything_that_made_it() -> None:
    found = enriched(provided_model_name="gpt-4o", provided_usage_details={"input": 1000, "output": 100})
    assert found.cost_details == {"input": Decimal("0.0025"), "output": Decimal("0.001"), "total": Decimal("0.0035")}
    assert found.total_cost == Decimal("0.0035")
    assert found.unit_prices == {"input": Decimal("0.0000025"), "output": Decimal("0.00001")}
    assert (found.internal_model_id, found.cost_model_id, found.cost_source) == ("gpt-4o", "gpt-4o", "computed")
    assert (found.usage_pricing_tier_id, found.usage_pricing_tier_name) == ("gpt-4o:Standard", "Standard")


def test_cost_keeps_twelve_digits() -> None:
    found = enriched([simple("m", prices={"input": "0.0000000000016"})], provided_model_name="m", provided_usage_details={"input": 1})
    assert found.total_cost == Decimal("0.000000000002")


def test_a_priced_total_is_the_cost() -> None:
    model = simple("m", prices={"total": "0.5", "input": "0.1"})
    found = enriched([model], provided_model_name="m", provided_usage_details={"input": 3, "output": 1})
    assert found.cost_details == {"input": Decimal("0.3"), "total": Decimal(2)}
    assert found.total_cost == 2


def test_usage_without_a_price_costs_nothing_known() -> None:
    found = enriched([simple("m", prices={"input": "1"})], provided_model_name="m", provided_usage_details={"output": 5})
    assert (found.cost_details, found.total_cost, found.cost_source, found.unit_prices) == ({}, None, "", {})
    assert found.internal_model_id == "m"


def test_shipped_lists_price_a_special_token_as_its_kind_and_own_models_do_not() -> None:
    usage = {"input": 1, "input_cache_read": 10, "output_reasoning": 100, "input_images": 9}
    prices = {"input": "1", "input_cached_tokens": "0.1", "output": "2"}
    shipped = enriched([simple("m", prices=prices)], provided_model_name="m", provided_usage_details=usage)
    assert shipped.unit_prices == {"input": Decimal(1), "input_cache_read": Decimal("0.1"), "output_reasoning": Decimal(2)}
    own = enriched([simple("m", prices=prices, own=True)], provided_model_name="m", provided_usage_details=usage)
    assert own.unit_prices == {"input": Decimal(1)}


def test_no_model_no_cost_but_usage() -> None:
    found = enriched(provided_model_name="unheard-of", provided_usage_details={"input": 5})
    assert (found.usage_details, found.cost_details, found.internal_model_id) == ({"input": 5, "total": 5}, {}, "")


def test_given_costs_are_taken_as_they_are() -> None:
    given = {"input": Decimal("0.1"), "output": Decimal("0.2")}
    found = enriched(provided_model_name="gpt-4o", provided_usage_details={"input": 1}, provided_cost_details=given)
    assert found.cost_details == given | {"total": Decimal("0.3")}
    assert (found.total_cost, found.cost_source, found.cost_model_id) == (Decimal("0.3"), "given", "")
    assert found.internal_model_id == "gpt-4o"


@pytest.mark.parametrize(
    ("given", "total"),
    [({"total": "3", "input": "1"}, "3"), ({"input": "1", "cache": "1"}, None), ({"input": "1"}, "1"), ({"total": "0"}, "0")],
)
def test_a_given_cost_has_a_total_only_when_it_is_sure(given: dict[str, str], total: str | None) -> None:
    found = enriched(provided_cost_details={key: Decimal(value) for key, value in given.items()})
    assert found.total_cost == (None if total is None else Decimal(total))
    assert found.cost_source == "given"


def test_costs_that_the_store_cannot_hold_are_left_out() -> None:
    huge = enriched([simple("m", prices={"input": "1000"})], provided_model_name="m", provided_usage_details={"input": 2**60})
    assert (huge.cost_details, huge.total_cost) == ({}, None)
    given = enriched(provided_cost_details={"input": Decimal("1e30"), "output": Decimal(1)})
    assert given.cost_details == {"output": Decimal(1), "total": Decimal(1)}


def test_enriching_again_replaces_what_was_there() -> None:
    found = enriched(provided_model_name="gpt-4o", provided_usage_details={"input": 1000})
    found.provided_model_name, found.provided_usage_details = "", {}
    enrich(found, matcher())
    assert found == row()


# --- tiers ---


def tiered(*conditions: Condition) -> ModelDefinition:
    default = Tier("default", "Standard", 0, (), {"input": Decimal(1)})
    return ModelDefinition("m", "m", "m", (default, Tier("special", "Special", 1, conditions, {"input": Decimal(2)})))


@pytest.mark.parametrize(
    ("operator", "value", "holds"),
    [
        ("gt", 9, True),
        ("gt", 10, False),
        ("gte", 10, True),
        ("lt", 11, True),
        ("lt", 10, False),
        ("lte", 10, True),
        ("eq", 10, True),
        ("neq", 10, False),
    ],
)
def test_usage_conditions_compare_the_sum(operator: str, value: float, holds: bool) -> None:
    model = tiered(Condition(operator, usage_detail_pattern="^INPUT", value=value))
    found = enriched([model], provided_model_name="m", provided_usage_details={"input": 6, "input_cached": 4, "output": 99})
    assert found.usage_pricing_tier_name == ("Special" if holds else "Standard")


def test_usage_conditions_may_be_case_sensitive() -> None:
    model = tiered(Condition("gt", usage_detail_pattern="^INPUT", value=0, case_sensitive=True))
    assert enriched([model], provided_model_name="m", provided_usage_details={"input": 6}).usage_pricing_tier_name == "Standard"


@pytest.mark.parametrize(
    ("parameters", "metadata", "holds"),
    [
        ('{"service_tier": "flex"}', {"geo": "us"}, True),
        ('{"service_tier": "flex"}', {"geo": "eu"}, False),
        ('{"service_tier": "auto"}', {"geo": "us"}, False),
        ('{"nested": {"service_tier": "flex"}}', {"geo": "us"}, False),
        ('{"service_tier": ["flex"]}', {"geo": "us"}, False),
        ("service_tier is no JSON", {"geo": "us"}, False),
        ('["service_tier"]', {"geo": "us"}, False),
        ("", {}, False),
    ],
)
def test_attribute_conditions_look_at_top_level_scalars_and_all_must_hold(parameters: str, metadata: dict[str, str], holds: bool) -> None:
    model = tiered(
        Condition("in", source="model_parameters", key="service_tier", values=("flex", "batch")),
        Condition("in", source="metadata", key="geo", values=("us",)),
    )
    found = enriched([model], provided_model_name="m", provided_usage_details={"input": 1}, model_parameters=parameters, metadata=metadata)
    assert found.usage_pricing_tier_name == ("Special" if holds else "Standard")


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (1, "1"), (1.5, "1.5")])
def test_scalars_that_are_no_text_compare_as_their_json(value: object, text: str) -> None:
    model = tiered(Condition("in", source="model_parameters", key="k", values=(text,)))
    parameters = json.dumps({"k": value})
    found = enriched([model], provided_model_name="m", provided_usage_details={"input": 1}, model_parameters=parameters)
    assert found.usage_pricing_tier_name == "Special"


# --- counted tokens ---


def counting(definitions: Sequence[ModelDefinition], rows: list[ObservationRow]) -> list[list[str]]:
    """Enrich with a counter that answers the lengths; returns the inputs of each call."""
    calls: list[list[str]] = []

    def count(texts: Sequence[tuple[ModelDefinition, str, str]]) -> list[dict[str, int]]:
        calls.append([given for _, given, _ in texts])
        return [{"input": len(given), "output": len(made)} if given != "fails" else {} for _, given, made in texts]

    chosen = Matcher(definitions)
    enrich_all(rows, lambda _: chosen, count)
    return calls


def test_texts_are_counted_in_one_call_and_the_cost_is_an_estimate() -> None:
    model = simple("m", tokenizer="openai")
    rows = [row(id=str(i), provided_model_name="m", input="abcd", output="ab") for i in range(3)]
    assert counting([model], rows) == [["abcd"] * 3]
    assert rows[0].usage_details == {"input": 4, "output": 2, "total": 6}
    assert (rows[0].cost_source, rows[0].total_cost) == ("estimated", Decimal("0.000008"))


@pytest.mark.parametrize(
    "columns",
    [
        {"provided_usage_details": {"input": 1}},
        {"provided_cost_details": {"total": Decimal(0)}},
        {"level": "ERROR"},
        {"provided_model_name": ""},
        {"provided_model_name": "unknown"},
        {"provided_model_name": "without-tokenizer"},
        {"input": "", "output": ""},
    ],
)
def test_nothing_is_counted_when(columns: dict[str, Any]) -> None:
    base = {"provided_model_name": "m", "input": "abc", "output": "d"}
    assert counting([simple("m", tokenizer="openai"), simple("without-tokenizer")], [row(**base | columns)]) == []


def test_a_failed_count_leaves_the_usage_blank() -> None:
    failed = row(provided_model_name="m", input="fails")
    counting([simple("m", tokenizer="openai")], [failed])
    assert (failed.usage_details, failed.cost_details, failed.cost_source) == ({}, {}, "")
