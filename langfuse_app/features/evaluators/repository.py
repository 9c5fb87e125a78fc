"""PostgreSQL statements of evaluators."""

from collections.abc import Callable, Collection
from typing import Any, cast

from sqlalchemy import exists, func, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from langfuse_app.core.pagination import Page, Place
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.accounts.models import User
from langfuse_app.features.evaluation_rules.models import EvaluationRule, RuleAssignment
from langfuse_app.features.evaluators.models import Evaluator, EvaluatorVersion, Known
from langfuse_app.stores.postgres import behind, lock, session

_author, _version_author, _any = aliased(User), aliased(User), aliased(EvaluatorVersion)
_NEWEST = select(func.max(_any.version)).where(col(_any.evaluator_id) == col(Evaluator.id)).correlate(Evaluator).scalar_subquery()
_NEWEST_FIRST = (col(Evaluator.created_at).desc(), col(Evaluator.id).desc())


def _known(scope: ProjectScope) -> Any:
    """The evaluators of a project with their newest versions."""
    newest = (col(EvaluatorVersion.evaluator_id) == Evaluator.id) & (col(EvaluatorVersion.version) == _NEWEST)
    found = select(Evaluator, EvaluatorVersion, _author.name, _version_author.name).select_from(Evaluator).join(EvaluatorVersion, newest)
    found = found.outerjoin(_author, col(_author.id) == Evaluator.created_by_user_id)
    found = found.outerjoin(_version_author, col(_version_author.id) == EvaluatorVersion.created_by_user_id)
    return found.where(col(Evaluator.project_id) == scope.project_id)


def _read(statement: Any) -> list[Known]:
    with session() as current:
        return [Known(*row) for row in current.exec(statement)]


def page(scope: ProjectScope, number: int, limit: int) -> Page[Known]:
    """Evaluators, the last changed first."""
    order = (col(Evaluator.updated_at).desc(), col(Evaluator.id))
    with session() as current:
        mine = select(func.count()).select_from(Evaluator).where(col(Evaluator.project_id) == scope.project_id)
        total = current.exec(mine).one()
        rows = current.exec(_known(scope).order_by(*order).limit(limit).offset((number - 1) * limit))
        return Page([Known(*row) for row in rows], number, limit, total)


def after(scope: ProjectScope, place: Place | None, limit: int) -> list[Known]:
    """At most `limit` evaluators behind a place, the newest first."""
    statement = _known(scope).where(*behind(place, col(Evaluator.created_at), col(Evaluator.id)))
    return _read(statement.order_by(*_NEWEST_FIRST).limit(limit))


def some(scope: ProjectScope, ids: Collection[str]) -> dict[str, Known]:
    """The evaluators of these ids that are there, by id."""
    return {known.evaluator.id: known for known in _read(_known(scope).where(col(Evaluator.id).in_(ids)))}


def named(scope: ProjectScope, name: str, type: str | None) -> Known | None:
    """The newest evaluator of that name, and of that type where one is given."""
    statement = _known(scope).where(col(Evaluator.name) == name)
    if type is not None:
        statement = statement.where(col(Evaluator.type) == type)
    return next(iter(_read(statement.order_by(*_NEWEST_FIRST).limit(1))), None)


def versions(scope: ProjectScope, id: str, place: Place | None, limit: int) -> list[tuple[EvaluatorVersion, str | None]]:
    """At most `limit` versions behind a place, the newest first, with the names of those who made them."""
    statement = (
        select(EvaluatorVersion, _author.name)
        .select_from(EvaluatorVersion)
        .join(Evaluator, col(Evaluator.id) == EvaluatorVersion.evaluator_id)
    )
    statement = statement.outerjoin(_author, col(_author.id) == EvaluatorVersion.created_by_user_id)
    statement = statement.where(col(Evaluator.project_id) == scope.project_id, col(Evaluator.id) == id)
    if place is not None:
        seen = select(EvaluatorVersion.version).where(col(EvaluatorVersion.id) == place.id, col(EvaluatorVersion.evaluator_id) == id)
        statement = statement.where(col(EvaluatorVersion.version) < seen.scalar_subquery())
    with session() as current:
        return [(version, name) for version, name in current.exec(statement.order_by(col(EvaluatorVersion.version).desc()).limit(limit))]


def assignments(scope: ProjectScope, ids: Collection[str]) -> list[RuleAssignment]:
    """The places of these evaluators in rules, the last assigned first."""
    mine = select(RuleAssignment).where(col(RuleAssignment.project_id) == scope.project_id, col(RuleAssignment.evaluator_id).in_(ids))
    with session() as current:
        return list(current.exec(mine.order_by(col(RuleAssignment.created_at).desc(), col(RuleAssignment.id))))


def add(evaluator: Evaluator, version: EvaluatorVersion) -> None:
    """Store a new evaluator with its first version."""
    with session() as current:
        current.add(evaluator)
        _number(current, evaluator, version)


def add_version(scope: ProjectScope, name: str, type: str, version: EvaluatorVersion) -> Evaluator | None:
    """Write the next version of the newest evaluator of that name and type, which is made where there is none of the name.

    None when only evaluators of another type have the name.
    """
    with session() as current:
        lock(current, f"evaluator {scope.project_id} {name}")  # so that two at once do not make two evaluators
        mine = select(Evaluator).where(col(Evaluator.project_id) == scope.project_id, col(Evaluator.name) == name)
        all_of_name = current.exec(mine.order_by(*_NEWEST_FIRST).with_for_update()).all()
        evaluator = next((one for one in all_of_name if one.type == type), None)
        if evaluator is None:
            if all_of_name:
                return None
            evaluator = Evaluator(project_id=scope.project_id, name=name, type=type, created_by_user_id=version.created_by_user_id)
            current.add(evaluator)
        evaluator.updated_at = utcnow()
        _number(current, evaluator, version)
        return evaluator


def change(scope: ProjectScope, id: str, edit: Callable[[Evaluator], None], version: EvaluatorVersion | None) -> bool:
    """Edit an evaluator, and write its next version if one is given; False when it is not there."""
    with session() as current:
        evaluator = _locked(current, scope, id)
        if evaluator is None:
            return False
        edit(evaluator)
        evaluator.updated_at = utcnow()
        if version is not None:
            _number(current, evaluator, version)
        return True


def _locked(current: Session, scope: ProjectScope, id: str) -> Evaluator | None:
    """The evaluator; whoever wants to change it, or to assign it, waits until this transaction ends."""
    mine = select(Evaluator).where(col(Evaluator.project_id) == scope.project_id, col(Evaluator.id) == id)
    return current.exec(mine.with_for_update()).first()


def _number(current: Session, evaluator: Evaluator, version: EvaluatorVersion) -> None:
    current.flush()
    newest = select(func.max(EvaluatorVersion.version)).where(col(EvaluatorVersion.evaluator_id) == evaluator.id)
    version.evaluator_id, version.version = evaluator.id, (current.exec(newest).one() or 0) + 1
    current.add(version)


def remove_unused(scope: ProjectScope, id: str) -> list[str]:
    """Delete an evaluator that no rule uses; the names of the rules that do, when it stays because of them."""
    with session() as current:
        evaluator = _locked(current, scope, id)
        using = select(EvaluationRule.name).join(RuleAssignment, col(RuleAssignment.evaluation_rule_id) == EvaluationRule.id)
        users = list(current.exec(using.where(col(RuleAssignment.evaluator_id) == id, col(RuleAssignment.project_id) == scope.project_id)))
        if evaluator is not None and not users:
            current.delete(evaluator)
        return users


def remove(scope: ProjectScope, id: str) -> bool:
    """Delete an evaluator out of all rules, and turn off the rules that have no other; False when it is not there."""
    with session() as current:
        evaluator = _locked(current, scope, id)
        if evaluator is None:
            return False
        of_rule = col(RuleAssignment.evaluation_rule_id) == col(EvaluationRule.id)
        used = exists().where(of_rule, col(RuleAssignment.evaluator_id) == id)
        others = exists().where(of_rule, col(RuleAssignment.evaluator_id) != id)
        mine = col(EvaluationRule.project_id) == scope.project_id
        current.exec(cast(Any, update(EvaluationRule).where(mine, used, ~others).values(enabled=False, updated_at=utcnow())))
        current.delete(evaluator)
        return True
