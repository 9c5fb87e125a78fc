"""Routes of blob-storage integrations, for organisation keys (spec/api.md §3.1)."""

from fastapi import APIRouter

from langfuse_app.api.auth import Organization
from langfuse_app.api.documented import answers
from langfuse_app.core.shapes import Message
from langfuse_app.features.blob_storage import service
from langfuse_app.features.blob_storage.models import BlobStorageIntegration
from langfuse_app.features.blob_storage.schemas import IntegrationOut, IntegrationsOut, PutIntegration, StatusOut

router = APIRouter(tags=["blob storage integrations"])
_PATH = "/api/public/integrations/blob-storage"
_ONE = _PATH + "/{project_id}"


@router.get(_PATH, responses=answers(IntegrationsOut))
def list_integrations(scope: Organization) -> IntegrationsOut:
    """The integrations of all projects of the organisation."""
    return IntegrationsOut(data=[IntegrationOut.model_validate(row) for row in service.list_integrations(scope)])


@router.put(_PATH, responses=answers(IntegrationOut, 404))
def put_integration(scope: Organization, body: PutIntegration) -> IntegrationOut:
    """Make or replace the integration of a project."""
    return IntegrationOut.model_validate(service.put_integration(scope, body))


@router.get(_ONE, responses=answers(StatusOut, 404))
def get_status(scope: Organization, project_id: str) -> StatusOut:
    """How the export of a project is doing."""
    return _status(service.get_integration(scope, project_id))


@router.delete(_ONE, responses=answers(Message, 404))
def delete_integration(scope: Organization, project_id: str) -> Message:
    """End the export of a project; files that were exported stay."""
    service.delete_integration(scope, project_id)
    return Message(message="Successfully deleted")


def _status(row: BlobStorageIntegration) -> StatusOut:
    return StatusOut(
        id=row.project_id,
        project_id=row.project_id,
        sync_status=service.status(row),
        enabled=row.enabled,
        last_sync_at=row.last_sync_at,
        next_sync_at=row.next_sync_at,
        last_error=row.last_error,
        last_error_at=row.last_error_at,
    )
