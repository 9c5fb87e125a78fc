"""Pipecat: plain `input` and `output` attributes."""

from langfuse_app.ingestion.conventions.base import Convention, attr

CONVENTION = Convention(
    name="pipecat",
    scopes=("pipecat*",),
    input=(attr(151, "input"),),
    output=(attr(151, "output"),),
)
