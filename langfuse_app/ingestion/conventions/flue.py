"""Flue (scope "@flue/opentelemetry"): flue.* attributes for turns, tools, tasks and workflows."""

from typing import Final

from langfuse_app.ingestion.conventions.base import Convention, attr, present

_SCOPE: Final = "@flue/opentelemetry"
_INPUTS: Final = ("turn.input", "tool.arguments", "task.prompt", "workflow.payload")
_OUTPUTS: Final = ("turn.output", "tool.result", "task.result", "operation.result", "workflow.result")

CONVENTION = Convention(
    name="flue",
    scopes=(_SCOPE,),
    marks=("flue.*",),
    type=(
        present(80, ("flue.tool.name", "flue.tool.call_id"), "TOOL"),
        present(81, ("flue.task.id", "flue.task.agent"), "AGENT"),
    ),
    input=tuple(attr(40 + place, f"flue.{name}", scope=_SCOPE) for place, name in enumerate(_INPUTS)),
    output=tuple(attr(40 + place, f"flue.{name}", scope=_SCOPE) for place, name in enumerate(_OUTPUTS)),
)
