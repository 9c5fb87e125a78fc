"""JSON Schema of datasets: draft 2020-12 unless the schema names another one. Nothing is fetched, and patterns run in linear time."""

import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

from langfuse_app.core.errors import InvalidRequestError

_LONGEST = 100_000  # characters of a schema
_ERRORS = 5  # of one field of one item


@lru_cache(maxsize=256)
def _compiled(schema: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(
        json.loads(schema), validate_formats=False, offline=True, pattern_options=jsonschema_rs.RegexOptions(size_limit=1 << 20)
    )


def compiled(schema: Any, field: str) -> jsonschema_rs.Validator | None:
    """The validator of a schema, None without one; InvalidRequestError says why it is no JSON Schema."""
    if schema is None:
        return None
    text = json.dumps(schema)  # orjson refuses numbers beyond 64 bits
    if len(text) > _LONGEST:
        raise InvalidRequestError(f"{field} is longer than {_LONGEST} characters")
    try:
        return _compiled(text)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise InvalidRequestError(f"{field} must be a valid JSON Schema: {str(error).splitlines()[0]}") from error


def violations(validator: jsonschema_rs.Validator | None, value: Any) -> list[dict[str, str]]:
    """What is wrong with a value, at most a few: path (a JSON pointer), message, keyword."""
    return list(islice(_violations(validator, value), _ERRORS)) if validator else []


def _violations(validator: jsonschema_rs.Validator, value: Any) -> Iterator[dict[str, str]]:
    try:
        for error in validator.iter_errors(value):
            path = "/" + "/".join(str(part) for part in error.instance_path)
            yield {"path": path, "message": error.message[:500], "keyword": str(error.schema_path[-1]) if error.schema_path else ""}
    except ValueError as refused:  # numbers and depths that the validator cannot hold
        yield {"path": "/", "message": str(refused), "keyword": "type"}
