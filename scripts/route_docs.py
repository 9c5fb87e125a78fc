"""docs/routes.md: every operation of the OpenAPI document with its credentials, parameters, body and answers."""

from collections.abc import Iterator
from typing import Any

HEAD = """# Routes

The same as JSON: `GET /api/public/openapi.json`; to try out: `/api/docs`. Examples that run: [api.md](api.md). {made}

Errors always have the body `{{"message": …, "error": …}}`; a refused body or query names each field in `error` as
`{{code, path, message}}`. Every route may answer {always}.

"""
ALWAYS = ("400", "401", "403", "429", "500", "503")


def page(document: dict[str, Any], made: str) -> str:
    """The whole page."""
    head = HEAD.format(made=made, always=", ".join(ALWAYS))
    groups: dict[str, list[str]] = {}
    for path, routes in document["paths"].items():
        for method, route in routes.items():
            group = (route.get("tags") or ["other"])[0]
            groups.setdefault(group, []).append("\n".join(_operation(document, method.upper(), path, route)))
    return head + "\n".join(f"## {name}\n\n" + "\n".join(operations) for name, operations in sorted(groups.items()))


def _operation(document: dict[str, Any], method: str, path: str, route: dict[str, Any]) -> Iterator[str]:
    yield f"### {method} `{path}`\n"
    yield " ".join(route.get("description", route.get("summary", "")).split()) + "\n"
    for parameter in route.get("parameters", []):
        yield _parameter(document, parameter)
    yield from _body(document, route.get("requestBody"))
    yield _answers(document, route["responses"])
    yield ""


def _parameter(document: dict[str, Any], parameter: dict[str, Any]) -> str:
    schema = parameter.get("schema", {})
    needed = "required" if parameter.get("required") else _default(schema)
    about = parameter.get("description") or schema.get("description") or ""
    notes = ", ".join(note for note in (parameter["in"], _type(document, schema), needed) if note)
    return f"- `{parameter['name']}` ({notes}){': ' + ' '.join(about.split()) if about else ''}"


def _default(schema: dict[str, Any]) -> str:
    return f"default {schema['default']}" if schema.get("default") not in (None, [], "") else ""


def _body(document: dict[str, Any], body: dict[str, Any] | None) -> Iterator[str]:
    if not body:
        return
    for kind, content in body["content"].items():
        schema = content.get("schema", {})
        yield f"- body `{kind}`: {_type(document, schema)}"
        for name, field in _fields(document, schema):
            needed = ", required" if name in _resolved(document, schema).get("required", []) else ""
            yield f"  - `{name}` ({_type(document, field)}{needed})"


def _fields(document: dict[str, Any], schema: dict[str, Any]) -> list[tuple[str, Any]]:
    return list(_resolved(document, schema).get("properties", {}).items())


def _answers(document: dict[str, Any], responses: dict[str, Any]) -> str:
    special = [f"{code}{_shape(document, answer)}" for code, answer in sorted(responses.items()) if code not in ALWAYS]
    return f"- answers {', '.join(special)}"


def _shape(document: dict[str, Any], answer: dict[str, Any]) -> str:
    content = answer.get("content", {}).get("application/json", {}).get("schema")
    if not content:
        return ""
    fields = ", ".join(f"`{name}`" for name, _ in _fields(document, content))
    return f" {_type(document, content)}" + (f" with {fields}" if fields else "")


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _type(document: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(_type(document, one) for one in schema[key] if one.get("type") != "null")) or "null"
    if "enum" in schema:
        return " / ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("format") or schema.get("type") or "any"
    return f"array of {_type(document, schema.get('items', {}))}" if kind == "array" else str(kind)
