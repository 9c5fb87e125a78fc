"""Model, usage and cost of an observation (spec/backend.md §4).

The one rule about tokens: usage keys are disjoint. `input` holds what no other input key counts, `output` likewise;
decoders subtract the details when they map a convention, and `settle_usage` does it for maps that arrive otherwise. So each
token is priced by exactly one key, and the stored unit prices × usage give the stored cost to the last digit.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from langfuse_app.ingestion import price_file
from langfuse_app.ingestion.patterns import PatternSet
from langfuse_app.ingestion.prices import Condition, Facts, ModelDefinition, Tier, choose_tier
from langfuse_app.ingestion.rows import ObservationRow
from langfuse_app.ingestion.usage_kinds import related_price, side_of

__all__ = ["Condition", "CountTokens", "Matcher", "ModelDefinition", "Tier", "enrich", "enrich_all", "settle_usage", "uncounted"]

Lookup = Callable[[str], ModelDefinition | None]
CountTokens = Callable[[ModelDefinition, str, str], dict[str, int]]
CountBatch = Callable[[Sequence[tuple[ModelDefinition, str, str]]], Sequence[dict[str, int]]]

_SCALE = Decimal("0.000000000001")
_LARGEST = Decimal(999_999)  # what Decimal(18, 12) of the column store can hold
_MOST_UNITS = 2**63 - 1
_LONGEST_NAME = 1000


class Matcher:
    """Finds the definition for a provided model name.

    Own models come before the default list, a later start_date before an earlier one and that before none; among equals
    the longer name, which is the more specific (gpt-4o-2024-05-13 before gpt-4o). Names that nothing matches go to
    `otherwise`: litellm's price file unless another matcher is chained. Immutable and safe to share between threads.
    """

    def __init__(self, definitions: Iterable[ModelDefinition], otherwise: Lookup = price_file.lookup) -> None:
        ordered = sorted(definitions, key=lambda model: (len(model.name), model.name), reverse=True)
        ordered.sort(key=lambda model: (model.own, model.start_date), reverse=True)
        self._definitions = ordered
        self._patterns = PatternSet([model.pattern for model in ordered])
        self._otherwise = otherwise
        self.invalid_patterns = self._patterns.invalid
        self.match = lru_cache(maxsize=4096)(self._match)

    def _match(self, model_name: str) -> ModelDefinition | None:
        """The definition for the name as the client sent it, or None."""
        if not model_name or len(model_name) > _LONGEST_NAME:
            return None
        place = self._patterns.first(model_name)
        return self._otherwise(model_name) if place is None else self._definitions[place]


class _Job(NamedTuple):
    row: ObservationRow
    model: ModelDefinition | None


def enrich(row: ObservationRow, matcher: Matcher, count_tokens: CountTokens | None = None) -> None:
    """Fill the model, usage and cost columns of one row from its provided_* columns; what they held before is replaced."""

    def batch(texts: Sequence[tuple[ModelDefinition, str, str]]) -> list[dict[str, int]]:
        return [count_tokens(*text) for text in texts] if count_tokens else [{} for _ in texts]

    enrich_all([row], lambda _: matcher, batch)


def enrich_all(rows: Iterable[ObservationRow], matcher_for: Callable[[str], Matcher], count_batch: CountBatch) -> None:
    """`enrich` for many rows of any projects; the texts whose tokens must be counted are counted in one call.

    matcher_for: project id → matcher. count_batch: (model, input, output) triples → usage maps in the same order, {} for
    what could not be counted.
    """
    matcher_of = lru_cache(maxsize=None)(matcher_for)  # one matcher per project for the whole batch
    jobs = [_Job(row, _model_of(row, matcher_of)) for row in rows if _is_metered(row)]
    uncounted = [job for job in jobs if _needs_count(job)]
    counts = count_batch([(job.model, job.row.input, job.row.output) for job in uncounted if job.model]) if uncounted else []
    counted = {id(job.row): usage for job, usage in zip(uncounted, counts, strict=True)}
    for job in jobs:
        _fill(job, counted.get(id(job.row), {}))


def _is_metered(row: ObservationRow) -> bool:
    """Whether a row names a model, usage or cost, or still shows what it once named."""
    named = row.provided_model_name or row.provided_usage_details or row.provided_cost_details
    return bool(named or row.internal_model_id or row.usage_details or row.cost_source or row.usage_pricing_tier_id)


def _model_of(row: ObservationRow, matcher_for: Callable[[str], Matcher]) -> ModelDefinition | None:
    return matcher_for(row.project_id).match(row.provided_model_name) if row.provided_model_name else None


def uncounted(rows: Iterable[ObservationRow], matcher_for: Callable[[str], Matcher]) -> list[ObservationRow]:
    """Those rows whose tokens `enrich_all` would have counted."""
    return [row for row in rows if _needs_count(_Job(row, _model_of(row, matcher_for)))]


def _needs_count(job: _Job) -> bool:
    row, model = job
    wanted = not row.provided_usage_details and not row.provided_cost_details and row.level != "ERROR"
    return wanted and model is not None and bool(model.tokenizer) and bool(row.input or row.output)


def _fill(job: _Job, counted: dict[str, int]) -> None:
    row, model = job
    row.internal_model_id = model.id if model and model.stored else ""
    row.usage_details = settle_usage(row.provided_usage_details or counted)
    _no_cost(row)
    if row.provided_cost_details:
        _take_given_cost(row)
    elif model and row.usage_details:
        _compute_cost(row, model, "computed" if row.provided_usage_details else "estimated")


def _no_cost(row: ObservationRow) -> None:
    row.cost_details, row.unit_prices, row.total_cost = {}, {}, None
    row.cost_source = row.cost_model_id = row.usage_pricing_tier_id = row.usage_pricing_tier_name = ""


# --- usage -----------------------------------------------------------------------------------------------------------

# Keys under which providers send the total of the same map; they must not become summands of it.
_TOTALS = ("total_tokens", "totalTokens", "total_token_count", "totalTokenCount")
# Raw Gemini maps: the prompt's count includes what came from the cache.
_PARTS = (("cached_content_token_count", "prompt_token_count"), ("cachedContentTokenCount", "promptTokenCount"))


def settle_usage(given: dict[str, int]) -> dict[str, int]:
    """Usage with disjoint keys and a `total`: the given one, or the sum of all keys. {} stays {}."""
    if not given:
        return {}
    usage = dict(given)
    for key in _TOTALS:
        if key in usage:
            usage.setdefault("total", usage.pop(key))
    for part, whole in _PARTS:
        if part in usage and whole in usage:
            usage[whole] = max(0, usage[whole] - usage[part])
    if "total" not in usage:
        usage["total"] = min(sum(usage.values()), _MOST_UNITS)
    elif usage["total"] == usage.get("input", 0) + usage.get("output", 0):
        _take_out_parts(usage)
    return usage


def _take_out_parts(usage: dict[str, int]) -> None:
    """A stated total that input and output make up alone says that the other counts are parts of these two."""
    for side in ("input", "output"):
        parts = sum(units for key, units in usage.items() if key != side and side_of(key) == side)
        if 0 < parts <= usage.get(side, 0):
            usage[side] -= parts


# --- cost ------------------------------------------------------------------------------------------------------------


def _take_given_cost(row: ObservationRow) -> None:
    """Costs as given. Without a total, input and output alone make one; other keys do not (they may overlap)."""
    costs = {key: cost.quantize(_SCALE) for key, cost in row.provided_cost_details.items() if cost <= _LARGEST}
    if costs and "total" not in costs and costs.keys() <= {"input", "output"}:
        costs["total"] = sum(costs.values(), Decimal(0))
    row.cost_details, row.total_cost, row.cost_source = costs, costs.get("total"), "given"


def _compute_cost(row: ObservationRow, model: ModelDefinition, source: str) -> None:
    tier = choose_tier(model, Facts(row.usage_details, row.model_parameters, row.metadata))
    prices = _unit_prices(tier, row.usage_details, exact=model.own)
    costs = {key: price * row.usage_details[key] for key, price in prices.items()}
    total = costs["total"] if "total" in costs else sum(costs.values(), Decimal(0))
    row.usage_pricing_tier_id, row.usage_pricing_tier_name = tier.id, tier.name
    if not costs or total > _LARGEST:
        return
    costs = {key: cost.quantize(_SCALE) for key, cost in costs.items()}
    costs.setdefault("total", sum(costs.values(), Decimal(0)))
    row.cost_details, row.total_cost, row.unit_prices = costs, costs["total"], prices
    row.cost_model_id, row.cost_source = model.id, source


def _unit_prices(tier: Tier, usage: dict[str, int], *, exact: bool) -> dict[str, Decimal]:
    """The price of each usage key that has one.

    A project's own model prices exactly what it lists. In shipped lists a gap must not make tokens free: a key that the
    tier lacks costs what another key of its kind costs, or what the token would cost without being special.
    """
    prices: dict[str, Decimal] = {}
    for key, units in usage.items():
        price = tier.prices.get(key)
        if price is None and units and not exact:
            price = related_price(tier.prices, key)
        if price is not None:
            prices[key] = price
    return prices
