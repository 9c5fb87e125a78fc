"""Write langfuse_app/features/models/default_prices.json from default_prices.txt and the price file that litellm ships.

Flat prices come from the table; litellm's file says how a service tier or a long context changes them, and what audio
and search cost. Run it after changing the table or raising litellm: `python scripts/make_default_prices.py DATE`.
docs/decisions/0001-default-prices.md explains the derivations.
"""

import json
import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "langfuse_app/features/models/default_prices.json"
MILLION = Decimal(1_000_000)
Prices = dict[str, Decimal]

INPUT = ["input"]
CACHED = ["input_cached_tokens", "input_cache_read"]
OUTPUT = ["output"]
REASONING = ["output_reasoning_tokens", "output_reasoning"]
GEMINI_INPUT = ["input", "input_text", "input_modality_1", "prompt_token_count", "promptTokenCount"]
GEMINI_CACHED = ["input_cached_tokens", "cached_content_token_count"]
GEMINI_OUTPUT = [
    *("output", "output_text", "output_modality_1", "candidates_token_count", "candidatesTokenCount"),
    *("thoughtsTokenCount", "thoughts_token_count", "output_reasoning", "output_reasoning_tokens"),
]
SEARCH = ["grounding_queries", "groundingQueries", "web_search_queries", "webSearchQueries"]

# Prices whose model left litellm's file, or that never had a flat row: the successor that carries the same tariff.
SAME_TARIFF = {
    "gemini-3-pro-preview": "vertex_ai/gemini-3-pro-preview",
    "gpt-4o-audio-preview": "gpt-4o-audio-preview-2024-12-17",
    "gpt-4o-audio-preview-2024-10-01": "gpt-4o-audio-preview-2024-12-17",
    "gpt-4o-realtime-preview": "azure/gpt-4o-realtime-preview-2024-12-17",
    "gpt-4o-realtime-preview-2024-10-01": "azure/gpt-4o-realtime-preview-2024-12-17",
}
# The first snapshots cost more for speech than their successors (USD per million: in, cached, out).
FIRST_SPEECH = {
    "gpt-4o-audio-preview-2024-10-01": (Decimal(100), None, Decimal(200)),
    "gpt-4o-realtime-preview-2024-10-01": (Decimal(100), Decimal(20), Decimal(200)),
}


class Row(NamedTuple):
    """One line of the table; prices in USD per million tokens, None where the table has none."""

    name: str
    tokenizer: str
    input: Decimal | None
    cached: Decimal | None
    output: Decimal | None
    total: Decimal | None
    shape: list[str]
    tiers: list[str]


def read_table() -> list[Row]:
    rows: list[Row] = []
    for line in (HERE / "default_prices.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        name, tokenizer, *prices, shape, tiers = [part.strip() for part in line.split("|")]
        priced, cached, output, total = [None if price == "-" else Decimal(price) for price in prices]
        services = tiers.split(",") if tiers != "-" else []
        rows.append(Row(name, tokenizer.strip("-"), priced, cached, output, total, shape.split("+"), services))
    return rows


def read_litellm() -> dict[str, dict[str, Any]]:
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        raise SystemExit("litellm is not installed")
    return json.loads((Path(spec.origin).parent / "model_prices_and_context_window_backup.json").read_text(), parse_float=Decimal)


def per(keys: list[str], price: Decimal | None) -> Prices:
    """The same price (USD per million) under several usage keys."""
    return dict.fromkeys(keys, price / MILLION) if price is not None else {}


def standard(row: Row, entry: dict[str, Any]) -> Prices:
    """The prices of the default tier, USD per unit."""
    family, extras = row.shape[0], row.shape[1:]
    if family == "total":
        return per(["total"], row.total)
    if family == "plain":
        return per(INPUT, row.input) | per(OUTPUT, row.output)
    if family == "claude":
        return claude(row)
    if family == "gemini":
        return gemini(row, extras, entry)
    if family in ("audio", "realtime", "live"):
        return spoken(family, entry) | first_speech(row.name)
    return openai(row, family, extras)


def openai(row: Row, family: str, extras: list[str]) -> Prices:
    prices = per(INPUT, row.input) | per(OUTPUT, row.output)
    if family == "openai":
        prices |= per(CACHED, row.cached)
    if family == "pro" or "reasoning" in extras:
        prices |= per(REASONING, row.output)
    if "text" in extras:
        prices |= per(["input_cached_text_tokens"], row.cached)
    if "alias" in extras:
        prices |= per(["cache_read_input_tokens"], row.cached)
        prices |= per(["reasoning_tokens"], row.output) if "output_reasoning" in prices else {}
    if "write" in extras and row.input:
        prices |= per(["input_cache_creation", "cache_write_tokens"], row.input * Decimal("1.25"))
    return prices


def claude(row: Row) -> Prices:
    """Anthropic's multiples of the input price: cache write 1.25 (5 minutes) and 2 (1 hour), cache read as the table says."""
    assert row.input is not None
    write, hour = row.input * Decimal("1.25"), row.input * 2
    return (
        per(["input", "input_tokens"], row.input)
        | per(["output", "output_tokens"], row.output)
        | per(["cache_creation_input_tokens", "input_cache_creation", "input_cache_creation_5m"], write)
        | per(["input_cache_creation_1h"], hour)
        | per(["cache_read_input_tokens", *CACHED], row.cached)
    )


def gemini(row: Row, extras: list[str], entry: dict[str, Any]) -> Prices:
    prices = per(GEMINI_INPUT, row.input) | per(GEMINI_CACHED, row.cached) | per(GEMINI_OUTPUT, row.output)
    if "audio" in extras:
        prices["input_audio_tokens"] = entry["input_cost_per_audio_token"]
    if "search" in extras:
        prices |= dict.fromkeys(SEARCH, Decimal("0.014"))  # litellm: search_context_cost_per_query of the Gemini 3 family
    return prices


def spoken(family: str, entry: dict[str, Any]) -> Prices:
    """Models that take and give speech: text and audio tokens have prices of their own."""
    text_in, text_out = entry["input_cost_per_token"], entry["output_cost_per_token"]
    audio_in, audio_out = entry["input_cost_per_audio_token"], entry["output_cost_per_audio_token"]
    prices = {"input_audio": audio_in, "output_audio": audio_out}
    if family == "live":
        return prices | {"input": text_in, "output": text_out, "input_image": entry["input_cost_per_image_token"]}
    prices |= {"input_text_tokens": text_in, "output_text_tokens": text_out}
    prices |= {"input_audio_tokens": audio_in, "output_audio_tokens": audio_out}
    if family == "realtime":
        cached = entry["cache_read_input_token_cost"]
        prices |= {"input_cached_text_tokens": cached, "input_cached_audio_tokens": cached}
    return prices


def first_speech(name: str) -> Prices:
    audio_in, cached, audio_out = FIRST_SPEECH.get(name, (None, None, None))
    return (
        per(["input_audio", "input_audio_tokens"], audio_in)
        | per(["input_cached_audio_tokens"], cached)
        | per(["output_audio", "output_audio_tokens"], audio_out)
    )


# --- tiers -----------------------------------------------------------------------------------------------------------

LARGE = {"openai": ("272k", 272_000, "^(input|cache_)"), "gemini": ("200k", 200_000, "^(input|prompt|cached_content)")}
SERVICE = {"fast": ("Fast mode", "_priority", ["fast", "priority"]), "flex": ("Flex", "_flex", ["flex"])}


def tier(row: Row, kind: str, priority: int, base: Prices, entry: dict[str, Any]) -> dict[str, Any]:
    service, _, context = kind.partition("+")
    large = "large" in (service, context)
    family = "gemini" if row.shape[0] == "gemini" else "openai"
    conditions = [parameter("service_tier", SERVICE[service][2])] if service in SERVICE else []
    if kind == "speed":
        conditions = [parameter("speed", ["fast"])]
        factor = entry["provider_specific_entry"]["fast"]
        return {
            "name": "Fast mode",
            "priority": priority,
            "conditions": conditions,
            "prices": {key: price * factor for key, price in base.items()},
        }
    if large:
        conditions.append({"usageDetailPattern": LARGE[family][2], "operator": "gt", "value": LARGE[family][1], "caseSensitive": False})
    suffix = (f"_above_{LARGE[family][0]}_tokens" if large else "") + (SERVICE[service][1] if service in SERVICE else "")
    prices = {key: scaled(key, price, suffix, entry) for key, price in base.items()}
    return {"name": tier_name(service, large, family), "priority": priority, "conditions": conditions, "prices": prices}


def parameter(key: str, values: list[str]) -> dict[str, Any]:
    return {"source": "model_parameters", "key": key, "operator": "in", "values": values}


def tier_name(service: str, large: bool, family: str) -> str:
    if service not in SERVICE:
        return "Large Context (>272K)" if family == "openai" else "Large Context"
    return f"{SERVICE[service][0]} · Large context (>272K)" if large else SERVICE[service][0]


def scaled(key: str, price: Decimal, suffix: str, entry: dict[str, Any]) -> Decimal:
    """The table's price times the factor between litellm's prices with and without the suffix."""
    if key in SEARCH:
        return price
    field = "input_cost_per_token"
    if key.startswith(("output", "candidates", "thoughts", "reasoning")):
        field = "output_cost_per_token"
    elif "cached" in key or "cache_read" in key:
        field = "cache_read_input_token_cost"
    factor = entry.get(field + suffix, entry["input_cost_per_token" + suffix] * entry[field] / entry["input_cost_per_token"]) / entry[field]
    return price * factor


# --- match patterns --------------------------------------------------------------------------------------------------

DAY = r"(-\d{4}-\d{2}-\d{2})?"
ODD_PATTERNS = {
    "gpt-4-turbo-vision": r"gpt-4(-\d{4})?-vision-preview|gpt-4-turbo-vision",
    "text-embedding-ada-002-v2": r"text-embedding-ada-002-v2",
}


def literal(name: str) -> str:
    """The name as a pattern: only dots need an escape."""
    return name.replace(".", r"\.")


def pattern(row: Row, names: set[str]) -> str:
    if row.name.startswith("claude"):
        return claude_pattern(row.name, names)
    if row.name.startswith("gemini"):
        return rf"(?i)^(((openrouter/)?google(ai)?|gemini|vertex_ai)/)?(models/)?({literal(row.name)})(-\d{{3}})?(@\w+)?$"
    if not row.tokenizer and not re.match(r"o\d|gpt", row.name):
        return rf"(?i)^((google|vertex_ai)/)?({row.name})(@\w+)?$"
    return openai_pattern(row.name, names)


def openai_pattern(name: str, names: set[str]) -> str:
    """Azure spells gpt-35; an undated name takes any later snapshot, a dated one without a twin its undated name too."""
    date = next(iter(re.findall(r"-\d{4}-\d{2}-\d{2}$", name)), "")
    base = name.removesuffix(date)
    body = ODD_PATTERNS.get(name) or literal(base).replace(r"gpt-3\.5", r"gpt-3\.?5")
    if name.startswith("ft:"):
        return rf"(?i)^(openai/)?({body})(:.+)?$"
    end = date if date and base in names else DAY
    return rf"(?i)^((openrouter/)?openai/)?({body}){end}$"


def claude_pattern(name: str, names: set[str]) -> str:
    """API, Bedrock (region, vendor, -v1:0), Vertex (@date) and OpenRouter (4.5 for 4-5) spell one model differently."""
    end = next(iter(re.findall(r"-(\d{8}|latest)$", name)), "")
    base = name.removesuffix(f"-{end}")
    twin = end.isdigit() and dashed(f"{base}-latest") in {dashed(name) for name in names}
    version = re.sub(r"(?<=\d)[-.](?=\d)", "[-.]", base.removeprefix("claude-"))
    swapped = re.fullmatch(r"(sonnet|opus|haiku)-(.+)", version)
    body = f"claude-({version}|{swapped[2]}-{swapped[1]})" if swapped else f"claude-{version}"
    date = f"[-@]{end}" if twin else r"(-latest)?([-@]\d{8})?"
    return rf"(?i)^((openrouter/)?anthropic/|bedrock/|vertex_ai/)?(([a-z]+\.)?anthropic\.)?{body}(-v\d)?{date}(-v\d(:\d)?)?$"


def dashed(name: str) -> str:
    """One spelling of 3.5 and 3-5."""
    return name.replace(".", "-")


# --- tokenizers ------------------------------------------------------------------------------------------------------


def tokenizer_config(row: Row) -> dict[str, Any] | None:
    if row.tokenizer != "openai":
        return None
    name = row.name.removeprefix("ft:")
    if row.shape[0] == "total" or name in ("davinci-002", "babbage-002"):
        return {"tokenizerModel": name.removesuffix("-v2")}
    modern = name.startswith(("gpt-4o", "gpt-4.", "gpt-5", "chatgpt"))
    model = "gpt-4o" if modern else "gpt-4" if name.startswith("gpt-4") else "gpt-3.5-turbo"
    first = name == "gpt-3.5-turbo-0301"
    return {"tokenizerModel": model, "tokensPerMessage": 4 if first else 3, "tokensPerName": -1 if first else 1}


# --- output ----------------------------------------------------------------------------------------------------------


def build() -> Iterator[dict[str, Any]]:
    table, litellm = read_table(), read_litellm()
    names = {row.name for row in table}
    for row in table:
        entry = litellm.get(SAME_TARIFF.get(row.name, row.name), {})
        base = standard(row, entry)
        tiers = [{"name": "Standard", "priority": 0, "conditions": [], "prices": base}]
        tiers += [tier(row, kind, place, base, entry) for place, kind in enumerate(row.tiers, 1)]
        yield {
            "name": row.name,
            "pattern": pattern(row, names),
            "tokenizer": row.tokenizer or None,
            "tokenizer_config": tokenizer_config(row),
            "tiers": tiers,
        }


def plain(value: object) -> str:
    """A price as decimal text with at most 12 digits after the point, as costs are stored."""
    assert isinstance(value, Decimal)
    return f"{round(value, 12).normalize():f}"


def main(updated_at: str) -> None:
    lines = [json.dumps(model, default=plain, ensure_ascii=False) for model in build()]
    TARGET.write_text(f'{{"updated_at": "{updated_at}T00:00:00Z", "models": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
