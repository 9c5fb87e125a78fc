"""Mastra's OtelExporter: GenAI attributes, and what a span took and gave under its kind (mastra.agent_run.input)."""

from typing import Final

from langfuse_app.ingestion.conventions.base import Convention, Source, attr
from langfuse_app.ingestion.conventions.langfuse import iso_us

_METADATA: Final = "mastra.metadata"
_USER, _SESSION = f"{_METADATA}.userId", f"{_METADATA}.sessionId"
_FIRST_CHUNK: Final = "mastra.completion_start_time"
_KINDS: Final = (
    "agent_run",
    "model_generation",
    "model_step",
    "model_inference",
    "model_chunk",
    "workflow_run",
    "workflow_step",
    "workflow_conditional",
    "workflow_parallel",
    "workflow_loop",
    "tool_call",
    "mcp_tool_call",
    "processor_run",
    "generic",
)

CONVENTION = Convention(
    name="mastra",
    scopes=("@mastra/*",),
    marks=("mastra.*",),
    user_id=(attr(60, _USER),),
    session_id=(attr(80, _SESSION),),
    completion_start=(Source(30, (_FIRST_CHUNK,), lambda span: iso_us(span.attributes[_FIRST_CHUNK])),),
    input=tuple(attr(205, f"mastra.{kind}.input") for kind in _KINDS),
    output=tuple(attr(205, f"mastra.{kind}.output") for kind in _KINDS),
    metadata=(_METADATA,),
    metadata_ignored=(_USER, _SESSION),
    trace_marks=(_USER, _SESSION),
)
