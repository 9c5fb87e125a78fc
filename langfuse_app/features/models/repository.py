"""PostgreSQL statements of models and prices."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, insert, or_, select, update

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.models.models import Model, Price, PricingTier
from langfuse_app.stores.postgres import session

_SEED_LOCK = 0x7072_6963


class StoredTier(NamedTuple):
    """A tier with its prices by usage type."""

    tier: PricingTier
    prices: dict[str, Decimal]


class StoredModel(NamedTuple):
    """A model with its tiers, the default one first."""

    model: Model
    tiers: list[StoredTier]


def visible(scope: ProjectScope, limit: int, offset: int) -> list[StoredModel]:
    """The project's models, then the default list, each by name; newest start date first within a name."""
    with session() as current:
        order = (col(Model.project_id).is_(None), col(Model.model_name), col(Model.start_date).desc().nulls_last(), col(Model.id))
        found = current.exec(select(Model).where(_visible_to(scope)).order_by(*order).limit(limit).offset(offset)).all()
        return _with_tiers(current, found)


def count_visible(scope: ProjectScope) -> int:
    """How many models the project sees."""
    with session() as current:
        return current.exec(select(func.count()).select_from(Model).where(_visible_to(scope))).one()


def one(scope: ProjectScope, model_id: str) -> StoredModel | None:
    """One model that the project sees."""
    with session() as current:
        found = current.exec(select(Model).where(_visible_to(scope), Model.id == model_id)).all()
        return next(iter(_with_tiers(current, found)), None)


def own(project_id: str) -> list[StoredModel]:
    """The project's models, for the worker that prices its observations."""
    with session() as current:
        return _with_tiers(current, current.exec(select(Model).where(Model.project_id == project_id)).all())


def defaults() -> list[StoredModel]:
    """The default list, which belongs to no project."""
    with session() as current:
        return _with_tiers(current, current.exec(select(Model).where(col(Model.project_id).is_(None))).all())


def defaults_updated_at() -> datetime | None:
    """The date of the default list that is stored; None when there is none."""
    with session() as current:
        return _defaults_updated_at(current)


def add(stored: StoredModel) -> bool:
    """Write a project's new model; False when one with its name, start date and unit exists."""
    try:
        with session() as current:
            current.add(stored.model)
            current.flush()
            _add_tiers(current, stored.tiers)
    except IntegrityError:
        return False
    return True


def replace(scope: ProjectScope, stored: StoredModel) -> bool | None:
    """Rewrite a model of the project; None when it has none of that id, False when another one has its new name."""
    model = stored.model
    values = model.model_dump(exclude={"id", "created_at", "project_id"}) | {"updated_at": utcnow()}
    try:
        with session() as current:
            if not current.exec(update(Model).where(*_mine(scope, model.id)).values(**values)).rowcount:
                return None
            current.exec(delete(PricingTier).where(col(PricingTier.model_id) == model.id))
            _add_tiers(current, stored.tiers)
    except IntegrityError:
        return False
    return True


def remove(scope: ProjectScope, model_id: str) -> bool:
    """Delete a model of the project; False when it has none of that id."""
    with session() as current:
        return current.exec(delete(Model).where(*_mine(scope, model_id))).rowcount > 0


def put_defaults(models: Sequence[StoredModel], updated_at: datetime) -> bool:
    """Make the default list be `models`, unless the stored one is as new; says whether something was written."""
    with session() as current:
        current.connection().execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SEED_LOCK})
        newest = _defaults_updated_at(current)
        if newest is not None and newest >= updated_at:
            return False
        kept = [stored.model.id for stored in models]
        current.exec(delete(Model).where(col(Model.project_id).is_(None), col(Model.id).not_in(kept)))
        current.exec(delete(PricingTier).where(col(PricingTier.model_id).in_(kept)))
        _upsert_models(current, [stored.model for stored in models])
        _add_tiers(current, [tier for stored in models for tier in stored.tiers])
        return True


def _defaults_updated_at(current: Session) -> datetime | None:
    return current.exec(select(func.max(Model.updated_at)).where(col(Model.project_id).is_(None))).one()


def _upsert_models(current: Session, models: Iterable[Model]) -> None:
    statement = upsert(Model).values([model.model_dump() for model in models])
    changed = {name: statement.excluded[name] for name in Model.model_fields if name not in ("id", "created_at")}
    current.connection().execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))


def _add_tiers(current: Session, tiers: Sequence[StoredTier]) -> None:
    connection = current.connection()
    connection.execute(insert(PricingTier), [stored.tier.model_dump() for stored in tiers])
    prices = [
        {"pricing_tier_id": stored.tier.id, "usage_type": usage_type, "price": price}
        for stored in tiers
        for usage_type, price in stored.prices.items()
    ]
    connection.execute(insert(Price), prices)


def _visible_to(scope: ProjectScope) -> ColumnElement[bool]:
    return or_(col(Model.project_id) == scope.project_id, col(Model.project_id).is_(None))


def _mine(scope: ProjectScope, model_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(Model.project_id) == scope.project_id, col(Model.id) == model_id


def _with_tiers(current: Session, models: Sequence[Model]) -> list[StoredModel]:
    ids = [model.id for model in models]
    tiers = current.exec(select(PricingTier).where(col(PricingTier.model_id).in_(ids)).order_by(col(PricingTier.priority))).all()
    prices: dict[str, dict[str, Decimal]] = {tier.id: {} for tier in tiers}
    priced = select(Price).join(PricingTier).where(col(PricingTier.model_id).in_(ids))
    for price in current.exec(priced):
        prices[price.pricing_tier_id][price.usage_type] = price.price
    by_model: dict[str, list[StoredTier]] = {id: [] for id in ids}
    for tier in tiers:
        by_model[tier.model_id].append(StoredTier(tier, prices[tier.id]))
    return [StoredModel(model, by_model[model.id]) for model in models]
