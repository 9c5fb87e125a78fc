"""The OpenAPI document of the whole app: FastAPI's, corrected where it says what this server does not do."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from langfuse_app.api.documented import BODY_TOO_LARGE

_METHODS = ("get", "put", "post", "delete", "patch")
# Whoever may come in with a public key alone may come in with the whole pair.
_EITHER = [{"projectKey": []}, {"publicKey": []}]
_ABOUT = """Compatible with the public API of Langfuse. Project keys are sent as Basic credentials. Differences are listed in
docs/deviations.md. Every answer carries `x-request-id`; errors are `{message, error}`."""


def install(app: FastAPI) -> None:
    """Make `app.openapi` answer our document; it is built once, when first asked for."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _corrected(
                get_openapi(title="langfuse-app", version=app.version, description=_ABOUT, routes=app.routes, servers=[{"url": "/"}])
            )
        return app.openapi_schema

    app.openapi = document


def _corrected(document: dict[str, Any]) -> dict[str, Any]:
    for path in document["paths"].values():
        for method in _METHODS:
            if method in path:
                _correct(path[method])
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
    return document


def _correct(operation: dict[str, Any]) -> None:
    """What the validator refuses is a 400 here; and a body may be too large for every route that takes one."""
    answers = operation["responses"]
    if "HTTPValidationError" in str(answers.get("422", "")):
        del answers["422"]
    if "requestBody" in operation:
        answers.setdefault("413", BODY_TOO_LARGE)
    if operation.get("security") == [{"publicKey": []}]:
        operation["security"] = _EITHER
