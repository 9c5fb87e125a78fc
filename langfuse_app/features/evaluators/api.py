"""Routes of evaluators in the unstable contract (spec/api.md §4.15) and in v2 (§11)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from langfuse_app.api import cursors
from langfuse_app.api.auth import Project
from langfuse_app.api.documented import coded_answers
from langfuse_app.api.params import StrictCursored, StrictPaged
from langfuse_app.core.shapes import Message
from langfuse_app.features.evaluators import service
from langfuse_app.features.evaluators.schemas import CreateEvaluator, EvaluatorOut, EvaluatorsOut
from langfuse_app.features.evaluators.schemas_v2 import (
    CreateEvaluatorV2,
    Deleted,
    EvaluatorsV2Out,
    EvaluatorV2Out,
    UpdateEvaluator,
    VersionsOut,
)

router = APIRouter(tags=["evaluators"])
_EVALUATORS, _EVALUATORS_V2 = "/api/public/unstable/evaluators", "/api/public/v2/evaluators"
_ONE_V2 = _EVALUATORS_V2 + "/{evaluator_id}"
_OF_ONE_KIND = ("prompt", "outputDefinition", "modelConfig", "sourceCode", "sourceCodeLanguage")


def _wire(evaluator: EvaluatorOut) -> dict[str, Any]:
    """Without the fields of the other kind."""
    shown = evaluator.model_dump(mode="json", by_alias=True)
    return {name: value for name, value in shown.items() if value is not None or name not in _OF_ONE_KIND}


@router.get(_EVALUATORS, responses=coded_answers(EvaluatorsOut), response_model=None)
def list_evaluators(scope: Project, params: Annotated[StrictPaged, Query()]) -> dict[str, Any]:
    """Evaluators in their newest versions."""
    found = service.list_evaluators(scope, params.page, params.limit)
    return {"data": [_wire(item) for item in found.items], "meta": found.meta()}


@router.post(_EVALUATORS, responses=coded_answers(EvaluatorOut, 409, 422), response_model=None)
def create_evaluator(scope: Project, body: CreateEvaluator) -> dict[str, Any]:
    """Write a new version of an evaluator."""
    return _wire(service.create_evaluator(scope, body))


@router.get(_EVALUATORS + "/{evaluator_id}", responses=coded_answers(EvaluatorOut, 404), response_model=None)
def get_evaluator(scope: Project, evaluator_id: str) -> dict[str, Any]:
    """One evaluator."""
    return _wire(service.get_evaluator(scope, evaluator_id))


@router.delete(_EVALUATORS + "/{evaluator_id}", responses=coded_answers(Message, 404, 409))
def delete_evaluator(scope: Project, evaluator_id: str) -> Message:
    """Delete an evaluator that no rule uses."""
    service.delete_evaluator(scope, evaluator_id)
    return Message(message="Evaluator successfully deleted")


# --- v2 -------------------------------------------------------------------------------------------


@router.get(_EVALUATORS_V2, responses=coded_answers(EvaluatorsV2Out), response_model_exclude_unset=True)
def list_evaluators_v2(scope: Project, params: Annotated[StrictCursored, Query()]) -> EvaluatorsV2Out:
    """Evaluators in their newest versions, the last made first."""
    found, last = service.list_after(scope, cursors.place(params.cursor), params.limit)
    return EvaluatorsV2Out(data=found, meta=cursors.meta(last))


@router.post(_EVALUATORS_V2, responses=coded_answers(None, 412), response_model_exclude_unset=True)
def create_evaluator_v2(scope: Project, body: CreateEvaluatorV2) -> EvaluatorV2Out:
    """Make an evaluator; names need not be unique."""
    return service.create(scope, body)


@router.get(_ONE_V2, responses=coded_answers(None, 404), response_model_exclude_unset=True)
def get_evaluator_v2(scope: Project, evaluator_id: str) -> EvaluatorV2Out:
    """One evaluator in its newest version."""
    return service.get(scope, evaluator_id)


@router.patch(_ONE_V2, responses=coded_answers(None, 404, 409, 412), response_model_exclude_unset=True)
def update_evaluator_v2(scope: Project, evaluator_id: str, body: UpdateEvaluator) -> EvaluatorV2Out:
    """Change name or description; a whole definition, with its type, makes a new version."""
    return service.update(scope, evaluator_id, body)


@router.delete(_ONE_V2, responses=coded_answers(Deleted, 404))
def delete_evaluator_v2(scope: Project, evaluator_id: str) -> Deleted:
    """Delete an evaluator with its versions, and out of all rules; a rule that has no other is turned off."""
    service.delete(scope, evaluator_id)
    return Deleted(id=evaluator_id)


@router.get(_ONE_V2 + "/versions", responses=coded_answers(VersionsOut, 404), response_model_exclude_unset=True)
def list_evaluator_versions(scope: Project, evaluator_id: str, params: Annotated[StrictCursored, Query()]) -> VersionsOut:
    """Versions of an evaluator, newest first."""
    found, last = service.versions(scope, evaluator_id, cursors.place(params.cursor), params.limit)
    return VersionsOut(data=found, meta=cursors.meta(last))
