"""Traceloop's SDK (OpenLLMetry): traceloop.entity.* and the indexed gen_ai.prompt.<i>, gen_ai.completion.<i>."""

from typing import Final

from langfuse_app.ingestion.conventions.base import Convention, Source, attr
from langfuse_app.ingestion.conventions.messages import indexed

_PROPERTIES: Final = "traceloop.association.properties."

CONVENTION = Convention(
    name="traceloop",
    scopes=("traceloop.*",),
    marks=("traceloop.*", "gen_ai.prompt.*", "gen_ai.completion.*"),
    user_id=(attr(90, f"{_PROPERTIES}user_id"),),
    session_id=(attr(90, f"{_PROPERTIES}session_id"),),
    input=(
        attr(130, "traceloop.entity.input"),
        Source(180, ("gen_ai.prompt.*",), indexed("gen_ai.prompt.")),
    ),
    output=(
        attr(130, "traceloop.entity.output"),
        Source(180, ("gen_ai.completion.*",), indexed("gen_ai.completion.")),
    ),
    trace_marks=(f"{_PROPERTIES}user_id", f"{_PROPERTIES}session_id"),
)
