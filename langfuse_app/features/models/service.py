"""Models: what a project defines, the default list, and the matchers that price observations (spec/backend.md §4)."""

import logging
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from langfuse_app.core.errors import InvalidRequestError, NotFoundError, ValidationFailedError
from langfuse_app.core.ids import derived_id, new_id
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.audit import service as audit
from langfuse_app.features.models import repository
from langfuse_app.features.models.models import Model, PricingTier
from langfuse_app.features.models.repository import StoredModel, StoredTier
from langfuse_app.features.models.schemas import FlatPrices, ModelInput, ModelItem, TierInput, TierItem, UsageCondition
from langfuse_app.ingestion.patterns import InvalidPatternError, check
from langfuse_app.ingestion.prices import Condition
from langfuse_app.ingestion.pricing import Matcher, ModelDefinition, Tier
from langfuse_app.stores import cache

log = logging.getLogger(__name__)

_FILE = Path(__file__).with_name("default_prices.json")
_SPACE = "models"  # the cache space of the default list; a project's own models live in the project's space
_STANDARD = "Standard"
_LONGEST_CONDITION = 200
# RE2 is linear in the pattern, and patterns that list every spelling of a vendor are long.
_LONGEST_MATCH = 1000
Issue = dict[str, Any]


# --- what a project sees and defines ---------------------------------------------------------------------------------


def list_models(scope: ProjectScope, page: int = 1, limit: int = 50) -> Page[ModelItem]:
    """The project's models by name, then the default list by name."""
    found = repository.visible(scope, limit, (page - 1) * limit)
    return Page([_item(stored) for stored in found], page, limit, repository.count_visible(scope))


def get_model(scope: ProjectScope, model_id: str) -> ModelItem:
    """One model of the project or of the default list; NotFoundError."""
    stored = repository.one(scope, model_id)
    if stored is None:
        raise NotFoundError("Model not found")
    return _item(stored)


def create_model(scope: ProjectScope, new: ModelInput) -> ModelItem:
    """Define a model. ValidationFailedError lists what is wrong; InvalidRequestError when the name is taken."""
    stored = _stored(scope, new, new_id())
    if not repository.add(stored):
        raise _name_taken(new)
    return _changed(scope, "create", stored.model.id)


def replace_model(scope: ProjectScope, model_id: str, new: ModelInput) -> ModelItem:
    """Redefine a model of the project; errors as `create_model`, and NotFoundError for any other model."""
    before = get_model(scope, model_id).wire()
    outcome = repository.replace(scope, _stored(scope, new, model_id))
    if outcome is None:
        raise NotFoundError("Model not found in this project; default models cannot be changed")
    if not outcome:
        raise _name_taken(new)
    return _changed(scope, "update", model_id, before)


def delete_model(scope: ProjectScope, model_id: str) -> None:
    """Delete a model of the project; NotFoundError for any other, default models included."""
    before = get_model(scope, model_id).wire()
    if not repository.remove(scope, model_id):
        raise NotFoundError("Model not found in this project; to override a default model, define one with its name")
    cache.bump(scope.project_id)
    audit.record(scope, "delete", "model", model_id, before=before)


def flat_prices(scope: ProjectScope, model_ids: Collection[str]) -> dict[str, FlatPrices]:
    """The flat prices of those models that the project sees, from memory."""
    own = msgspec.msgpack.decode(_own_definitions(scope.project_id), type=list[ModelDefinition])
    known = _default_definitions(_default_stamp()) | {model.id: model for model in own}
    return {id: _flat(known[id]) for id in set(model_ids) if id in known}


def _flat(model: ModelDefinition) -> FlatPrices:
    prices = model.tiers[0].prices
    return FlatPrices(prices.get("input"), prices.get("output"), prices.get("total"))


def _changed(scope: ProjectScope, action: str, model_id: str, before: dict[str, Any] | None = None) -> ModelItem:
    cache.bump(scope.project_id)
    item = get_model(scope, model_id)
    audit.record(scope, action, "model", model_id, before=before, after=item.wire())
    return item


def _name_taken(new: ModelInput) -> InvalidRequestError:
    return InvalidRequestError(f"Model '{new.model_name}' exists already in this project with this start date and unit")


def _item(stored: StoredModel) -> ModelItem:
    model = stored.model
    return ModelItem(
        id=model.id,
        name=model.model_name,
        match_pattern=model.match_pattern,
        start_date=model.start_date,
        unit=model.unit,
        tokenizer_id=model.tokenizer_id,
        tokenizer_config=model.tokenizer_config,
        managed=model.project_id is None,
        created_at=model.created_at,
        tiers=[TierItem(t.id, t.name, t.is_default, t.priority, t.conditions, prices) for t, prices in stored.tiers],
    )


def _stored(scope: ProjectScope, new: ModelInput, model_id: str) -> StoredModel:
    wrong = _issues(new)
    if wrong:
        raise ValidationFailedError(wrong)
    model = Model(
        id=model_id,
        project_id=scope.project_id,
        model_name=new.model_name,
        match_pattern=new.match_pattern,
        start_date=new.start_date,
        unit=new.unit.value,
        tokenizer_id=new.tokenizer_id,
        tokenizer_config=new.tokenizer_config,
    )
    return StoredModel(model, [_stored_tier(model_id, tier) for tier in new.pricing_tiers or [_flat_tier(new)]])


def _flat_tier(new: ModelInput) -> TierInput:
    prices = {"input": new.input_price, "output": new.output_price, "total": new.total_price}
    given = {usage_type: price for usage_type, price in prices.items() if price is not None}
    return TierInput(name=_STANDARD, is_default=True, priority=0, conditions=[], prices=given)


def _stored_tier(model_id: str, tier: TierInput) -> StoredTier:
    conditions = [condition.model_dump(by_alias=True) for condition in tier.conditions]
    id = _default_tier_id(model_id) if tier.is_default else new_id()
    row = PricingTier(id=id, model_id=model_id, name=tier.name, is_default=tier.is_default, priority=tier.priority, conditions=conditions)
    return StoredTier(row, tier.prices)


def _default_tier_id(model_id: str) -> str:
    return f"{model_id}_tier_default"


# --- rules of a definition (spec/backend.md §4.4, spec/api.md §4.10) -------------------------------------------------


def _issues(model: ModelInput) -> list[Issue]:
    """Everything that is wrong with a definition, as the contract's issue list; [] when it may be stored."""
    return [*_pattern_issues(model.match_pattern, _LONGEST_MATCH, ["matchPattern"]), *_price_issues(model), *_tier_issues(model)]


def _issue(message: str, path: list[str | int]) -> Issue:
    return {"code": "custom", "path": path, "message": message}


def _pattern_issues(pattern: str, longest: int, path: list[str | int]) -> Iterator[Issue]:
    try:
        check(pattern, longest)
    except InvalidPatternError as error:
        yield _issue(str(error), path)


def _price_issues(model: ModelInput) -> Iterator[Issue]:
    halves = model.input_price is not None or model.output_price is not None
    flat = halves or model.total_price is not None
    if model.pricing_tiers is not None and flat:
        yield _issue("Give either flat prices or pricingTiers, not both", ["pricingTiers"])
    if model.pricing_tiers is None and not flat:
        yield _issue("Give inputPrice and outputPrice, or totalPrice, or pricingTiers", ["pricingTiers"])
    if model.total_price is not None and halves:
        yield _issue("totalPrice stands alone: leave out inputPrice and outputPrice", ["totalPrice"])


def _tier_issues(model: ModelInput) -> Iterator[Issue]:
    tiers = model.pricing_tiers
    if tiers is None:
        return
    if sum(tier.is_default for tier in tiers) != 1:
        yield _issue("Exactly one tier must be the default", ["pricingTiers"])
    if len({tier.name for tier in tiers}) < len(tiers):
        yield _issue("Tier names must be unique", ["pricingTiers"])
    if len({tier.priority for tier in tiers}) < len(tiers):
        yield _issue("Tier priorities must be unique", ["pricingTiers"])
    for place, tier in enumerate(tiers):
        yield from _one_tier(tier, ["pricingTiers", place])


def _one_tier(tier: TierInput, path: list[str | int]) -> Iterator[Issue]:
    if tier.is_default and (tier.priority or tier.conditions):
        yield _issue("The default tier has priority 0 and no conditions", path)
    if not tier.is_default and (not tier.priority or not tier.conditions):
        yield _issue("A tier that is not the default needs a priority of at least 1 and a condition", path)
    if not tier.prices:
        yield _issue("A tier needs at least one price", [*path, "prices"])
    for place, condition in enumerate(tier.conditions):
        if isinstance(condition, UsageCondition):
            where = [*path, "conditions", place, "usageDetailPattern"]
            yield from _pattern_issues(condition.usage_detail_pattern, _LONGEST_CONDITION, where)


# --- matchers --------------------------------------------------------------------------------------------------------


def matcher_for(project_id: str) -> Matcher:
    """What finds the model and the price of the project's observations; follows changes within a second."""
    return _matcher(_own_definitions(project_id), _default_stamp())


def definitions_for(project_id: str) -> list[ModelDefinition]:
    """The project's own models and the default list."""
    own = msgspec.msgpack.decode(_own_definitions(project_id), type=list[ModelDefinition])
    return own + list(_default_definitions(_default_stamp()).values())


def _own_definitions(project_id: str) -> bytes:
    def load() -> bytes:
        return msgspec.msgpack.encode([_definition(stored) for stored in repository.own(project_id)])

    return cache.cached(project_id, "models", load)


def _default_stamp() -> bytes:
    """Names the stored default list, so that only its name travels through the cache."""
    return cache.cached(_SPACE, "defaults", lambda: str(repository.defaults_updated_at()).encode())


@lru_cache(maxsize=512)
def _matcher(own: bytes, stamp: bytes) -> Matcher:
    definitions = msgspec.msgpack.decode(own, type=list[ModelDefinition])
    if not definitions:
        return _default_matcher(stamp)
    matcher = Matcher(definitions, otherwise=_default_matcher(stamp).match)
    for pattern in matcher.invalid_patterns:
        log.warning("the match pattern %r of a model cannot be run and matches nothing", pattern)
    return matcher


@lru_cache(maxsize=2)
def _default_matcher(stamp: bytes) -> Matcher:
    return Matcher(_default_definitions(stamp).values())


@lru_cache(maxsize=2)
def _default_definitions(stamp: bytes) -> dict[str, ModelDefinition]:
    return {stored.model.id: _definition(stored) for stored in repository.defaults()}


def _definition(stored: StoredModel) -> ModelDefinition:
    model = stored.model
    return ModelDefinition(
        id=model.id,
        name=model.model_name,
        pattern=model.match_pattern,
        tiers=tuple(Tier(t.id, t.name, t.priority, _conditions(t), prices) for t, prices in stored.tiers),
        own=model.project_id is not None,
        start_date=model.start_date.astimezone(UTC).isoformat(timespec="microseconds") if model.start_date else "",
        tokenizer=model.tokenizer_id or "",
        tokenizer_config=model.tokenizer_config or {},
    )


def _conditions(tier: PricingTier) -> tuple[Condition, ...]:
    return msgspec.convert(tier.conditions, tuple[Condition, ...])


# --- the default list ------------------------------------------------------------------------------------------------


class _DefaultTier(msgspec.Struct):
    name: str
    priority: int
    conditions: list[dict[str, Any]]
    prices: dict[str, Decimal]


class _DefaultModel(msgspec.Struct):
    name: str
    pattern: str
    tokenizer: str | None
    tokenizer_config: dict[str, Any] | None
    tiers: list[_DefaultTier]


class _DefaultList(msgspec.Struct):
    updated_at: datetime
    models: list[_DefaultModel]


def seed_defaults() -> bool:
    """Store the shipped default list unless the stored one is as new; says whether it wrote. Run it after migrations."""
    shipped = msgspec.json.decode(_FILE.read_bytes(), type=_DefaultList)
    stored = repository.defaults_updated_at()
    if stored is not None and stored >= shipped.updated_at:
        return False
    written = repository.put_defaults([_default_model(model, shipped.updated_at) for model in shipped.models], shipped.updated_at)
    cache.bump(_SPACE)
    return written


def _default_model(shipped: _DefaultModel, updated_at: datetime) -> StoredModel:
    id = derived_id("default-model", shipped.name)
    model = Model(
        id=id,
        model_name=shipped.name,
        match_pattern=shipped.pattern,
        unit="TOKENS",
        tokenizer_id=shipped.tokenizer,
        tokenizer_config=shipped.tokenizer_config,
        created_at=updated_at,
        updated_at=updated_at,
    )
    return StoredModel(model, [_default_tier(id, tier) for tier in shipped.tiers])


def _default_tier(model_id: str, shipped: _DefaultTier) -> StoredTier:
    default = shipped.priority == 0
    tier = PricingTier(
        id=_default_tier_id(model_id) if default else derived_id("default-tier", model_id, shipped.name),
        model_id=model_id,
        name=shipped.name,
        is_default=default,
        priority=shipped.priority,
        conditions=shipped.conditions,
    )
    return StoredTier(tier, shipped.prices)
