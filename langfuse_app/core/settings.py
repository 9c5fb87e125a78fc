"""All settings, from the environment, under Langfuse's own names (spec/backend.md §15); ours begin with LANGFUSE_.

`docs/settings.md` is generated from this class: every field says what it is for.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from langfuse_app.core.errors import SettingsError

_LIMIT = re.compile(r"[\w-]+=\d+/(second|minute|hour|day)")


class Settings(BaseSettings):
    """One instance per process. Embedded mode fills in the URLs of engines that are not set."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", case_sensitive=True, populate_by_name=True)

    # --- stores -------------------------------------------------------------------------------
    DATABASE_URL: str = Field("", description="PostgreSQL URL (postgresql://…). Empty: an embedded server is started.")
    DATABASE_READ_URL: str = Field("", description="PostgreSQL replica that reads may go to. Empty: DATABASE_URL.")
    CLICKHOUSE_URL: str = Field("", description="ClickHouse HTTP URL. Empty: an embedded server is started.")
    CLICKHOUSE_USER: str = Field("default", description="ClickHouse user.")
    CLICKHOUSE_PASSWORD: str = Field("", description="Password of that user.", json_schema_extra={"secret": True})
    CLICKHOUSE_DB: str = Field("langfuse", description="ClickHouse database, created by the migrations.")
    CLICKHOUSE_CLUSTER_ENABLED: bool = Field(False, description="Create replicated and distributed tables.")
    CLICKHOUSE_CLUSTER_NAME: str = Field("default", description="Name of the cluster in ClickHouse's configuration.")
    REDIS_CONNECTION_STRING: str = Field("", description="Redis URL (redis://…). Empty: an embedded server is started.")
    REDIS_KEY_PREFIX: str = Field("", description="Prefix of every Redis key, for a shared Redis.")

    # --- blobs --------------------------------------------------------------------------------
    LANGFUSE_S3_EVENT_UPLOAD_BUCKET: str = Field("", description="Bucket for the raw log. Empty: files in the data folder.")
    LANGFUSE_S3_EVENT_UPLOAD_PREFIX: str = Field("", description="Key prefix in that bucket.")
    LANGFUSE_S3_EVENT_UPLOAD_REGION: str = Field("", description="Region of that bucket.")
    LANGFUSE_S3_EVENT_UPLOAD_ENDPOINT: str = Field("", description="Endpoint of an S3-compatible store.")
    LANGFUSE_S3_EVENT_UPLOAD_ACCESS_KEY_ID: str = Field("", description="Access key; empty: boto3's own chain.")
    LANGFUSE_S3_EVENT_UPLOAD_SECRET_ACCESS_KEY: str = Field(
        "", description="Secret of that access key.", json_schema_extra={"secret": True}
    )
    LANGFUSE_S3_EVENT_UPLOAD_FORCE_PATH_STYLE: bool = Field(False, description="Bucket in the path (MinIO).")
    LANGFUSE_S3_MEDIA_UPLOAD_BUCKET: str = Field(
        "", description="Bucket for media. Empty: the bucket of the raw log, or files in the data folder where that is empty too."
    )
    LANGFUSE_S3_MEDIA_UPLOAD_PREFIX: str = Field("", description="Key prefix in that bucket.")
    LANGFUSE_S3_MEDIA_UPLOAD_REGION: str = Field("", description="Region of that bucket.")
    LANGFUSE_S3_MEDIA_UPLOAD_ENDPOINT: str = Field(
        "", description="Endpoint of an S3-compatible store; SDKs and browsers must be able to reach it."
    )
    LANGFUSE_S3_MEDIA_UPLOAD_ACCESS_KEY_ID: str = Field("", description="Access key; empty: boto3's own chain.")
    LANGFUSE_S3_MEDIA_UPLOAD_SECRET_ACCESS_KEY: str = Field(
        "", description="Secret of that access key.", json_schema_extra={"secret": True}
    )
    LANGFUSE_S3_MEDIA_UPLOAD_FORCE_PATH_STYLE: bool = Field(False, description="Bucket in the path (MinIO).")
    LANGFUSE_S3_MEDIA_MAX_CONTENT_LENGTH: int = Field(1_000_000_000, ge=1, description="Largest media file (bytes).")
    LANGFUSE_S3_MEDIA_DOWNLOAD_URL_EXPIRY_SECONDS: int = Field(
        3600, ge=1, le=604_800, description="Links to media work this long (seconds)."
    )
    LANGFUSE_RAW_LOG_FORM: Literal["objects", "segments"] = Field(
        "objects",
        description="What the raw log is in its bucket. `objects`: one per request, for machines that share nothing but the bucket."
        " `segments`: files in the data folder, which web and workers share, moved into the bucket when they are sealed."
        " Without a bucket it is files.",
    )
    LANGFUSE_RAW_LOG_ROTATE_BYTES: int = Field(64 << 20, ge=1 << 20, description="A raw-log segment is closed at this size (bytes).")
    LANGFUSE_RAW_LOG_ROTATE_SECONDS: int = Field(600, ge=1, description="A raw-log segment is closed at this age (seconds).")
    LANGFUSE_RAW_LOG_RETENTION_HOURS: int = Field(72, ge=1, description="The raw log is kept this long (hours).")
    LANGFUSE_DISK_RESERVE_BYTES: int = Field(256 << 20, ge=0, description="Ingestion answers 503 when less disk than this is free (bytes).")

    # --- web ----------------------------------------------------------------------------------
    NEXTAUTH_URL: str = Field("", description="Public URL of this instance. Empty: http://<host>:<port>.")
    NEXTAUTH_SECRET: str = Field("", description="Signs short-lived links. Empty: made at first start.", json_schema_extra={"secret": True})
    SALT: str = Field("", description="Salt of API-key hashes. Empty: made at first start.", json_schema_extra={"secret": True})
    ENCRYPTION_KEY: str = Field(
        "", description="64 hex digits; encrypts stored secrets. Empty: made at first start.", json_schema_extra={"secret": True}
    )
    ADMIN_API_KEY: str = Field(
        "", description="Bearer token of /api/admin. Empty: that part of the API is closed.", json_schema_extra={"secret": True}
    )
    AUTH_SESSION_MAX_AGE: int = Field(43_200, ge=5, description="A sign-in lasts this long (minutes).")
    LANGFUSE_HOST_BIND: str = Field("127.0.0.1", description="Address the web server listens on; `--host` sets it.")
    PORT: int = Field(3000, ge=1, le=65_535, description="Port of UI, REST and OTLP; `--port` sets it.")

    LANGFUSE_MCP_ALLOWED_HOSTS: str = Field(
        "", description="Host names that requests to /api/public/mcp may name in Host and Origin (comma list). Empty: any."
    )
    LANGFUSE_LLM_CONNECTION_WHITELISTED_HOST: str = Field(
        "", description="Host names of own model servers that LLM connections may name although they are not public (comma list)."
    )
    LANGFUSE_LLM_CONNECTION_WHITELISTED_IPS: str = Field("", description="The same for addresses (comma list).")
    LANGFUSE_LLM_CONNECTION_WHITELISTED_IP_SEGMENTS: str = Field("", description="The same for networks (comma list of CIDR).")
    LANGFUSE_BLOB_STORAGE_ENDPOINT_WHITELISTED_HOST: str = Field(
        "", description="Host names of own object stores that exports may go to although they are not public (comma list)."
    )
    LANGFUSE_BLOB_STORAGE_ENDPOINT_WHITELISTED_IPS: str = Field("", description="The same for addresses (comma list).")
    LANGFUSE_BLOB_STORAGE_ENDPOINT_WHITELISTED_IP_SEGMENTS: str = Field("", description="The same for networks (comma list of CIDR).")
    LANGFUSE_RATE_LIMIT_PLAN: Literal["", "hobby", "core", "pro"] = Field(
        "", description="Limits each organisation as Langfuse Cloud's plan of that name does. Empty: no limits."
    )
    LANGFUSE_RATE_LIMITS: str = Field(
        "", description="Limits of each organisation by resource (`public-api=1000/minute, trace-delete=50/day`); they win over the plan."
    )
    LANGFUSE_RATE_LIMITS_PER_KEY: str = Field("", description="Limits of each API key, in the same form.")
    OTEL_EXPORTER_OTLP_ENDPOINT: str = Field(
        "", description="Where this instance sends its own request spans (OTLP over HTTP). Empty: nowhere; requests keep their trace ids."
    )

    # --- ingestion ----------------------------------------------------------------------------
    LANGFUSE_INGESTION_MAX_BODY_BYTES: int = Field(
        4_718_592, ge=1024, description="Largest body of POST /ingestion, after inflating (bytes)."
    )
    LANGFUSE_OTEL_MAX_BODY_BYTES: int = Field(128 << 20, ge=1024, description="Largest OTLP body, after inflating (bytes).")
    LANGFUSE_INGESTION_WRITE_INTERVAL_MS: int = Field(
        500, ge=10, le=10_000, description="A drain tick waits this long for more events (milliseconds)."
    )
    LANGFUSE_INGESTION_WRITE_BATCH_SIZE: int = Field(16_000, ge=100, description="A drain tick takes at most this many events.")
    LANGFUSE_INGESTION_BACKLOG_LIMIT: int = Field(
        2_000_000, ge=1, description="Requests waiting for workers beyond which ingestion answers 429."
    )
    LANGFUSE_INGESTION_MAX_ATTEMPTS: int = Field(6, ge=1, description="Tries before an entry goes to the dead letters.")
    LANGFUSE_QUERY_MAX_SECONDS: int = Field(30, ge=1, description="An analytics query is stopped after this long (seconds), with 422.")
    LANGFUSE_QUERY_MAX_PARALLEL: int = Field(
        6,
        ge=1,
        description="Analytics queries of one project that run at once in one process; three times as many wait, the rest is refused with 422.",
    )
    LANGFUSE_SEARCH_INDEX: Literal["full", "prefix", "off"] = Field(
        "full", description="Text indexes on input and output: whole, first 1 000 characters, none."
    )
    LANGFUSE_WORKERS: int = Field(
        2, ge=1, le=64, description="Worker processes that `up` starts. Of several, the last one takes everything but ingestion."
    )

    # --- first start --------------------------------------------------------------------------
    LANGFUSE_INIT_ORG_ID: str = Field("", description="Headless start: organisation id. Empty: no headless start.")
    LANGFUSE_INIT_ORG_NAME: str = Field("", description="Headless start: organisation name.")
    LANGFUSE_INIT_PROJECT_ID: str = Field("", description="Headless start: project id.")
    LANGFUSE_INIT_PROJECT_NAME: str = Field("", description="Headless start: project name.")
    LANGFUSE_INIT_PROJECT_RETENTION: int | None = Field(None, ge=3, description="Headless start: days after which data is deleted.")
    LANGFUSE_INIT_PROJECT_PUBLIC_KEY: str = Field("", description="Headless start: public key of the project.")
    LANGFUSE_INIT_PROJECT_SECRET_KEY: str = Field(
        "", description="Headless start: secret key of the project.", json_schema_extra={"secret": True}
    )
    LANGFUSE_INIT_USER_EMAIL: str = Field("", description="Headless start: e-mail of the first user.")
    LANGFUSE_INIT_USER_NAME: str = Field("", description="Headless start: name of the first user.")
    LANGFUSE_INIT_USER_PASSWORD: str = Field(
        "", description="Headless start: password of the first user.", json_schema_extra={"secret": True}
    )

    # --- running ------------------------------------------------------------------------------
    LANGFUSE_DATA_DIR: str = Field("", description="Folder of embedded engines and files; `--data-dir` sets it.")
    LANGFUSE_CACHE_DIR: str = Field("", description="Folder of downloaded tools. Empty: the user's cache folder.")
    LANGFUSE_LOG_LEVEL: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged.")
    LANGFUSE_LOG_FORMAT: Literal["text", "json"] = Field("text", description="How it is logged.")
    QUEUE_CONSUMER_INGESTION_QUEUE_IS_ENABLED: bool = Field(True, description="Workers of this process drain ingestion.")
    QUEUE_CONSUMER_TRACE_DELETE_QUEUE_IS_ENABLED: bool = Field(True, description="Workers of this process erase what was deleted.")
    QUEUE_CONSUMER_DATA_RETENTION_QUEUE_IS_ENABLED: bool = Field(True, description="Workers of this process apply retention.")
    QUEUE_CONSUMER_PROJECT_DELETE_QUEUE_IS_ENABLED: bool = Field(True, description="Workers of this process erase deleted projects.")
    QUEUE_CONSUMER_BLOB_STORAGE_INTEGRATION_QUEUE_IS_ENABLED: bool = Field(
        True, description="Workers of this process export to blob storage."
    )
    QUEUE_CONSUMER_TRACE_UPSERT_QUEUE_IS_ENABLED: bool = Field(True, description="Workers of this process take trace follow-ups.")
    QUEUE_CONSUMER_EVAL_EXECUTION_QUEUE_IS_ENABLED: bool = Field(True, description="Workers of this process run evaluations.")

    # Langfuse also knows Redis by host, port and password; they make REDIS_CONNECTION_STRING when it is empty.
    REDIS_HOST: str = Field("", description="Redis host, where no REDIS_CONNECTION_STRING is set.")
    REDIS_PORT: int = Field(6379, ge=1, le=65_535, description="Redis port for REDIS_HOST.")
    REDIS_AUTH: str = Field(
        "",
        description="Redis password for REDIS_HOST.",
        validation_alias=AliasChoices("REDIS_AUTH", "REDIS_PASSWORD"),
        json_schema_extra={"secret": True},
    )

    @field_validator("DATABASE_URL", "DATABASE_READ_URL")
    @classmethod
    def _psycopg(cls, url: str) -> str:
        for prefix in ("postgres://", "postgresql://"):
            if url.startswith(prefix):
                return "postgresql+psycopg://" + url.removeprefix(prefix)
        if url and not url.startswith("postgresql+psycopg://"):
            raise ValueError("must begin with postgresql://")
        return url

    @field_validator("CLICKHOUSE_URL", "NEXTAUTH_URL")
    @classmethod
    def _http(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url.rstrip("/")

    @field_validator("LANGFUSE_RATE_LIMITS", "LANGFUSE_RATE_LIMITS_PER_KEY")
    @classmethod
    def _limits(cls, text: str) -> str:
        if not all(_LIMIT.fullmatch(part.strip()) for part in text.split(",") if part.strip()):
            raise ValueError("must be `resource=number/unit, …` with second, minute, hour or day as unit")
        return text

    @field_validator("ENCRYPTION_KEY")
    @classmethod
    def _hex_key(cls, key: str) -> str:
        if key and (len(key) != 64 or not all(c in "0123456789abcdefABCDEF" for c in key)):
            raise ValueError("must be 64 hex digits (openssl rand -hex 32)")
        return key

    @model_validator(mode="after")
    def _redis_from_parts(self) -> "Settings":
        if not self.REDIS_CONNECTION_STRING and self.REDIS_HOST:
            auth = f":{self.REDIS_AUTH}@" if self.REDIS_AUTH else ""
            url = f"redis://{auth}{self.REDIS_HOST}:{self.REDIS_PORT}/0"
            self.REDIS_CONNECTION_STRING = url  # pyright: ignore[reportConstantRedefinition] - a setting, not a constant
        return self

    @property
    def data_dir(self) -> Path:
        """The data folder as a path; the current folder's `data` unless set."""
        return Path(self.LANGFUSE_DATA_DIR or "data").expanduser().resolve()

    @property
    def public_url(self) -> str:
        """Where people and SDKs reach this instance."""
        host = "localhost" if self.LANGFUSE_HOST_BIND in ("127.0.0.1", "0.0.0.0", "::") else self.LANGFUSE_HOST_BIND  # noqa: S104 - compared, not bound
        return self.NEXTAUTH_URL or f"http://{host}:{self.PORT}"


def load_settings() -> Settings:
    """Read the environment; SettingsError is one line that names the setting and what it must be."""
    try:
        return Settings()  # pyright: ignore[reportCallIssue] - every field has a default
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise SettingsError(f"{name}: {first['msg'].removeprefix('Value error, ')}{more}") from error


@lru_cache
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return load_settings()
