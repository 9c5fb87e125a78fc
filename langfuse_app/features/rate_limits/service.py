"""Counting requests against the limits of the settings (spec/api.md §1.5); nothing is counted where none are set."""

import logging
import math
import time
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from langfuse_app.core.errors import AppError, SettingsError
from langfuse_app.core.scopes import OrganizationScope, ProjectScope
from langfuse_app.core.settings import get_settings
from langfuse_app.core.time import from_us, iso_ms
from langfuse_app.features.rate_limits import plans

log = logging.getLogger(__name__)


class RateLimitedError(AppError):
    """429, with what the client needs to come back in time."""

    status = 429
    name = "Too many requests"

    def __init__(self, message: str, limit: int, reset_at: float) -> None:
        super().__init__(message)
        self.limit, self.reset_at = limit, reset_at
        self.wait_s = max(1, math.ceil(reset_at - time.time()))

    def body(self) -> dict[str, Any]:
        """The contract's rate-limit body (spec/api.md §1.2)."""
        reset = iso_ms(from_us(round(self.reset_at * 1_000_000)))
        details = {"retryAfterSeconds": self.wait_s, "limit": self.limit, "remaining": 0, "resetAt": reset}
        return {"message": self.message, "code": "rate_limited", "details": details}

    def headers(self) -> dict[str, str]:
        """When to come again, in seconds and as a date."""
        return {
            "Retry-After": str(self.wait_s),
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": formatdate(self.reset_at, usegmt=True),
        }


@lru_cache
def enabled() -> bool:
    """Whether anything is limited; asked by every request, so it costs nothing."""
    settings = get_settings()
    return bool(settings.LANGFUSE_RATE_LIMIT_PLAN or settings.LANGFUSE_RATE_LIMITS or settings.LANGFUSE_RATE_LIMITS_PER_KEY)


def check_settings() -> None:
    """SettingsError where the limits cannot be read; asked at the start, so that no request finds out."""
    if enabled():
        try:
            _limits()
        except ValueError as error:
            raise SettingsError(f"LANGFUSE_RATE_LIMITS: {error}") from error


@lru_cache
def _limits() -> tuple[dict[str, Any], dict[str, Any]]:
    """Resource → limit, for organisations and for keys. The library is imported where limits are set, and nowhere else."""
    from limits import parse

    settings = get_settings()
    plan = plans.allowed(settings.LANGFUSE_RATE_LIMIT_PLAN) if settings.LANGFUSE_RATE_LIMIT_PLAN else {}
    texts = (plan | plans.parse(settings.LANGFUSE_RATE_LIMITS), plans.parse(settings.LANGFUSE_RATE_LIMITS_PER_KEY))
    organization, key = ({name: parse(limit) for name, limit in these.items()} for these in texts)
    return organization, key


def count(scope: ProjectScope | OrganizationScope, method: str, path: str) -> None:
    """Count a request; RateLimitedError when its organisation or its key has used up the window. Redis away: let it in."""
    name = plans.resource(method, path)
    by_organization, by_key = _limits()
    for limits, owner in ((by_organization, f"org:{scope.org_id}"), (by_key, f"key:{scope.actor_id}")):
        if name in limits:
            _hit(limits[name], name, owner, plans.message(method, path))


def _hit(limit: Any, name: str, owner: str, message: str) -> None:
    from limits.errors import StorageError

    from langfuse_app.features.rate_limits import repository_redis as counters

    try:
        if counters.hit(limit, name, owner):
            return
        reset_at = counters.reset_at(limit, name, owner)
    except StorageError as error:
        log.warning("rate limits are not counted, Redis is away: %s", error)
        return
    raise RateLimitedError(message, limit.amount, reset_at)
