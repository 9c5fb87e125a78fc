"""Statements on score_configs."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.scores.models import ScoreConfig
from langfuse_app.stores.postgres import session


def find(scope: ProjectScope, config_id: str, *, for_update: bool = False) -> ScoreConfig | None:
    """The config of that id in the project; `for_update` keeps it as it is for others until the open transaction ends."""
    statement = select(ScoreConfig).where(ScoreConfig.project_id == scope.project_id, ScoreConfig.id == config_id)
    with session() as current:
        return current.exec(statement.with_for_update() if for_update else statement).first()


def page(scope: ProjectScope, limit: int, offset: int) -> tuple[list[ScoreConfig], int]:
    """Configs of the project, newest first, and how many there are."""
    mine = ScoreConfig.project_id == scope.project_id
    with session() as current:
        order = (col(ScoreConfig.created_at).desc(), col(ScoreConfig.id).desc())
        found = current.exec(select(ScoreConfig).where(mine).order_by(*order).limit(limit).offset(offset)).all()
        return list(found), current.exec(select(func.count()).select_from(ScoreConfig).where(mine)).one()


def add(config: ScoreConfig) -> None:
    """Store a new config."""
    with session() as current:
        current.add(config)


def change(config: ScoreConfig, values: dict[str, Any]) -> None:
    """Set columns of a config that was found for update."""
    with session() as current:
        config.sqlmodel_update(values | {"updated_at": utcnow()})
        current.add(config)


def known(scope: ProjectScope, config_ids: Collection[str]) -> set[str]:
    """Those of the ids that are configs of the project."""
    with session() as current:
        statement = select(ScoreConfig.id).where(ScoreConfig.project_id == scope.project_id, col(ScoreConfig.id).in_(config_ids))
        return set(current.exec(statement).all())
