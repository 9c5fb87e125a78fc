"""Errors with the status and name the wire contract gives them (spec/api.md §1.2)."""

from typing import Any, ClassVar


class AppError(Exception):
    """A refusal that the caller may see: `message` says what to fix."""

    status: ClassVar[int] = 500
    name: ClassVar[str] = "InternalServerError"
    retry_after_seconds: ClassVar[int | None] = None  # sent as Retry-After

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code  # for the routes that answer with one (spec/api.md §4.15); empty: that of the status

    def body(self) -> dict[str, Any]:
        """The JSON body of the contract."""
        return {"message": self.message, "error": self.name}

    def headers(self) -> dict[str, str]:
        """What the answer says beside its body."""
        return {"Retry-After": str(self.retry_after_seconds)} if self.retry_after_seconds else {}


class InvalidRequestError(AppError):
    """400: the request breaks a rule of the contract."""

    status = 400
    name = "InvalidRequestError"


class ValidationFailedError(AppError):
    """400 with an issue list: {code, path, message} for each wrong field."""

    status = 400
    name = "ValidationError"

    def __init__(self, issues: list[dict[str, Any]]) -> None:
        super().__init__("Invalid request data")
        self.issues = issues

    def body(self) -> dict[str, Any]:
        """The issue list stands in `error`."""
        return {"message": self.message, "error": self.issues}


class UnauthorizedError(AppError):
    """401: no credentials, or wrong ones."""

    status = 401
    name = "UnauthorizedError"


class ForbiddenError(AppError):
    """403: known, but not allowed to do this."""

    status = 403
    name = "ForbiddenError"


class NotFoundError(AppError):
    """404: not there, or in another tenant, which answers alike (invariant 3)."""

    status = 404
    name = "LangfuseNotFoundError"


class MethodNotAllowedError(AppError):
    """405 on a known path."""

    status = 405
    name = "MethodNotAllowedError"

    def __init__(self, message: str = "Method not allowed", allowed: list[str] | None = None) -> None:
        super().__init__(message)
        self._allowed = allowed or []

    def headers(self) -> dict[str, str]:
        """The methods that the path knows (RFC 9110 §15.5.6)."""
        return {"Allow": ", ".join(self._allowed)} if self._allowed else {}


class ConflictError(AppError):
    """409: in conflict with what is stored."""

    status = 409
    name = "LangfuseConflictError"


class QueryTooHeavyError(AppError):
    """422: the analytics store stopped the query at its limit of time or memory."""

    status = 422
    name = "Request timed out"

    def __init__(self, advice: str = "narrow the time range, ask for fewer fields or add filters") -> None:
        super().__init__(f"Request is too heavy: {advice}.")


class ServiceUnavailableError(AppError):
    """503 with Retry-After: a store that acceptance needs is away; SDKs come again."""

    status = 503
    name = "ServiceUnavailableError"
    retry_after_seconds = 5


class SettingsError(Exception):
    """A setting is wrong; the text is one line that names the setting and the fix."""
