"""Shapes of API keys: what services return, and what the wire shows (spec/api.md §4.13, §11)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, model_validator

from langfuse_app.core.scopes import Right
from langfuse_app.core.shapes import Body, BodyTime, Shape, WireTime, examples
from langfuse_app.core.time import iso_ms


@dataclass(frozen=True, slots=True)
class ApiKeyItem:
    """A key as it can be shown: the secret only by its first six and last four characters."""

    id: str
    public_key: str
    display_secret_key: str
    note: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    scopes: tuple[Right, ...] = ()

    def wire(self) -> dict[str, Any]:
        """The ApiKeySummary of the contract, with `name` and `scopes`."""
        return {
            "id": self.id,
            "createdAt": iso_ms(self.created_at),
            "expiresAt": iso_ms(self.expires_at) if self.expires_at else None,
            "lastUsedAt": iso_ms(self.last_used_at) if self.last_used_at else None,
            "note": self.note,
            "name": self.note,
            "publicKey": self.public_key,
            "displaySecretKey": self.display_secret_key,
            "scopes": list(self.scopes),
        }


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key just made: the one time its secret can be read."""

    item: ApiKeyItem
    secret_key: str

    def wire(self) -> dict[str, Any]:
        """The ApiKeyResponse of the contract."""
        shown = self.item.wire()
        shown.pop("lastUsedAt")
        return shown | {"secretKey": self.secret_key}


@dataclass(frozen=True, slots=True)
class KeyWish:
    """What a new key should be like. Halves that are not given are made up."""

    note: str | None = None
    public_key: str | None = None
    secret_key: str | None = None
    scopes: tuple[Right, ...] = ()
    expires_at: datetime | None = None


_Text = Annotated[str, Field(max_length=1000)]
_Half = Annotated[str, Field(max_length=200, pattern=r"^[^:\s]*$")]


class CreateKeyRequest(Body):
    """Body of POST …/apiKeys. `name` is the newer word for `note`, and only one of them may be given; `scopes` is ours."""

    model_config = examples({"note": "nightly evaluation", "scopes": ["read", "scores"], "expiresAt": "2030-01-01T00:00:00Z"})

    note: _Text | None = None
    name: _Text | None = None
    scopes: list[Right] = []
    expires_at: BodyTime | None = None

    @model_validator(mode="after")
    def _one_name(self) -> "CreateKeyRequest":
        if self.name is not None and self.note is not None:
            raise ValueError("Give either name or note")
        return self

    def wish(self) -> KeyWish:
        """The same for the service."""
        return KeyWish(self.note if self.name is None else self.name, scopes=tuple(dict.fromkeys(self.scopes)), expires_at=self.expires_at)


class CreateProjectKeyRequest(CreateKeyRequest):
    """The same for a project, where the pair may be given: both halves or none."""

    model_config = examples({"note": "nightly evaluation", "scopes": ["read", "scores"], "expiresAt": "2030-01-01T00:00:00Z"})

    public_key: _Half | None = None
    secret_key: _Half | None = None

    def wish(self) -> KeyWish:
        """The same for the service."""
        plain = CreateKeyRequest.wish(self)
        return KeyWish(plain.note, self.public_key, self.secret_key, plain.scopes, plain.expires_at)


class ApiKeyOut(Shape):
    """A key in a list."""

    id: str
    created_at: WireTime
    expires_at: WireTime | None
    last_used_at: WireTime | None
    note: str | None
    name: str | None
    public_key: str
    display_secret_key: str
    scopes: list[Right]


class ApiKeysOut(Shape):
    """The keys of a project or an organisation, oldest first."""

    api_keys: list[ApiKeyOut]


class NewApiKeyOut(Shape):
    """A key just made; `secretKey` is never shown again."""

    id: str
    created_at: WireTime
    expires_at: WireTime | None
    note: str | None
    name: str | None
    public_key: str
    secret_key: str
    display_secret_key: str
    scopes: list[Right]


class DeletedOut(BaseModel):
    """Done."""

    success: bool
