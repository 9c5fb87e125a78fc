"""What a route answers, for the OpenAPI document: its own model and the error bodies of the contract (spec/api.md §1.2)."""

from typing import Any

from pydantic import BaseModel

from langfuse_app.core.shapes import Shape

_TEXTS = {
    400: "The request breaks a rule; the message names the field and the fix",
    401: "No credentials, or wrong ones",
    403: "The credentials may not do this",
    404: "Not there, or another tenant's",
    405: "The path does not know this method",
    409: "In conflict with what is stored",
    412: "Something that this needs is not there: make it first",
    413: "The body is larger than the limit",
    422: "The query was stopped at its limit of time or memory: narrow it",
    429: "Too many requests: come again after Retry-After seconds",
    500: "Unexpected; the log has the rest",
    503: "A store is away: come again after Retry-After seconds",
}
_ALWAYS = (400, 401, 403, 429, 500, 503)


class ErrorBody(BaseModel):
    """`error` is a name, or for a refused body the list of {code, path, message}."""

    message: str
    error: str | list[dict[str, Any]] | None = None


BODY_TOO_LARGE: dict[str, Any] = {
    "description": _TEXTS[413],
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}},
}
"""The 413 of the middleware, as it stands in the document."""


class AdminErrorBody(BaseModel):
    """What /api/admin answers; `details` lists what is wrong with a body."""

    error: str
    details: list[dict[str, Any]] | None = None


class ScimErrorBody(BaseModel):
    """What SCIM answers (spec/api.md §4.16)."""

    schemas: list[str]
    detail: str
    status: int


class RateLimitDetails(Shape):
    """When to come again."""

    retry_after_seconds: int
    limit: int
    remaining: int
    reset_at: str


class RateLimitBody(BaseModel):
    """The 429 of the contract (spec/api.md §1.2)."""

    message: str
    code: str
    details: RateLimitDetails


def answers(model: Any, *errors: int, status: int = 200, error_model: type[BaseModel] = ErrorBody) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route: its model (None: no body) under `status`, the errors named, and those every route may give."""
    success: dict[str, Any] = {"description": "Success"} | ({"model": model} if model is not None else {})
    failures: dict[int | str, dict[str, Any]] = {
        code: {"model": error_model, "description": _TEXTS[code]} for code in sorted({*_ALWAYS, *errors})
    }
    return {status: success} | failures | {429: {"model": RateLimitBody, "description": _TEXTS[429]}}


def open_answers(model: Any, bad: tuple[int, ...] = ()) -> dict[int | str, dict[str, Any]]:
    """The same for a route without credentials, which may say the same thing with a status that is `bad`."""
    success: dict[int | str, dict[str, Any]] = {200: {"model": model, "description": "Success"}}
    said: dict[int | str, dict[str, Any]] = {code: {"model": model, "description": "Not well, and why"} for code in bad}
    return success | {400: {"model": ErrorBody, "description": _TEXTS[400]}} | said


def admin_answers(model: Any, *errors: int, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The same for /api/admin, which no rate limit concerns."""
    found = answers(model, *errors, status=status, error_model=AdminErrorBody)
    return {code: answer for code, answer in found.items() if code != 429}


def scim_answers(model: Any, *errors: int, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The same for SCIM."""
    return answers(model, *errors, status=status, error_model=ScimErrorBody)


class CodedErrorBody(BaseModel):
    """What the unstable routes answer (spec/api.md §4.15)."""

    message: str
    code: str
    details: dict[str, Any] | None = None


def coded_answers(model: Any, *errors: int, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The same for the unstable routes."""
    return answers(model, *errors, status=status, error_model=CodedErrorBody)
