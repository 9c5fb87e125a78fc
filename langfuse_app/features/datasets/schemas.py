"""Shapes of datasets (spec/api.md §4.7, §11, §13 Dataset, DatasetItem)."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import AliasChoices, AliasGenerator, ConfigDict, Field, StrictBool, model_validator
from pydantic.alias_generators import to_camel

from langfuse_app.core.shapes import Body, PageMeta, Shape, WireTime, examples
from langfuse_app.features.media.schemas import MediaReference

# What PostgreSQL refuses and what no text needs: C0 and C1 without tab, line feed and carriage return; halves of surrogate pairs.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

# PostgreSQL's indexes hold entries of up to 2 700 bytes.
LONGEST_ID = 500


class DatasetStatus(StrEnum):
    """Archived items stay readable by id, but lists and runs leave them out."""

    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


class CreateDataset(Body):
    """Body of POST: what is left out keeps its old value, a null schema clears."""

    model_config = examples({"name": "questions", "description": "What people ask", "inputSchema": {"type": "object"}})

    name: str = Field(max_length=LONGEST_ID, json_schema_extra={"minLength": 1})
    description: str | None = None
    metadata: Any = None
    input_schema: dict[str, Any] | StrictBool | None = None
    expected_output_schema: dict[str, Any] | StrictBool | None = None


class CreateDatasetItem(Body):
    """Body of POST: an item by its id, or a new one. Control characters are taken out of every text."""

    model_config = examples({"datasetName": "questions", "input": {"question": "Hello?"}, "expectedOutput": "Hi."})

    dataset_name: str
    id: str | None = Field(None, max_length=LONGEST_ID)
    input: Any = None
    expected_output: Any = None
    metadata: Any = None
    source_trace_id: str | None = Field(None, max_length=LONGEST_ID)
    source_observation_id: str | None = Field(None, max_length=LONGEST_ID)
    status: DatasetStatus | None = None

    @model_validator(mode="before")
    @classmethod
    def _cleaned(cls, value: Any) -> Any:
        return cleaned(value)


def cleaned(value: Any, depth: int = 0) -> Any:
    """A JSON value without control characters in its texts; what lies deeper than any body may be is left to the check of depth."""
    if isinstance(value, str):
        return _CONTROL.sub("", value)
    if depth > 100:
        return value
    if isinstance(value, dict):
        return {cleaned(key): cleaned(part, depth + 1) for key, part in value.items()}
    return [cleaned(part, depth + 1) for part in value] if isinstance(value, list) else value


class Stored(Shape):
    """Read from a table row, whose `metadata` is called `meta` because SQLAlchemy keeps that name to itself."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(
            validation_alias=lambda name: AliasChoices("meta", "metadata") if name == "metadata" else AliasChoices(name, to_camel(name)),
            serialization_alias=to_camel,
        )
    )


class DatasetOut(Stored):
    """One dataset."""

    id: str
    project_id: str
    name: str
    description: str | None
    metadata: Any
    input_schema: Any
    expected_output_schema: Any
    created_at: WireTime
    updated_at: WireTime


class DatasetItemOut(Stored):
    """One item; `version` is the moment from which this state of it is true."""

    id: str
    status: DatasetStatus
    input: Any
    expected_output: Any
    metadata: Any
    source_trace_id: str | None
    source_observation_id: str | None
    dataset_id: str
    dataset_name: str
    created_at: WireTime
    updated_at: WireTime
    version: WireTime
    media_references: list[MediaReference] = Field(default_factory=list[MediaReference])

    def payloads(self) -> dict[str, Any]:
        """The fields that may refer to media, by their names on the wire."""
        return {"input": self.input, "expectedOutput": self.expected_output, "metadata": self.metadata}


class DatasetsOut(Shape):
    """A page of datasets."""

    data: list[DatasetOut]
    meta: PageMeta


class DatasetItemsOut(Shape):
    """A page of items."""

    data: list[DatasetItemOut]
    meta: PageMeta


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """Which active items, newest first; None does not filter. `version`: the items as they were at that moment."""

    dataset_id: str | None = None
    source_trace_id: str | None = None
    source_observation_id: str | None = None
    version: datetime | None = None
    page: int = 1
    limit: int = 50

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.limit
