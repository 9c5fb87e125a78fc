"""The rules of score configurations; ingestion asks here whether a score fits."""

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.score_configs import repository
from langfuse_app.features.scores.models import ScoreConfig


def find_config(scope: ProjectScope, config_id: str) -> ScoreConfig | None:
    """The config that a score names, None when the project has none of that id."""
    return repository.find(scope, config_id)
