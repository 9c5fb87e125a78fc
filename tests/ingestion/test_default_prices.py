"""The shipped default list keeps its promises (spec/backend.md §4.4, §4.5, §14.1)."""

from collections import Counter
from decimal import Decimal

import pytest

from langfuse_app.ingestion.patterns import check
from tests.ingestion.shipped import definitions, matcher, price_list


def test_the_list_has_its_models_tiers_and_tokenizers() -> None:
    names = Counter(tier["name"] for model in price_list() for tier in model["tiers"])
    assert len(price_list()) == 167
    assert names == {
        "Standard": 167,
        "Fast mode": 34,
        "Flex": 27,
        "Large Context (>272K)": 9,
        "Flex · Large context (>272K)": 8,
        "Large Context": 3,
        "Fast mode · Large context (>272K)": 3,
    }
    assert Counter(model["tokenizer"] for model in price_list()) == {"openai": 79, "claude": 32, None: 56}
    assert len({key for model in price_list() for tier in model["tiers"] for key in tier["prices"]}) == 40


def test_every_tier_obeys_the_rules() -> None:
    for model in definitions():
        default, *others = model.tiers
        assert (default.priority, default.conditions) == (0, ())
        assert [tier.priority for tier in others] == list(range(1, len(others) + 1))
        assert all(tier.conditions and tier.prices.keys() == default.prices.keys() for tier in others)
        assert all(0 < price < 1 for tier in model.tiers for price in tier.prices.values())
        for condition in (condition for tier in others for condition in tier.conditions if condition.usage_detail_pattern):
            check(condition.usage_detail_pattern, 200)


def test_every_model_matches_its_own_name_and_its_pattern_could_be_stored_by_a_user() -> None:
    for model in definitions():
        check(model.pattern, 200)
        assert matcher().match(model.name) is model
        assert matcher().match(model.name.upper()) is model
        assert matcher().match(f"x{model.name}") is not model


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("openai/gpt-4o", "gpt-4o"),
        ("openrouter/openai/gpt-4o", "gpt-4o"),
        ("gpt-4o-2031-01-01", "gpt-4o"),
        ("gpt-35-turbo", "gpt-3.5-turbo"),
        ("gpt-5.5", "gpt-5.5-2026-04-23"),
        ("gpt-4-1106-vision-preview", "gpt-4-turbo-vision"),
        ("ft:gpt-3.5-turbo-1106:org::id", "ft:gpt-3.5-turbo-1106"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929"),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3.5-sonnet-20241022"),
        ("claude-3-5-sonnet-v2@20241022", "claude-3.5-sonnet-20241022"),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5-20251001"),
        ("claude-4-5-haiku@20251001", "claude-haiku-4-5-20251001"),
        ("anthropic/claude-sonnet-4.5", "claude-sonnet-4-5-20250929"),
        ("global.anthropic.claude-opus-4-8", "claude-opus-4-8"),
        ("claude-opus-4", "claude-opus-4-20250514"),
        ("models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("gemini-2.0-flash@001", "gemini-2.0-flash"),
        ("googleai/gemini-2.5-pro", "gemini-2.5-pro"),
    ],
)
def test_spellings_of_vendors(name: str, model: str) -> None:
    found = matcher().match(name)
    assert found is not None
    assert found.name == model


@pytest.mark.parametrize(
    ("model", "tier", "key", "per_million"),
    [
        ("gpt-4o", "Fast mode", "input", "4.25"),
        ("gpt-4o-2024-05-13", "Fast mode", "output", "26.25"),
        ("gpt-4.1-nano", "Fast mode", "output", "0.8"),
        ("o4-mini", "Fast mode", "output", "8"),
        ("gpt-5-nano", "Flex", "input", "0.025"),
        ("gpt-5.4-pro", "Flex", "output", "90"),
        ("gpt-5.6-sol", "Large Context (>272K)", "output", "45"),
        ("gpt-5.6-sol", "Fast mode", "cache_write_tokens", "12.5"),
        ("claude-opus-5", "Fast mode", "input_cache_creation_1h", "20"),
        ("gemini-3-pro-preview", "Large Context", "output", "18"),
        ("gemini-3.5-flash", "Standard", "web_search_queries", "14000"),
        ("claude-3-5-haiku-20241022", "Standard", "input_cache_creation", "1"),
    ],
)
def test_prices_of_tiers(model: str, tier: str, key: str, per_million: str) -> None:
    entry = next(entry for entry in price_list() if entry["name"] == model)
    prices = next(found["prices"] for found in entry["tiers"] if found["name"] == tier)
    assert Decimal(prices[key]) * 1_000_000 == Decimal(per_million)
