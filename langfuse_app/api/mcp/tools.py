"""Tools, made from the OpenAPI document: name, description, arguments and hints."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fastapi import FastAPI
from pydantic.alias_generators import to_camel

BODY = "body"  # the argument that is the whole body, where its fields cannot be arguments of their own
LONGEST_NAME = 64
_PUBLIC = "/api/public/"
_VERSION = re.compile(r"v\d+|unstable")
_PARAMETER = re.compile(r"\{(\w+)\}")
_SCHEMAS = "#/components/schemas/"
# Streams of telemetry, the steps of an upload, and this protocol itself.
_LEFT_OUT = re.compile(
    r"POST /api/public/(ingestion|otel/.+|traces|events|media|mcp)|(POST|PATCH) /api/public/(spans|generations)|PATCH /api/public/media/.+"
)
_VERBS = {"POST": "create", "PATCH": "update", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Tool:
    """A route as a tool. `path`, `query` and `body` say where an argument goes: its name → the name in the request.

    `body` is None for a route without one; a single argument `body` is the whole of it. `answer` is the schema of what
    the route answers, where that is an object.
    """

    name: str
    method: str
    route: str
    description: str
    schema: Mapping[str, Any]
    answer: Mapping[str, Any] | None
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: frozenset[str] | None

    def shown(self) -> dict[str, Any]:
        """The tool as `tools/list` answers it."""
        reads = self.method == "GET"
        hints = {
            "title": self.name.replace("_", " ").capitalize(),
            "readOnlyHint": reads,
            "destructiveHint": self.method in ("PUT", "PATCH", "DELETE"),
            "idempotentHint": self.method in ("GET", "PUT", "DELETE"),
            "openWorldHint": False,
        }
        answer = {} if self.answer is None else {"outputSchema": self.answer}
        return {"name": self.name, "description": self.description, "inputSchema": self.schema, "annotations": hints} | answer


@lru_cache(maxsize=4)
def toolbox(app: FastAPI) -> Mapping[str, Tool]:
    """The tools of an app by name; made at the first use, which takes a second."""
    document = app.openapi()
    made = [_tool(document, method, path, operation) for method, path, operation in _newest(document["paths"])]
    return {tool.name: tool for tool in sorted(made, key=lambda tool: tool.name)}


def _newest(paths: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """What a project's key may ask for; of several generations of a route only the newest."""
    found: dict[tuple[str, str], tuple[str, str, Any]] = {}
    for path, operations in sorted(paths.items(), key=lambda item: _generation(item[0])):
        for method, operation in operations.items():
            allowed = {"projectKey": []} in operation.get("security", [])
            if allowed and not _LEFT_OUT.fullmatch(f"{method.upper()} {path}"):
                found[method, "/".join(_segments(_PARAMETER.sub("{}", path)))] = (method.upper(), path, operation)
    yield from found.values()


def _generation(path: str) -> int:
    """2 for /v2/…, 1 for paths without a version, 0 for what is unstable."""
    version = path.removeprefix(_PUBLIC).partition("/")[0]
    return 0 if version == "unstable" else int(version[1:]) if _VERSION.fullmatch(version) else 1


def _segments(path: str) -> list[str]:
    return [part for part in path.removeprefix(_PUBLIC).split("/") if not _VERSION.fullmatch(part)]


def tool_name(method: str, path: str) -> str:
    """`GET /api/public/v2/datasets/{name}/runs/{run}` is get_dataset_run."""
    segments = _segments(path)
    *owners, last = [part.replace("-", "_") for part in segments if not part.startswith("{")]
    one = segments[-1].startswith("{")
    many = last.endswith("s") and not one and method in ("GET", "DELETE")
    verb = _VERBS.get(method) or ("list" if many else "get")
    if method == "PUT":
        verb = "replace" if one else "upsert"
    return "_".join([verb, *map(_singular, owners), last if many else _singular(last)])


def _singular(word: str) -> str:
    return f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")


def _tool(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> Tool:
    parameters = operation.get("parameters", [])
    named = {to_camel(one["name"]) if one["in"] == "path" else one["name"]: one for one in parameters}
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    fields, needed = _fields(document, content.get("schema"), named)
    properties = {name: _described(one) for name, one in named.items()} | fields
    required = [name for name, one in named.items() if one.get("required")] + needed
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return Tool(
        name=tool_name(method, path),
        method=method,
        route=path,
        description=f"{operation.get('description', operation['summary'])}\n\n{method} {path}",
        schema=_closed(document, schema),
        answer=_answer(document, operation),
        path={name: one["name"] for name, one in named.items() if one["in"] == "path"},
        query={name: one["name"] for name, one in named.items() if one["in"] == "query"},
        body=frozenset(fields) if content else None,
    )


def _answer(document: Mapping[str, Any], operation: Mapping[str, Any]) -> dict[str, Any] | None:
    """The schema of a success, or of any; None where that is no object, which the protocol has no schema for."""
    answers = [one for status, one in operation["responses"].items() if status.startswith("2")]
    bodies = [one.get("content", {}).get("application/json", {}).get("schema", {}) for one in answers]
    schemas = [schema for number, schema in enumerate(bodies) if schema not in bodies[:number]]
    if not all(_is_object(document, schema) for schema in schemas):
        return None
    return _closed(document, {"type": "object", **(_resolved(document, schemas[0]) if len(schemas) == 1 else {"anyOf": schemas})})


def _is_object(document: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    whole = _resolved(document, schema)
    kinds = whole.get("anyOf") or whole.get("oneOf") or []
    return whole.get("type") == "object" or (bool(kinds) and all(_is_object(document, kind) for kind in kinds))


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that a reference leads to, or itself."""
    name = schema.get("$ref", "").removeprefix(_SCHEMAS)
    return document["components"]["schemas"][name] if name else schema


def _described(parameter: Mapping[str, Any]) -> dict[str, Any]:
    described = {"description": parameter["description"]} if "description" in parameter else {}
    return parameter["schema"] | described


def _fields(document: Mapping[str, Any], schema: Any, taken: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The fields of a body as arguments, and which are required; or the body as one argument."""
    if schema is None:
        return {}, []
    whole = _whole(document, schema)
    fields = whole.get("properties", {})
    if whole.get("type") == "object" and fields and not fields.keys() & taken.keys():
        return dict(fields), list(whole.get("required", []))
    return {BODY: schema}, [BODY]


def _whole(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, not a reference to it; of an object or an array of such, the object."""
    if "$ref" in schema:
        return _resolved(document, schema)
    objects = [one for one in (_whole(document, part) for part in schema.get("anyOf", [])) if one.get("type") == "object"]
    return objects[0] if len(objects) == 1 else schema


def _closed(document: Mapping[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with everything it refers to in `$defs`."""
    parts: dict[str, Any] = {}
    missing = _referred(schema)
    while missing:
        parts |= {name: _local(document["components"]["schemas"][name]) for name in sorted(missing)}
        missing = {name for part in missing for name in _referred(document["components"]["schemas"][part])} - parts.keys()
    return _local(schema) | ({"$defs": parts} if parts else {})


def _referred(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        named = {reference.removeprefix(_SCHEMAS)} if isinstance(reference, str) else set[str]()
        return named.union(*(_referred(part) for part in schema.values()))
    return set[str]().union(*(_referred(part) for part in schema)) if isinstance(schema, list) else set()


def _local(schema: Any) -> Any:
    """References lead into `$defs`; titles that only repeat a name are left out, and what is OpenAPI's alone."""
    if isinstance(schema, dict):
        kept = {key: value for key, value in schema.items() if not _is_unsaid(key, value)}
        return {
            key: f"#/$defs/{value.removeprefix(_SCHEMAS)}" if key == "$ref" and isinstance(value, str) else _local(value)
            for key, value in kept.items()
        }
    return [_local(part) for part in schema] if isinstance(schema, list) else schema


def _is_unsaid(key: str, value: Any) -> bool:
    """A field may have one of these names too: its schema is an object without `propertyName`."""
    return (key == "title" and isinstance(value, str)) or (key == "discriminator" and isinstance(value, dict) and "propertyName" in value)
