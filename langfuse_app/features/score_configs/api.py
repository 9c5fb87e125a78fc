"""Routes of score configurations (spec/api.md §3.1, §4.5)."""

from typing import Annotated

from fastapi import APIRouter, Query

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import answers
from langfuse_app.api.params import Paged
from langfuse_app.core.shapes import PageMeta
from langfuse_app.features.score_configs import service
from langfuse_app.features.score_configs.schemas import CreateScoreConfig, ScoreConfigOut, ScoreConfigsOut, UpdateScoreConfig

router = APIRouter(tags=["score configs"])


@router.get("/api/public/score-configs", responses=answers(ScoreConfigsOut))
def list_score_configs(scope: Project, params: Annotated[Paged, Query()]) -> ScoreConfigsOut:
    """Configs of the project, newest first."""
    found = service.list_configs(scope, params.page, params.limit)
    return ScoreConfigsOut(data=[ScoreConfigOut.model_validate(row) for row in found.items], meta=PageMeta.model_validate(found.meta()))


@router.post("/api/public/score-configs", responses=answers(ScoreConfigOut))
def create_score_config(scope: Project, body: CreateScoreConfig) -> ScoreConfigOut:
    """Define what a kind of score may hold."""
    return ScoreConfigOut.model_validate(service.create_config(scope, body))


@router.get("/api/public/score-configs/{config_id}", responses=answers(ScoreConfigOut, 404))
def get_score_config(scope: Project, config_id: str) -> ScoreConfigOut:
    """One config."""
    return ScoreConfigOut.model_validate(service.get_config(scope, config_id))


@router.patch("/api/public/score-configs/{config_id}", responses=answers(ScoreConfigOut, 404))
def update_score_config(scope: Project, config_id: str, body: UpdateScoreConfig) -> ScoreConfigOut:
    """Change, archive or restore a config."""
    return ScoreConfigOut.model_validate(service.update_config(scope, config_id, body))
