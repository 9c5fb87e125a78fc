"""PostgreSQL statements of evaluation rules."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import exists, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from langfuse_app.core.pagination import Page, Place
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.accounts.models import User
from langfuse_app.features.evaluation_rules.models import EvaluationRule, RuleAssignment
from langfuse_app.stores.postgres import behind, lock, session


class Ruled(NamedTuple):
    """A rule, its evaluators in their order, and the name of the person who made it."""

    rule: EvaluationRule
    assignments: Sequence[RuleAssignment]
    author: str | None = None


class NameTakenError(Exception):
    """Another rule has the name that should be the rule's alone."""


class EvaluatorGoneError(Exception):
    """An evaluator was deleted meanwhile."""


Edit = Callable[[EvaluationRule, Sequence[RuleAssignment]], Sequence[RuleAssignment]]
"""Changes a rule, and gives its assignments: those it got, or others in their place."""

_ASSIGNED = exists().where(col(RuleAssignment.evaluation_rule_id) == col(EvaluationRule.id))


def _mine(scope: ProjectScope) -> Any:
    found = select(EvaluationRule, User.name).select_from(EvaluationRule).outerjoin(User, col(User.id) == EvaluationRule.created_by_user_id)
    return found.where(col(EvaluationRule.project_id) == scope.project_id)


def _whole(current: Session, statement: Any) -> list[Ruled]:
    rows = list(current.exec(statement))
    wanted = select(RuleAssignment).where(col(RuleAssignment.evaluation_rule_id).in_([rule.id for rule, _ in rows]))
    found: dict[str, list[RuleAssignment]] = {}
    for assignment in current.exec(wanted.order_by(col(RuleAssignment.position))):
        found.setdefault(assignment.evaluation_rule_id, []).append(assignment)
    return [Ruled(rule, found.get(rule.id, []), author) for rule, author in rows]


def page(scope: ProjectScope, number: int, limit: int) -> Page[Ruled]:
    """Rules that have evaluators, the last changed first."""
    order = (col(EvaluationRule.updated_at).desc(), col(EvaluationRule.id))
    with session() as current:
        mine = select(func.count()).select_from(EvaluationRule).where(col(EvaluationRule.project_id) == scope.project_id, _ASSIGNED)
        total = current.exec(mine).one()
        found = _mine(scope).where(_ASSIGNED).order_by(*order).limit(limit).offset((number - 1) * limit)
        return Page(_whole(current, found), number, limit, total)


def after(scope: ProjectScope, place: Place | None, limit: int) -> list[Ruled]:
    """At most `limit` rules behind a place, the newest first."""
    columns = (col(EvaluationRule.created_at), col(EvaluationRule.id))
    statement = _mine(scope).where(*behind(place, *columns)).order_by(*(column.desc() for column in columns)).limit(limit)
    with session() as current:
        return _whole(current, statement)


def one(scope: ProjectScope, id: str) -> Ruled | None:
    """One rule."""
    with session() as current:
        return next(iter(_whole(current, _mine(scope).where(col(EvaluationRule.id) == id))), None)


def save(scope: ProjectScope, id: str | None, edit: Edit, alone: str | None = None) -> EvaluationRule | None:
    """Make a rule (id None) or change one; None when it is not there.

    NameTakenError when another rule has the name `alone`, EvaluatorGoneError when an evaluator was deleted meanwhile.
    """
    with session() as current:
        if alone is not None:
            _check_alone(current, scope, id, alone)
        rule = EvaluationRule(project_id=scope.project_id, created_by_user_id=scope.user_id) if id is None else _locked(current, scope, id)
        if rule is None:
            return None
        before = current.exec(select(RuleAssignment).where(col(RuleAssignment.evaluation_rule_id) == rule.id)).all()
        wanted = edit(rule, before)
        rule.updated_at = utcnow()
        current.add(rule)
        current.flush()
        if wanted is not before:
            _assign(current, rule, wanted)
        return rule


def _check_alone(current: Session, scope: ProjectScope, id: str | None, name: str) -> None:
    lock(current, f"evaluation rule {scope.project_id} {name}")
    others = select(EvaluationRule.id).where(col(EvaluationRule.project_id) == scope.project_id, col(EvaluationRule.name) == name)
    if any(other != id for other in current.exec(others)):
        raise NameTakenError(name)


def _locked(current: Session, scope: ProjectScope, id: str) -> EvaluationRule | None:
    mine = select(EvaluationRule).where(col(EvaluationRule.project_id) == scope.project_id, col(EvaluationRule.id) == id)
    return current.exec(mine.with_for_update()).first()


def _assign(current: Session, rule: EvaluationRule, wanted: Sequence[RuleAssignment]) -> None:
    current.exec(delete(RuleAssignment).where(col(RuleAssignment.evaluation_rule_id) == rule.id))
    for position, assignment in enumerate(wanted):
        assignment.project_id, assignment.evaluation_rule_id, assignment.position = rule.project_id, rule.id, position
        current.add(assignment)
    try:
        current.flush()
    except IntegrityError as error:
        raise EvaluatorGoneError from error


def remove(scope: ProjectScope, id: str) -> bool:
    """Delete a rule; False when it is not there."""
    with session() as current:
        mine = (col(EvaluationRule.project_id) == scope.project_id, col(EvaluationRule.id) == id)
        return current.exec(delete(EvaluationRule).where(*mine)).rowcount > 0
