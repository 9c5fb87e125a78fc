"""PostgreSQL statements of evaluators and rules."""

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.evaluators.models import EvaluationRule, Evaluator, EvaluatorVersion
from langfuse_app.stores.postgres import lock, session


class Known(NamedTuple):
    """An evaluator and its newest version."""

    evaluator: Evaluator
    version: EvaluatorVersion


_NEWEST = (
    select(EvaluatorVersion.evaluator_id, func.max(EvaluatorVersion.version).label("newest"))
    .group_by(col(EvaluatorVersion.evaluator_id))
    .subquery()
)
_KNOWN = (
    select(Evaluator, EvaluatorVersion)
    .join(_NEWEST, _NEWEST.c.evaluator_id == Evaluator.id)
    .join(EvaluatorVersion, (col(EvaluatorVersion.evaluator_id) == Evaluator.id) & (col(EvaluatorVersion.version) == _NEWEST.c.newest))
)


def page(scope: ProjectScope, number: int, limit: int) -> Page[Known]:
    """Evaluators, the last changed first."""
    with session() as current:
        mine = select(func.count()).select_from(Evaluator).where(col(Evaluator.project_id) == scope.project_id)
        total = current.exec(mine).one()
        ordered = _KNOWN.where(col(Evaluator.project_id) == scope.project_id).order_by(col(Evaluator.updated_at).desc(), col(Evaluator.id))
        rows = current.exec(ordered.limit(limit).offset((number - 1) * limit))
        return Page([Known(*row) for row in rows], number, limit, total)


def one(scope: ProjectScope, *, id: str | None = None, name: str | None = None) -> Known | None:
    """An evaluator by id or by name."""
    mine = _KNOWN.where(col(Evaluator.project_id) == scope.project_id)
    wanted = mine.where(col(Evaluator.id) == id) if id is not None else mine.where(col(Evaluator.name) == name)
    with session() as current:
        row = current.exec(wanted).first()
        return Known(*row) if row else None


def add_version(scope: ProjectScope, name: str, type: str, version: EvaluatorVersion) -> Known | None:
    """Write the next version of the evaluator of that name, which is made where it is not; None when it is of another type."""
    with session() as current:
        lock(current, f"evaluator {scope.project_id} {name}")  # versions of one name are made one after another
        mine = select(Evaluator).where(col(Evaluator.project_id) == scope.project_id, col(Evaluator.name) == name)
        evaluator = current.exec(mine.with_for_update()).first()
        if evaluator is None:
            evaluator = Evaluator(project_id=scope.project_id, name=name, type=type)
            current.add(evaluator)
            current.flush()
        elif evaluator.type != type:
            return None
        newest = select(func.max(EvaluatorVersion.version)).where(col(EvaluatorVersion.evaluator_id) == evaluator.id)
        version.evaluator_id, version.version = evaluator.id, (current.exec(newest).one() or 0) + 1
        evaluator.updated_at = utcnow()
        current.add_all([evaluator, version])
        return Known(evaluator, version)


def remove_evaluator(scope: ProjectScope, id: str) -> None:
    """Delete an evaluator with its versions."""
    with session() as current:
        found = current.exec(select(Evaluator).where(col(Evaluator.project_id) == scope.project_id, col(Evaluator.id) == id)).first()
        if found is not None:
            current.delete(found)


def rules(scope: ProjectScope) -> list[EvaluationRule]:
    """All rules, the last changed first."""
    with session() as current:
        mine = select(EvaluationRule).where(col(EvaluationRule.project_id) == scope.project_id)
        return list(current.exec(mine.order_by(col(EvaluationRule.updated_at).desc(), col(EvaluationRule.id))))


def rule(scope: ProjectScope, id: str) -> EvaluationRule | None:
    """One rule."""
    with session() as current:
        mine = select(EvaluationRule).where(col(EvaluationRule.project_id) == scope.project_id, col(EvaluationRule.id) == id)
        return current.exec(mine).first()


def save_rule(scope: ProjectScope, id: str | None, edit: Callable[[EvaluationRule], None]) -> EvaluationRule | None:
    """Make a rule (id None) or change one; None when it is not there. IntegrityError when its name is taken."""
    with session() as current:
        if id is None:
            found: EvaluationRule | None = EvaluationRule(project_id=scope.project_id, name="", enabled=False, target="")
        else:
            mine = select(EvaluationRule).where(col(EvaluationRule.project_id) == scope.project_id, col(EvaluationRule.id) == id)
            found = current.exec(mine.with_for_update()).first()
        if found is not None:
            edit(found)
            found.updated_at = utcnow()
            current.add(found)
            current.flush()
        return found


def remove_rule(scope: ProjectScope, id: str) -> bool:
    """Delete a rule; False when it is not there."""
    with session() as current:
        mine = select(EvaluationRule).where(col(EvaluationRule.project_id) == scope.project_id, col(EvaluationRule.id) == id)
        found = current.exec(mine).first()
        if found is not None:
            current.delete(found)
        return found is not None


NameTakenError = IntegrityError
