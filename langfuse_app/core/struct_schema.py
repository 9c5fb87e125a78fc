"""JSON Schema of the structs that bodies are decoded into, for the OpenAPI document."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec


def struct_schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """JSON Schema of a struct that a body is decoded into, all in one piece; payloads (`Raw`) are any JSON."""
    fields = [
        (field.encode_name, Any if field.type is msgspec.Raw else field.type, field.required) for field in msgspec.structs.fields(kind)
    ]
    needed, others = (
        [(name, type) for name, type, needed in fields if needed],
        [(name, type, None) for name, type, needed in fields if not needed],
    )
    (schema,), parts = msgspec.json.schema_components(
        [msgspec.defstruct(kind.__name__, [*needed, *others])], schema_hook=_kept, ref_template="{name}"
    )
    return _without_references(schema, parts)


def _kept(kind: type) -> dict[str, Any]:
    return {"description": f"{kind.__name__}, kept as it is"}


def _without_references(node: Any, parts: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_without_references(one, parts) for one in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _without_references(parts[node["$ref"]], parts)
    return {name: _without_references(value, parts) for name, value in cast("dict[str, Any]", node).items()}
