"""The register: every convention, one line each. A new convention is a module with a CONVENTION and a line here.

Order matters where two recognise the same span: the first names it in the `convention` column, and of two sources of
equal rank the first is asked first.
"""

from typing import Final

from langfuse_app.ingestion.conventions import (
    flue,
    gen_ai,
    genkit,
    google_adk,
    langfuse,
    langsmith,
    litellm,
    livekit,
    logfire,
    mastra,
    mlflow,
    openinference,
    openlit,
    pipecat,
    pydantic_ai,
    smolagents,
    strands,
    traceloop,
    vercel_ai,
)
from langfuse_app.ingestion.conventions.base import Convention

# Raise it when a change here maps spans otherwise than before; rows keep the version that mapped them.
MAPPING_VERSION: Final = 1
PLAIN: Final = "otel"  # what a span that nobody recognises is called

CONVENTIONS: Final[tuple[Convention, ...]] = (
    litellm.CONVENTION,
    smolagents.CONVENTION,
    vercel_ai.CONVENTION,
    pydantic_ai.CONVENTION,
    livekit.CONVENTION,
    strands.CONVENTION,
    google_adk.CONVENTION,
    genkit.CONVENTION,
    flue.CONVENTION,
    pipecat.CONVENTION,
    mlflow.CONVENTION,
    mastra.CONVENTION,
    logfire.CONVENTION,
    langfuse.CONVENTION,
    langsmith.CONVENTION,
    openlit.CONVENTION,
    traceloop.CONVENTION,  # its marks are some of OpenInference's llm.*
    openinference.CONVENTION,
    gen_ai.CONVENTION,
)
