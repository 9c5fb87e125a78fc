"""The rules of blob-storage integrations (spec/api.md §3.1, spec/backend.md §10.5)."""

from collections.abc import Iterator
from datetime import timedelta

from langfuse_app.core.encryption import encrypt
from langfuse_app.core.errors import NotFoundError, ValidationFailedError
from langfuse_app.core.outbound import UnsafeUrlError, allowed, check_url
from langfuse_app.core.scopes import OrganizationScope, ProjectScope, Role
from langfuse_app.core.shapes import plain
from langfuse_app.core.time import utcnow
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.audit import service as audit
from langfuse_app.features.blob_storage import repository
from langfuse_app.features.blob_storage.models import BlobStorageIntegration
from langfuse_app.features.blob_storage.schemas import (
    ExportMode,
    ExportSource,
    FieldGroup,
    IntegrationOut,
    PutIntegration,
    StorageType,
    SyncStatus,
)

_RESOURCE = "blobStorageIntegration"
_ZONES = timedelta(hours=27)  # "today" somewhere on earth
# A run that did not end in this time was killed; its successor takes over.
_LONGEST_RUN = timedelta(hours=6)


def list_integrations(scope: OrganizationScope) -> list[BlobStorageIntegration]:
    """The integrations of all projects of the organisation."""
    scope.require(Role.ADMIN)
    return repository.of_organization(scope)


def get_integration(scope: OrganizationScope, project_id: str) -> BlobStorageIntegration:
    """The integration of a project; NotFoundError without it, or when the project is not of the organisation."""
    scope.require(Role.ADMIN)
    return _of_project(api_keys.project_in(scope, project_id))


def put_integration(scope: OrganizationScope, new: PutIntegration) -> BlobStorageIntegration:
    """Make or replace the integration of a project. NotFoundError as above; ValidationFailedError lists what is wrong."""
    scope.require(Role.ADMIN)
    project = api_keys.project_in(scope, new.project_id)
    before = repository.one(project)
    wrong = [{"code": "custom", "path": [field], "message": message} for field, message in _issues(new)]
    if wrong:
        raise ValidationFailedError(wrong)
    known = plain(IntegrationOut, before) if before else None
    stored = repository.put(_row(new, before))
    audit.record(project, "update" if before else "create", _RESOURCE, new.project_id, before=known, after=plain(IntegrationOut, stored))
    return stored


def delete_integration(scope: OrganizationScope, project_id: str) -> None:
    """Delete the integration of a project; exported files stay. NotFoundError as `get_integration`."""
    scope.require(Role.ADMIN)
    project = api_keys.project_in(scope, project_id)
    before = plain(IntegrationOut, _of_project(project))
    repository.remove(project)
    audit.record(project, "delete", _RESOURCE, project_id, before=before)


def status(integration: BlobStorageIntegration) -> SyncStatus:
    """How an integration is doing now."""
    now = utcnow()
    started, due = integration.run_started_at, integration.next_sync_at
    if not integration.enabled:
        return SyncStatus.DISABLED
    if integration.last_error is not None:
        return SyncStatus.ERROR
    if started is not None and now - started < _LONGEST_RUN:
        return SyncStatus.RUNNING
    if due is not None and due <= now:
        return SyncStatus.QUEUED
    return SyncStatus.IDLE if integration.last_sync_at is None else SyncStatus.UP_TO_DATE


def _of_project(project: ProjectScope) -> BlobStorageIntegration:
    found = repository.one(project)
    if found is None:
        raise NotFoundError("Blob storage integration not found")
    return found


# How far an export has come; a new definition does not set it back.
_PROGRESS = ("created_at", "last_sync_at", "next_sync_at", "run_started_at", "last_failure_notification_sent_at")


def _row(new: PutIntegration, before: BlobStorageIntegration | None) -> BlobStorageIntegration:
    """The new row: what the body leaves out comes from the old one, and so does how far the export has come."""
    given = new.model_dump(exclude={"secret_access_key", "prefix", "compressed", "export_source", "export_field_groups"})
    progress = {name: getattr(before, name) for name in _PROGRESS} if before else {}
    row = BlobStorageIntegration(
        **given,
        **progress,
        prefix=new.prefix or "",
        compressed=new.compressed is not False,
        secret_access_key=_secret(new, before),
        export_source=new.export_source or (before.export_source if before else ExportSource.LEGACY_TRACES_OBSERVATIONS),
        export_field_groups=_field_groups(new, before),
    )
    if new.enabled and row.next_sync_at is None:
        row.next_sync_at = utcnow()
    return row


def _secret(new: PutIntegration, before: BlobStorageIntegration | None) -> str | None:
    """The secret given, encrypted; else the stored one, unless it was one of another kind."""
    if new.secret_access_key is not None:
        return encrypt(new.secret_access_key.get_secret_value())
    google = StorageType.GOOGLE_CLOUD_STORAGE
    if before is None or (before.type == google) != (new.type is google):
        return None
    return before.secret_access_key


def _field_groups(new: PutIntegration, before: BlobStorageIntegration | None) -> list[str] | None:
    if new.export_field_groups is not None:
        return [str(group) for group in new.export_field_groups]
    return before.export_field_groups if before else [str(group) for group in FieldGroup]


def _issues(new: PutIntegration) -> Iterator[tuple[str, str]]:
    if new.type is StorageType.S3_COMPATIBLE and not new.endpoint:
        yield "endpoint", "endpoint is required for S3_COMPATIBLE"
    if new.endpoint:
        try:
            check_url(new.endpoint, allowed("BLOB_STORAGE_ENDPOINT"))
        except UnsafeUrlError as error:
            yield "endpoint", f"endpoint {error}"
    if new.export_mode is ExportMode.FROM_CUSTOM_DATE:
        if new.export_start_date is None:
            yield "exportStartDate", "exportStartDate is required when exportMode is FROM_CUSTOM_DATE"
        elif new.export_start_date > utcnow() + _ZONES:
            yield "exportStartDate", "exportStartDate must not be in the future"
    yield from _field_group_issues(new)


def _field_group_issues(new: PutIntegration) -> Iterator[tuple[str, str]]:
    if new.export_field_groups is None:
        return
    if FieldGroup.CORE not in new.export_field_groups:
        yield "exportFieldGroups", "exportFieldGroups must include core"
    if new.export_source is None:
        yield "exportSource", "exportSource is required when exportFieldGroups is given"
