"""What query strings have in common (spec/api.md §1.3, §1.4)."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from langfuse_app.core.shapes import iso_text


def split_commas(value: Any) -> list[str]:
    """`a,b` and `a&…=b` are the same list; empty elements do not count."""
    given: list[Any] = value if isinstance(value, list) else [value]
    return [part for text in given for part in str(text).split(",") if part]


CommaList = Annotated[list[str], BeforeValidator(split_commas), Field(default_factory=list)]
"""A list given by repetition or by commas; absent is empty."""

FilterText = Annotated[
    str | None,
    Field(
        description="JSON array of conditions (spec/api.md §9); beats the simple parameter of a column",
        examples=['[{"type":"string","column":"name","operator":"contains","value":"chat"}]'],
    ),
]
"""The `filter` parameter, as it came."""

Moment = Annotated[AwareDatetime, BeforeValidator(iso_text)]
"""A time with its offset."""


class Params(BaseModel):
    """A query string: camelCase names, and an empty value is an absent one."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=False, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {key: value for key, value in data.items() if value not in ("", [], [""])}
        return data


class Paged(Params):
    """A list by pages."""

    page: int = Field(1, ge=1, le=1_000_000_000)
    limit: int = Field(50, ge=1, le=100)


class StrictPaged(Paged):
    """The same, and parameters it does not know are refused."""

    model_config = ConfigDict(extra="forbid")


class StrictCursored(Params):
    """A list by cursor; parameters it does not know are refused."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=100)
    cursor: str | None = None


def groups(asked: str | None, known: tuple[str, ...], default: tuple[str, ...]) -> frozenset[str]:
    """The groups of fields named in a comma list; unknown names are dropped, none at all means the default."""
    found = frozenset(split_commas(asked or "")) & frozenset(known)
    return found or frozenset(default)
