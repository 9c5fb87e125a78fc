"""Statements on score_configs."""

from sqlmodel import select

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.scores.models import ScoreConfig
from langfuse_app.stores.postgres import session


def find(scope: ProjectScope, config_id: str) -> ScoreConfig | None:
    """The config of that id in the project."""
    with session() as current:
        statement = select(ScoreConfig).where(ScoreConfig.project_id == scope.project_id, ScoreConfig.id == config_id)
        return current.exec(statement).first()
