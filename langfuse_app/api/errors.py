"""Exceptions become the bodies of the contract (spec/api.md §1.2)."""

import logging
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from langfuse_app.core.errors import (
    AppError,
    InvalidRequestError,
    MethodNotAllowedError,
    NotFoundError,
    ValidationFailedError,
)

log = logging.getLogger(__name__)

# Where errors have a code (spec/api.md §4.15), and those of these routes that know ten codes only (§11).
_OF_TEN_CODES = ("/api/public/v2/evaluators", "/api/public/v2/evaluation-rules")
_CODED = ("/api/public/unstable/", *_OF_TEN_CODES)
# Codes for errors that name none themselves.
_CODES = {
    400: "invalid_request",
    401: "authentication_failed",
    403: "access_denied",
    404: "resource_not_found",
    405: "method_not_allowed",
    409: "conflict",
    412: "invalid_request",
    413: "invalid_body",
    422: "unprocessable_content",
    429: "rate_limited",
}
_TEN_CODES = frozenset(_CODES.values()) - {"unprocessable_content"} | {"invalid_query", "internal_error"}
_STORES = ("sqlalchemy", "psycopg", "clickhouse_connect", "redis", "rq")


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; numbers that JSON does not know become null."""
    return Response(orjson.dumps(body), status, headers, "application/json")


def install(app: FastAPI) -> None:
    """Register the handlers; `unexpected` is called by the outermost middleware."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


async def _app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    return refusal(request.url.path, error)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    refused = ValidationFailedError([issue(one, error.body) for one in error.errors()])
    refused.code = "invalid_query" if all(one["loc"][0] == "query" for one in error.errors()) else "invalid_body"
    return await _app_error(request, refused)


def issue(error: Any, body: Any = None) -> dict[str, Any]:
    """One entry of the issue list: code, path inside of query or body, and the message for people."""
    path = list(error["loc"])
    if path and path[0] == "body" and isinstance(body, dict | list):
        path = _inside(path[1:], body, missing=error["type"] == "missing")
    elif path and path[0] in ("query", "body", "path"):
        path = path[1:]
    code = (
        "unrecognized_keys" if error["type"] == "extra_forbidden" else "invalid_type" if error["type"] == "missing" else str(error["type"])
    )
    return {"code": code, "path": path, "message": str(error["msg"]).removeprefix("Value error, ")}


def _inside(path: list[Any], body: Any, *, missing: bool) -> list[Any]:
    """The path without the names of the alternatives that the validator tried, which are in no body."""
    found: list[Any] = []
    for number, step in enumerate(path, 1):
        if isinstance(body, dict) and (step in body or (missing and number == len(path))):
            body = body.get(step)
        elif isinstance(body, list) and isinstance(step, int) and step < len(body):
            body = body[step]
        elif step != "[key]":  # the validator's own mark, which says that the key itself is wrong
            continue
        found.append(step)
    return found


async def _http_error(request: Request, error: Exception) -> Response:
    """What the router itself refuses: unknown paths and methods, bodies that cannot be read."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        shaped: AppError = NotFoundError("Not found")
    elif error.status_code == 405:
        shaped = MethodNotAllowedError()
    else:
        shaped = InvalidRequestError(error.detail)
    return json_response(_shaped(request.url.path, shaped), error.status_code, dict(error.headers or {}))


def refusal(path: str, error: AppError) -> Response:
    """The answer to a request for `path` that ends with this error; middleware asks for it too."""
    return json_response(_shaped(path, error), error.status, error.headers())


def _shaped(path: str, error: AppError) -> dict[str, Any]:
    """The body of an error in the form of the part of the API that it happened in (spec/api.md §1.2, §4.16)."""
    if path.startswith("/api/admin/"):
        return {"error": error.message} | ({"details": error.issues} if isinstance(error, ValidationFailedError) else {})
    if path.startswith("/api/public/scim/"):
        return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": _detail(error), "status": error.status}
    if path.startswith(_CODED):
        return _coded(error, reduced=path.startswith(_OF_TEN_CODES))
    return error.body()


def _coded(error: AppError, *, reduced: bool) -> dict[str, Any]:
    """Message, code and details, as the unstable routes answer (spec/api.md §4.15); reduced to the ten codes of §11."""
    code = error.code or _CODES.get(error.status, "internal_error")
    if reduced and code not in _TEN_CODES:
        code = _CODES.get(error.status, "internal_error")
        code = code if code in _TEN_CODES else "invalid_request"
    details = {"issues": error.issues} if isinstance(error, ValidationFailedError) else error.body().get("details")
    return {"message": error.message, "code": code} | ({"details": details} if details else {})


def _detail(error: AppError) -> str:
    """A sentence that says as much as the issue list."""
    issues = error.issues if isinstance(error, ValidationFailedError) else []
    named = [f"{'.'.join(map(str, one['path']))}: {one['message']}" for one in issues]
    return "; ".join([error.message, *named])


def unexpected(path: str, error: Exception) -> Response:
    """The 500 of everything nobody expected; the log has the rest. What a store says stays inside."""
    log.error("unexpected error", exc_info=error)
    inside = type(error).__module__.startswith(_STORES)
    code = {"code": "internal_error"} if path.startswith(_CODED) else {}
    return json_response({"message": "Internal Server Error", "error": "An unknown error occurred" if inside else str(error)} | code, 500)
