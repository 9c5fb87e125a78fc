"""OpenLIT: gen_ai.* attributes; where it has no prices at hand it states a cost of zero."""

from typing import Any

from langfuse_app.ingestion.conventions.base import Convention, Source
from langfuse_app.ingestion.spans import Span


def _no_cost(span: Span) -> dict[str, Any] | None:
    """That no cost is stated, so that it is computed."""
    return None if span.attributes["gen_ai.usage.cost"] else {}


CONVENTION = Convention(
    name="openlit",
    scopes=("openlit*",),
    marks=("openlit.*",),
    cost=(Source(15, ("gen_ai.usage.cost",), _no_cost, scope="openlit*"),),
)
