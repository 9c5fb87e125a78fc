"""Shapes of LLM connections (spec/api.md §4.11, §13 LlmConnection)."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, SecretStr, StrictBool, StringConstraints

from langfuse_app.core.shapes import LONGEST_NAME, Body, PageMeta, Shape, WireTime, examples


class Adapter(StrEnum):
    """The protocol in which a provider is spoken to."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"
    AZURE = "azure"
    BEDROCK = "bedrock"
    GOOGLE_VERTEX_AI = "google-vertex-ai"
    GOOGLE_AI_STUDIO = "google-ai-studio"


HeaderName = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", max_length=256)]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[^\r\n]*$")]


class UpsertConnection(Body):
    """Body of PUT; the provider is its name in the project. extraHeaders are sent with every call to the provider."""

    model_config = examples(
        {
            "provider": "anthropic",
            "adapter": "anthropic",
            "secretKey": "sk-1",
            "customModels": ["acme-1"],
            "extraHeaders": {"x-team": "support"},
        }
    )

    provider: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)]
    adapter: Adapter
    secret_key: SecretStr = Field(min_length=1)
    base_url: str | None = Field(None, alias="baseURL")
    custom_models: list[Annotated[str, StringConstraints(min_length=1)]] | None = None
    with_default_models: StrictBool | None = None
    extra_headers: dict[HeaderName, HeaderValue] | None = None
    config: dict[str, Any] | None = None


class ConnectionOut(Shape):
    """One connection: no secret, only its last characters, and of the extra headers only their names."""

    id: str
    provider: str
    adapter: Adapter
    display_secret_key: str
    base_url: str | None = Field(alias="baseURL")
    custom_models: list[str]
    with_default_models: bool
    extra_header_keys: list[str]
    config: dict[str, Any] | None
    created_at: WireTime
    updated_at: WireTime


class ConnectionsOut(Shape):
    """A page of connections."""

    data: list[ConnectionOut]
    meta: PageMeta
