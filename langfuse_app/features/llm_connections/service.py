"""The rules of LLM connections (spec/api.md §4.11). Secrets are encrypted before they are stored, and leave only for a call."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from langfuse_app.core.encryption import decrypt, encrypt
from langfuse_app.core.errors import NotFoundError, ValidationFailedError
from langfuse_app.core.outbound import UnsafeUrlError, allowed, check_url
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope, Role
from langfuse_app.core.shapes import plain
from langfuse_app.features.audit import service as audit
from langfuse_app.features.llm_connections import repository
from langfuse_app.features.llm_connections.models import LlmApiKey
from langfuse_app.features.llm_connections.schemas import Adapter, ConnectionOut, UpsertConnection

# In the place of a secret: the credentials of the machine that makes the call.
BEDROCK_DEFAULT_CREDENTIALS = "__BEDROCK_DEFAULT_CREDENTIALS__"
VERTEXAI_DEFAULT_CREDENTIALS = "__VERTEXAI_DEFAULT_CREDENTIALS__"
_DEFAULT_CREDENTIALS = {
    BEDROCK_DEFAULT_CREDENTIALS: "Default AWS credentials",
    VERTEXAI_DEFAULT_CREDENTIALS: "Default GCP credentials (ADC)",
}
_RESOURCE = "llmApiKey"
_SHORTEST_SHOWN = 8
# What `config` must hold for the adapters that have one: key and type; required for bedrock only.
_CONFIG: dict[Adapter, tuple[str, type]] = {
    Adapter.BEDROCK: ("region", str),
    Adapter.GOOGLE_VERTEX_AI: ("location", str),
    Adapter.OPENAI: ("useResponsesApi", bool),
}


class Secrets(NamedTuple):
    """What a call to the provider needs and nobody may see."""

    secret_key: str
    extra_headers: dict[str, str]


def list_connections(scope: ProjectScope, page: int = 1, limit: int = 50) -> Page[LlmApiKey]:
    """Connections of the project, newest first."""
    found, total = repository.page(scope, limit, (page - 1) * limit)
    return Page(found, page, limit, total)


def providers(scope: ProjectScope) -> frozenset[str]:
    """The provider names that the project has connections for."""
    return frozenset(repository.providers(scope))


def put_connection(scope: ProjectScope, new: UpsertConnection) -> tuple[LlmApiKey, bool]:
    """Make or replace the connection of a provider name; and whether it is new. ValidationFailedError lists what is wrong."""
    scope.require(Role.ADMIN)
    wrong = [{"code": "custom", "path": [field], "message": message} for field, message in _issues(new)]
    if wrong:
        raise ValidationFailedError(wrong)
    before = repository.named(scope, new.provider)
    wanted = _row(scope, new)
    stored = repository.put(wanted)
    created = stored.id == wanted.id
    known = plain(ConnectionOut, before) if before else None
    audit.record(scope, "create" if created else "update", _RESOURCE, stored.id, before=known, after=plain(ConnectionOut, stored))
    return stored, created


def delete_connection(scope: ProjectScope, connection_id: str) -> None:
    """Delete a connection with its secret; NotFoundError."""
    scope.require(Role.ADMIN)
    before = repository.one(scope, connection_id)
    if before is None or not repository.remove(scope, connection_id):
        raise NotFoundError("LLM connection not found")
    audit.record(scope, "delete", _RESOURCE, connection_id, before=plain(ConnectionOut, before))


def secrets(connection: LlmApiKey) -> Secrets:
    """The decrypted secrets of a connection, for the moment of a call."""
    headers = orjson.loads(decrypt(connection.extra_headers)) if connection.extra_headers else {}
    return Secrets(decrypt(connection.secret_key), headers)


def _row(scope: ProjectScope, new: UpsertConnection) -> LlmApiKey:
    secret = new.secret_key.get_secret_value()
    headers = new.extra_headers or {}
    return LlmApiKey(
        project_id=scope.project_id,
        provider=new.provider,
        adapter=new.adapter,
        secret_key=encrypt(secret),
        display_secret_key=_masked(secret),
        base_url=new.base_url or None,
        custom_models=new.custom_models or [],
        with_default_models=new.with_default_models is not False,
        extra_headers=encrypt(orjson.dumps(headers).decode()) if headers else None,
        extra_header_keys=list(headers),
        config=new.config,
    )


def _masked(secret: str) -> str:
    """The last four characters, of a short secret none."""
    return _DEFAULT_CREDENTIALS.get(secret) or "..." + (secret[-4:] if len(secret) >= _SHORTEST_SHOWN else "")


Issues = Iterator[tuple[str, str]]


def _issues(new: UpsertConnection) -> Issues:
    yield from _config_issues(new.adapter, new.config)
    yield from _secret_issues(new.adapter, new.secret_key.get_secret_value())
    if new.base_url:
        try:
            check_url(new.base_url, allowed("LLM_CONNECTION"))
        except UnsafeUrlError as error:
            yield "baseURL", f"baseURL {error}"


def _config_issues(adapter: Adapter, config: dict[str, Any] | None) -> Issues:
    if adapter not in _CONFIG:
        if config is not None:
            yield "config", f"The adapter {adapter} has no config: leave it out"
        return
    key, kind = _CONFIG[adapter]
    if config is None:
        if adapter is Adapter.BEDROCK:
            yield "config", 'The adapter bedrock needs a config: {"region": "<AWS region>"}'
    elif config.keys() != {key} or not isinstance(config[key], kind) or config[key] == "":
        yield (
            "config",
            f"The config of {adapter} must be an object with {key} ({'a text' if kind is str else 'true or false'}) and nothing else",
        )


def _secret_issues(adapter: Adapter, secret: str) -> Issues:
    """Bedrock and Vertex AI take JSON, or the machine's own credentials."""
    if adapter is Adapter.BEDROCK and secret != BEDROCK_DEFAULT_CREDENTIALS:
        keys = _object(secret).keys()
        if not keys >= {"accessKeyId", "secretAccessKey"} and "apiKey" not in keys:
            yield "secretKey", 'secretKey of bedrock must be JSON: {"accessKeyId", "secretAccessKey"} or {"apiKey"}'
    if adapter is Adapter.GOOGLE_VERTEX_AI and secret != VERTEXAI_DEFAULT_CREDENTIALS and not _object(secret):
        yield "secretKey", "secretKey of google-vertex-ai must be the JSON of a service account key"


def _object(text: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
