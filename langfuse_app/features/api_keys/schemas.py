"""Shapes of API keys."""

from dataclasses import dataclass
from datetime import datetime


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


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key just made: the one time its secret can be read."""

    item: ApiKeyItem
    secret_key: str
