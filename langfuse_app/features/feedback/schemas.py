"""Shapes of feedback (spec/api.md §13.1)."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from langfuse_app.core.shapes import StrictBody, examples

_Text = Annotated[str, Field(min_length=1, max_length=4000)]


class FeedbackRequest(StrictBody):
    """Body of POST /feedback."""

    model_config = examples({"targetType": "docs", "target": "/docs/sdk", "feedback": "More examples, please"})

    target_type: Literal["skill", "mcp-tool", "cli", "docs", "public-api", "other"]
    target: _Text
    feedback: _Text
    goal: _Text | None = None
    reference_url: _Text | None = None


class FeedbackOut(BaseModel):
    """It was stored."""

    id: str
