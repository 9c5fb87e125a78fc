"""Shapes of blob-storage integrations (spec/api.md §13 BlobStorageIntegrationResponse, §11)."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StrictBool, StringConstraints

from langfuse_app.core.shapes import Body, BodyTime, Shape, WireTime

_REGION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


class StorageType(StrEnum):
    """Whose bucket it is."""

    S3 = "S3"
    S3_COMPATIBLE = "S3_COMPATIBLE"
    AZURE_BLOB_STORAGE = "AZURE_BLOB_STORAGE"
    GOOGLE_CLOUD_STORAGE = "GOOGLE_CLOUD_STORAGE"


class FileType(StrEnum):
    """The format of the files."""

    JSON = "JSON"
    CSV = "CSV"
    JSONL = "JSONL"
    PARQUET = "PARQUET"


class ExportMode(StrEnum):
    """From when on."""

    FULL_HISTORY = "FULL_HISTORY"
    FROM_TODAY = "FROM_TODAY"
    FROM_CUSTOM_DATE = "FROM_CUSTOM_DATE"


class ExportFrequency(StrEnum):
    """How often."""

    EVERY_20_MINUTES = "every_20_minutes"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


class ExportSource(StrEnum):
    """Which tables."""

    LEGACY_TRACES_OBSERVATIONS = "LEGACY_TRACES_OBSERVATIONS"
    OBSERVATIONS_V2 = "OBSERVATIONS_V2"
    LEGACY_TRACES_AND_ENRICHED_OBSERVATIONS = "LEGACY_TRACES_AND_ENRICHED_OBSERVATIONS"


class FieldGroup(StrEnum):
    """Groups of columns of an observation."""

    CORE = "core"
    BASIC = "basic"
    TIME = "time"
    IO = "io"
    METADATA = "metadata"
    MODEL = "model"
    USAGE = "usage"
    PROMPT = "prompt"
    METRICS = "metrics"
    TOOLS = "tools"
    TRACE_CONTEXT = "trace_context"


class SyncStatus(StrEnum):
    """How an integration is doing."""

    IDLE = "idle"
    RUNNING = "running"
    QUEUED = "queued"
    UP_TO_DATE = "up_to_date"
    DISABLED = "disabled"
    ERROR = "error"


def _region(value: str) -> str:
    value = value.strip()
    if not _REGION.fullmatch(value):
        raise ValueError("must be 1 to 63 letters, digits or hyphens, with no hyphen at its ends; `auto` where a store has no regions")
    return value


def _prefix(value: str) -> str:
    if value and not value.endswith("/"):
        raise ValueError("must end with a slash")
    return value


class PutIntegration(Body):
    """Body of PUT. A secret, source or field groups that are left out stay as they are."""

    project_id: str = Field(min_length=1)
    type: StorageType
    bucket_name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    endpoint: str | None = None
    region: Annotated[str, AfterValidator(_region), Field(json_schema_extra={"pattern": f"^{_REGION.pattern}$"})]
    access_key_id: str | None = None
    secret_access_key: SecretStr | None = None
    prefix: Annotated[str, AfterValidator(_prefix), Field(json_schema_extra={"pattern": "^(.*/)?$"})] | None = None
    export_frequency: ExportFrequency
    enabled: StrictBool
    force_path_style: StrictBool
    file_type: FileType
    export_mode: ExportMode
    export_start_date: BodyTime | None = None
    compressed: StrictBool | None = None
    export_source: ExportSource | None = None
    export_field_groups: list[FieldGroup] | None = None


class IntegrationOut(Shape):
    """One integration, without its secret; its id is the project's."""

    id: str = Field(validation_alias="project_id")
    project_id: str
    type: StorageType
    bucket_name: str
    endpoint: str | None
    region: str
    access_key_id: str | None
    prefix: str
    export_frequency: ExportFrequency
    enabled: bool
    force_path_style: bool
    file_type: FileType
    export_mode: ExportMode
    export_start_date: WireTime | None
    compressed: bool
    export_source: ExportSource
    export_field_groups: list[FieldGroup] | None
    next_sync_at: WireTime | None
    last_sync_at: WireTime | None
    last_error: str | None
    last_error_at: WireTime | None
    created_at: WireTime
    updated_at: WireTime


class IntegrationsOut(Shape):
    """All integrations of an organisation."""

    data: list[IntegrationOut]


class StatusOut(Shape):
    """How an integration is doing, for whoever waits for its files."""

    id: str
    project_id: str
    sync_status: SyncStatus
    enabled: bool
    last_sync_at: WireTime | None
    next_sync_at: WireTime | None
    last_error: str | None
    last_error_at: WireTime | None
