"""Shapes of score configurations (spec/api.md §4.5, §13 ScoreConfig)."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt

from langfuse_app.core.shapes import Body, PageMeta, Shape, WireTime, examples

_NAME = re.compile(r"[\w .()-]{1,35}")


class ScoreConfigType(StrEnum):
    """What kind of value the scores of a config have."""

    NUMERIC = "NUMERIC"
    BOOLEAN = "BOOLEAN"
    CATEGORICAL = "CATEGORICAL"
    TEXT = "TEXT"


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("Name must have 1 to 35 characters: letters, digits, underscores, spaces, periods, parentheses and hyphens")
    return name


ConfigName = Annotated[
    str, AfterValidator(_checked_name), Field(min_length=1, max_length=35, json_schema_extra={"pattern": f"^{_NAME.pattern}$"})
]
Number = StrictInt | StrictFloat


class Category(Shape):
    """One choice: the number that a score gets, and the word people see."""

    value: Number
    label: str = Field(min_length=1)


class CreateScoreConfig(Body):
    """Body of POST. The categories of BOOLEAN are made by the server."""

    model_config = examples(
        {"name": "quality", "dataType": "NUMERIC", "minValue": 0, "maxValue": 1},
        {"name": "tone", "dataType": "CATEGORICAL", "categories": [{"value": 0, "label": "rude"}, {"value": 1, "label": "kind"}]},
    )

    name: ConfigName
    data_type: ScoreConfigType
    categories: list[Category] | None = None
    min_value: Number | None = None
    max_value: Number | None = None
    description: str | None = None


class UpdateScoreConfig(Body):
    """Body of PATCH: what is left out stays, null clears."""

    model_config = examples({"isArchived": True}, {"description": "How kind it is"})

    is_archived: StrictBool | None = None
    name: ConfigName | None = None
    categories: list[Category] | None = None
    min_value: Number | None = None
    max_value: Number | None = None
    description: str | None = None


class ScoreConfigOut(Shape):
    """One config; BOOLEAN and CATEGORICAL ones have categories."""

    id: str
    name: str
    created_at: WireTime
    updated_at: WireTime
    project_id: str
    data_type: ScoreConfigType
    is_archived: bool
    min_value: float | None
    max_value: float | None
    categories: list[Category] | None
    description: str | None


class ScoreConfigsOut(Shape):
    """A page of configs."""

    data: list[ScoreConfigOut]
    meta: PageMeta
