"""The OpenAPI document of the whole app: FastAPI's, corrected where it says what this server does not do."""

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from langfuse_app.api.documented import BODY_TOO_LARGE

_METHODS = ("get", "put", "post", "delete", "patch")
# Whoever may come in with a public key alone may come in with the whole pair.
_EITHER = [{"projectKey": []}, {"publicKey": []}]
_ABOUT = """Compatible with the public API of Langfuse. Project keys are sent as Basic credentials. Differences are listed in
docs/deviations.md. Every answer carries its x-request-id and the traceparent of its request."""


def operation_id(route: APIRoute) -> str:
    """The name of an operation for client generators, such as `score_configs_get_score_config`."""
    return re.sub(r"\W+", "_", f"{route.tags[0] if route.tags else 'other'}_{route.name}")


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
    _link(document)
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
    return document


def _correct(operation: dict[str, Any]) -> None:
    """What the validator refuses is a 400 here; and a body may be too large for every route that takes one."""
    answers = operation["responses"]
    if "HTTPValidationError" in str(answers.get("422", "")):
        del answers["422"]
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query" and not parameter["required"] and parameter["schema"].get("type") != "array":
            parameter["allowEmptyValue"] = True  # an empty one is an absent one (spec/api.md §1.3)
    if "requestBody" in operation:
        answers.setdefault("413", BODY_TOO_LARGE)
    if operation.get("security") == [{"publicKey": []}]:
        operation["security"] = _EITHER


def _link(document: dict[str, Any]) -> None:
    """Say which operations take the object that a POST has made: `/things` answers the id of `/things/{thing_id}`."""
    paths: dict[str, Any] = document["paths"]
    for path, methods in paths.items():
        made = _made(document, methods.get("post", {}))
        for other, operations in paths.items():
            found = re.fullmatch(re.escape(path) + r"/\{(\w+)\}(/[^{]*)?", other)
            field = "name" if found and found[1].endswith("name") else "id"
            if found and field in made.get("fields", ()):
                known = {name: f"$request.path.{name}" for name in re.findall(r"\{(\w+)\}", path)}
                given = known | {found[1]: f"$response.body#/{field}"}
                made["answer"].setdefault("links", {}).update(
                    {one["operationId"]: {"operationId": one["operationId"], "parameters": given} for one in operations.values()}
                )


def _made(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """The successful answer of an operation, and the fields of its object."""
    for status, answer in operation.get("responses", {}).items():
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        if status.startswith("2") and "$ref" in schema:
            fields = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]].get("properties", {})
            return {"answer": answer, "fields": fields}
    return {}
