"""Smolagents: OpenInference's attributes (input.value, output.value); its agents state the tokens of all their steps."""

from langfuse_app.ingestion.conventions.base import ANY, Convention

CONVENTION = Convention(
    name="smolagents",
    scopes=("openinference.instrumentation.smolagents",),
    marks=("smolagents.*",),
    summaries={"smolagents.max_steps": ANY},
)
