"""Shapes of single events for the OpenAPI document; acceptance itself checks the fields (spec/api.md §12, §5.2)."""

from typing import Any

from pydantic import Field

from langfuse_app.core.shapes import Shape


class EventBody(Shape):
    """Body of POST /events."""

    id: str | None = None
    trace_id: str | None = None
    name: str | None = None
    start_time: str | None = None
    metadata: Any = None
    input: Any = None
    output: Any = None
    level: str | None = None
    status_message: str | None = None
    parent_observation_id: str | None = None
    version: str | None = None


class SpanBody(EventBody):
    """Body of POST /spans."""

    end_time: str | None = None


class SpanUpdate(SpanBody):
    """Body of PATCH /spans."""

    span_id: str


class GenerationBody(SpanBody):
    """Body of POST /generations; `prompt` and `completion` are input and output."""

    completion_start_time: str | None = None
    model: str | None = None
    model_parameters: dict[str, Any] | None = None
    prompt: Any = None
    completion: Any = None
    usage: dict[str, Any] | None = None


class GenerationUpdate(GenerationBody):
    """Body of PATCH /generations."""

    generation_id: str


class EventId(Shape):
    """The id of what was written."""

    id: str = Field(min_length=1)
