"""The OpenAPI document of the whole app: FastAPI's, corrected where it says what this server does not do."""

import re
from collections.abc import Collection
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
    """Say which operations take the object that a POST has made, or the first of a list.

    `/things` answers the id of `/things/{thing_id}` and of what lies below it.
    """
    for path, methods in document["paths"].items():
        below = _below(document, path)
        for method, pointer in (("post", ""), ("get", "/data/0")):
            answer, fields = _answered(document, methods.get(method, {}), pointer)
            for field, parameters, operation_id in below:
                if field in fields:
                    given = {name: place.format(pointer=pointer) for name, place in parameters.items()}
                    answer.setdefault("links", {})[operation_id] = {"operationId": operation_id, "parameters": given}


def _below(document: dict[str, Any], path: str) -> list[tuple[str, dict[str, str], str]]:
    """What takes an object of the collection `path`: the field that names the object, where each parameter stands, and the operation."""
    known = {name: f"$request.path.{name}" for name in re.findall(r"\{(\w+)\}", path)}
    found: list[tuple[str, dict[str, str], str]] = []
    for other, operations in document["paths"].items():
        if named := re.fullmatch(re.escape(path) + r"/\{(\w+)\}(/[^{]*)?", other):
            field = "name" if named[1].endswith("name") else "id"
            parameters = known | {named[1]: "$response.body#{pointer}/" + field}
            found += [(field, parameters, operation["operationId"]) for operation in operations.values()]
    return found


def _answered(document: dict[str, Any], operation: dict[str, Any], pointer: str) -> tuple[dict[str, Any], Collection[str]]:
    """The successful answer of an operation, and the fields of the object that `pointer` finds in it."""
    for status, answer in operation.get("responses", {}).items():
        if status.startswith("2"):
            schema = _followed(document, answer.get("content", {}).get("application/json", {}).get("schema", {}))
            if pointer:
                schema = _followed(document, schema.get("properties", {}).get("data", {}).get("items", {}))
            return answer, schema.get("properties", {})
    return {}, ()


def _followed(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that a reference leads to."""
    return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
