"""Scheduled exports: what happened in a window of time becomes one file per table in the project's bucket (spec/backend.md §10.5).

A window ends at least 20 minutes ago, so that late data is in it. A run takes window after window until it has caught up;
each is noted when its files are stored, so that a run that was killed goes on where it was.
"""

import gzip
import logging
import tempfile
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import BinaryIO, cast

from langfuse_app.core.encryption import decrypt
from langfuse_app.core.errors import AppError
from langfuse_app.core.outbound import UnsafeUrlError, allowed
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import iso_ms, utcnow
from langfuse_app.features.blob_storage import repository
from langfuse_app.features.blob_storage import repository_clickhouse as columnar
from langfuse_app.features.blob_storage.models import BlobStorageIntegration
from langfuse_app.features.blob_storage.schemas import ExportFrequency, ExportMode, ExportSource, FieldGroup, FileType, StorageType
from langfuse_app.stores.blobs import BlobStoreError, S3Blobs, s3_client
from langfuse_app.stores.locks import exclusive
from langfuse_app.stores.outbound import check_reachable

log = logging.getLogger(__name__)

_LAG = timedelta(minutes=20)
_AFTER_ERROR = timedelta(minutes=20)
_LONGEST_RUN_S = 3600
_WINDOWS_PER_RUN = 500
_INTERVALS = {
    ExportFrequency.EVERY_20_MINUTES: timedelta(minutes=20),
    ExportFrequency.HOURLY: timedelta(hours=1),
    ExportFrequency.DAILY: timedelta(days=1),
    ExportFrequency.WEEKLY: timedelta(weeks=1),
}
_TABLES = {
    ExportSource.LEGACY_TRACES_OBSERVATIONS: ("traces", "observations", "scores"),
    ExportSource.OBSERVATIONS_V2: ("observations_v2", "scores"),
    ExportSource.LEGACY_TRACES_AND_ENRICHED_OBSERVATIONS: ("traces", "observations", "observations_v2", "scores"),
}
_CONTENT_TYPES = {
    FileType.JSON: "application/json",
    FileType.JSONL: "application/x-ndjson",
    FileType.CSV: "text/csv",
    FileType.PARQUET: "application/vnd.apache.parquet",
}


class ExportError(Exception):
    """Why nothing can be exported; the text is for the owner of the project."""


def due() -> list[tuple[str, str]]:
    """Project and organisation of every integration that is due."""
    return repository.due(utcnow())


def export(scope: ProjectScope) -> int:
    """Export what is due of a project; how many windows. What goes wrong is noted on the integration."""
    with exclusive(f"blob-export:{scope.project_id}", hold_s=_LONGEST_RUN_S) as mine:
        integration = repository.one(scope) if mine else None
        if integration is None or not integration.enabled:
            return 0
        repository.note(scope, run_started_at=utcnow())
        try:
            return _catch_up(scope, integration)
        except (ExportError, BlobStoreError, UnsafeUrlError, AppError) as error:
            log.warning("export of project %s: %s", scope.project_id, error)
            _note_error(scope, str(error))
        except Exception:  # whatever it is, the owner sees that there is no file, and the next run tries again
            log.exception("export of project %s", scope.project_id)
            _note_error(scope, "Unexpected error; the log of the server has the rest")
        finally:
            repository.note(scope, run_started_at=None)
    return 0


def _note_error(scope: ProjectScope, text: str) -> None:
    now = utcnow()
    repository.note(scope, last_error=text, last_error_at=now, next_sync_at=now + _AFTER_ERROR)


def _catch_up(scope: ProjectScope, integration: BlobStorageIntegration) -> int:
    bucket = _bucket(integration)
    cutoff, interval = utcnow() - _LAG, _INTERVALS[ExportFrequency(integration.export_frequency)]
    done = start = _start(integration)
    windows = 0
    while windows < _WINDOWS_PER_RUN and (done is None or done < cutoff):
        firsts = _firsts(scope, integration, done, cutoff)
        since = min(firsts.values(), default=None)
        if since is None:
            done = cutoff
            break
        # an empty stretch is skipped, else a window follows the one before without a gap
        begin = since if done is None or since >= done + interval else done
        done = min(begin + interval, cutoff)
        for name in [name for name, first in firsts.items() if first < done]:
            _store(scope, integration, bucket, columnar.TABLES[name], begin, done)
        windows += 1
        repository.note(scope, last_sync_at=done)
    progress = {"last_sync_at": done} if done != start else {}
    next_sync_at = done + interval + _LAG if done is not None and done >= cutoff else utcnow()
    repository.note(scope, **progress, next_sync_at=next_sync_at, last_error=None, last_error_at=None)
    return windows


def _start(integration: BlobStorageIntegration) -> datetime | None:
    """Where the next window begins; None: at the first row there is."""
    if integration.last_sync_at is not None:
        return integration.last_sync_at
    if integration.export_mode == ExportMode.FROM_CUSTOM_DATE:
        return integration.export_start_date
    return integration.created_at if integration.export_mode == ExportMode.FROM_TODAY else None


def _firsts(scope: ProjectScope, integration: BlobStorageIntegration, since: datetime | None, cutoff: datetime) -> dict[str, datetime]:
    """The time of the next row of every table that has one."""
    names = _TABLES[ExportSource(integration.export_source)]
    found = {name: columnar.earliest(scope, columnar.TABLES[name], since, cutoff) for name in names}
    return {name: first for name, first in found.items() if first is not None}


def _store(
    scope: ProjectScope, integration: BlobStorageIntegration, bucket: S3Blobs, table: columnar.Table, since: datetime, until: datetime
) -> None:
    """One file, by way of the disk: its size is not known before."""
    file_type = FileType(integration.file_type)
    packed = integration.compressed and file_type is not FileType.PARQUET
    groups = integration.export_field_groups or list(FieldGroup)
    with tempfile.TemporaryFile() as file:
        with _packing(cast("BinaryIO", file), packed) as target, columnar.rows(scope, table, groups, file_type, since, until) as pieces:
            for piece in pieces:
                target.write(piece)
        file.seek(0)
        ending = file_type.lower() + (".gz" if packed else "")
        content_type = "application/gzip" if packed else _CONTENT_TYPES[file_type]
        bucket.put_file(f"{scope.project_id}/{table.name}/{iso_ms(until)}.{ending}", cast("BinaryIO", file), content_type)


def _packing(file: BinaryIO, packed: bool) -> AbstractContextManager[BinaryIO]:
    if packed:
        return cast("AbstractContextManager[BinaryIO]", gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6, mtime=0))
    return nullcontext(file)


def _bucket(integration: BlobStorageIntegration) -> S3Blobs:
    """The owner's bucket; ExportError for stores that are not spoken to in S3's way, UnsafeUrlError for private endpoints."""
    if integration.type not in (StorageType.S3, StorageType.S3_COMPATIBLE):
        raise ExportError(f"Exports to {integration.type} are not possible from this server: use S3 or S3_COMPATIBLE")
    if integration.endpoint:
        check_reachable(integration.endpoint, allowed("BLOB_STORAGE_ENDPOINT"))
    client = s3_client(
        region=integration.region,
        endpoint=integration.endpoint or "",
        access_key_id=integration.access_key_id or "",
        secret_access_key=decrypt(integration.secret_access_key) if integration.secret_access_key else "",
        force_path_style=integration.force_path_style,
    )
    return S3Blobs(client, integration.bucket_name, integration.prefix)
