"""Shapes of single events for the OpenAPI document; acceptance itself checks the fields (spec/api.md §12, §5.2)."""

import msgspec
from pydantic import Field

from langfuse_app.core.shapes import Shape
from langfuse_app.ingestion import json_bodies as bodies


class EventIn(bodies.EventBody, rename="camel"):
    """Body of POST /events; an empty id is an absent one."""

    id: bodies.ReferredId | None = None


class SpanIn(bodies.SpanBody, rename="camel"):
    """Body of POST /spans."""

    id: bodies.ReferredId | None = None


class SpanUpdate(bodies.SpanBody, rename="camel", kw_only=True):
    """Body of PATCH /spans."""

    span_id: bodies.Id


class GenerationIn(bodies.GenerationBody, rename="camel"):
    """Body of POST /generations; `prompt` and `completion` are input and output."""

    id: bodies.ReferredId | None = None
    prompt: msgspec.Raw = msgspec.Raw()
    completion: msgspec.Raw = msgspec.Raw()


class GenerationUpdate(GenerationIn, rename="camel", kw_only=True):
    """Body of PATCH /generations."""

    generation_id: bodies.Id


class EventId(Shape):
    """The id of what was written."""

    id: str = Field(min_length=1)
