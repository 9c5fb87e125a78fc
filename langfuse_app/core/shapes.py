"""Bases of wire shapes: camelCase on the wire, and nothing in a body that a store could not take."""

import math
import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel

from langfuse_app.core.time import iso_ms

_DEEPEST = 50
# PostgreSQL's indexes hold entries of up to 2 700 bytes, and a character may have four.
LONGEST_NAME = 500
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # NUL, and halves of a pair that stand alone

WireTime = Annotated[
    datetime, PlainSerializer(iso_ms, return_type=str, when_used="unless-none"), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A moment in an answer: ISO 8601 with milliseconds and Z."""


def _usual(value: datetime) -> datetime:
    if not 1900 <= value.year <= 2200:
        raise ValueError("must lie between 1900 and 2200")
    return value


def iso_text(value: Any) -> Any:
    """Times come as texts; a bare number would be taken for seconds since 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and value.strip().lstrip("+-").replace(".", "", 1).isdigit()):
        raise ValueError("must be an ISO 8601 time")
    return value


BodyTime = Annotated[AwareDatetime, BeforeValidator(iso_text), AfterValidator(_usual)]
"""A moment in a body: with its offset, and in years that no arithmetic with time zones leaves."""


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("must be an integer")  # noqa: TRY004 - pydantic wants this one
    return value


WHOLE = BeforeValidator(_number)
"""Marks an `int` of a body: 1.0 is one, "1" and true are none. It stands last, behind the limits, or the document loses them.

Flags and fractions are pydantic's StrictBool and StrictFloat.
"""


class Shape(BaseModel):
    """An answer, or a part of one; may be read from a table row of the same field names."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True, protected_namespaces=())


class PageMeta(Shape):
    """The `meta` of a list by pages (spec/api.md §1.4)."""

    page: int
    limit: int
    total_items: int
    total_pages: int


class CursorMeta(Shape):
    """The `meta` of a list by cursor (spec/api.md §1.4); the key is absent on the last page."""

    cursor: str | None = None


class Message(BaseModel):
    """An answer that only says that something was done."""

    message: str


def examples(*given: dict[str, Any]) -> ConfigDict:
    """The `model_config` of a body with examples, which the API's documentation shows and tests send."""
    return ConfigDict(json_schema_extra={"examples": list(given)})


def or_null(schema: dict[str, Any]) -> None:
    """`json_schema_extra` of a field whose null means its default."""
    given = dict(schema)
    schema.clear()
    schema["anyOf"] = [given, {"type": "null"}]


class Body(BaseModel):
    """A request body; fields it does not know are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, allow_inf_nan=False, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        if not storable(value):
            raise ValueError(
                "Texts must not contain NUL characters or lone surrogates, numbers must be finite, nothing may be nested deeper than 50 levels"
            )
        return value


class StrictBody(Body):
    """A request body that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")


def plain(shape: type[Shape], row: object) -> dict[str, Any]:
    """The JSON values of a row in an answer's shape, for the audit log."""
    return shape.model_validate(row).model_dump(mode="json", by_alias=True)


def storable(value: Any, depth: int = 0) -> bool:
    """Whether PostgreSQL takes a JSON value and all within it."""
    if isinstance(value, str):
        return _UNSTORABLE.search(value) is None
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        value = [*value, *value.values()]
    return not isinstance(value, list) or (depth < _DEEPEST and all(storable(part, depth + 1) for part in value))
