"""litellm's price file, the last resort."""

import subprocess
import sys
from decimal import Decimal

import pytest

from langfuse_app.ingestion.price_file import lookup
from langfuse_app.ingestion.pricing import Matcher, enrich
from langfuse_app.ingestion.rows import ObservationRow


def priced(name: str, usage: dict[str, int], parameters: str = "") -> ObservationRow:
    row = ObservationRow(project_id="p", trace_id="t", id="o", start_time=0, provided_model_name=name)
    row.provided_usage_details, row.model_parameters = usage, parameters
    enrich(row, Matcher([]))
    return row


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("azure/gpt-4o", "azure/gpt-4o"),
        ("AZURE/GPT-4O", "azure/gpt-4o"),
        ("openrouter/openai/gpt-4o-mini", "gpt-4o-mini"),
        ("litellm_proxy/gpt-4o", "gpt-4o"),
        ("bedrock/us.amazon.nova-pro-v1:0", "us.amazon.nova-pro-v1:0"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-pro-v1:0", "us.amazon.nova-pro-v1:0"),
        ("ft:gpt-4o-2024-08-06:acme::x1", "ft:gpt-4o-2024-08-06"),
        ("models/gemini-2.5-flash", "gemini/gemini-2.5-flash"),
    ],
)
def test_names_are_found_in_the_spellings_of_gateways(name: str, key: str) -> None:
    found = lookup(name)
    assert found is not None
    assert (found.id, found.stored) == (f"litellm:{key}", False)


@pytest.mark.parametrize("name", ["sample_spec", "acme/gpt-4o", "gpt-4o-", "dall-e-3", "../gpt-4o"])
def test_a_price_is_never_guessed(name: str) -> None:
    assert lookup(name) is None


def test_a_model_of_the_file_is_no_stored_model() -> None:
    row = priced("azure/gpt-4o", {"input": 1000, "output": 10})
    assert (row.internal_model_id, row.cost_model_id, row.cost_source) == ("", "litellm:azure/gpt-4o", "computed")
    assert row.total_cost == Decimal("0.0026")


def test_no_token_is_free_because_a_model_lacks_a_special_price() -> None:
    row = priced("us.meta.llama3-3-70b-instruct-v1:0", {"input": 10, "input_cached_tokens": 10, "output_reasoning_tokens": 10})
    assert set(row.unit_prices.values()) == {Decimal("7.2E-7")}


def test_service_tiers_and_long_prompts_of_the_file() -> None:
    small = {"input": 1000, "input_cached_tokens": 1000, "output": 1000}
    large = small | {"input": 300_000}
    flex, fast = '{"service_tier": "flex"}', '{"service_tier": "priority"}'
    names = [priced("gpt-5.4", *case).usage_pricing_tier_name for case in ((small,), (small, flex), (small, fast), (large,), (large, flex))]
    assert names == ["Standard", "Flex", "Fast mode", "Large context (>272K)", "Flex · Large context (>272K)"]
    prices = priced("gpt-5.4", large).unit_prices
    assert prices == {"input": Decimal("5E-6"), "input_cached_tokens": Decimal("5E-7"), "output": Decimal("2.25E-5")}


def test_prices_by_prompt_size_ranges() -> None:
    tiers = lookup("dashscope/qwen3-coder-plus")
    assert tiers is not None
    assert len(tiers.tiers) > 1
    cheap = priced("dashscope/qwen3-coder-plus", {"input": 1000})
    dear = priced("dashscope/qwen3-coder-plus", {"input": 500_000})
    assert dear.unit_prices["input"] > cheap.unit_prices["input"]


def test_litellm_is_read_and_not_imported() -> None:
    code = (
        "import sys; from langfuse_app.ingestion.price_file import lookup; assert lookup('azure/gpt-4o'); print('litellm' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
