"""Strands Agents before it named operations (0.1): what a span is follows from its name, and agents repeat their calls' usage."""

from typing import Any, Final

from langfuse_app.ingestion.conventions.base import Convention, Source, attr
from langfuse_app.ingestion.spans import Span

_SCOPE: Final = "strands-agents"
_AGENT: Final = "gen_ai.agent.name"
_MODEL_CALL: Final = "Model invoke"


def _is_agent(span: Span) -> bool:
    attributes = span.attributes
    return _AGENT in attributes and "gen_ai.operation.name" not in attributes and span.name != _MODEL_CALL


def _of_agents(rank: int, nothing: Any) -> Source:
    """Keeps from an agent's span what its calls say already."""
    return Source(rank, (_AGENT,), lambda span: nothing if _is_agent(span) else None, scope=_SCOPE)


CONVENTION = Convention(
    name="strands",
    scopes=(_SCOPE,),
    marks=("event_loop.*",),
    type=(
        Source(25, (_AGENT,), lambda span: "AGENT" if _is_agent(span) else None, scope=_SCOPE),
        Source(75, ("tool.name",), lambda span: "TOOL" if span.attributes["tool.name"] else None, scope=_SCOPE),
    ),
    observation_name=(attr(15, "tool.name", scope=_SCOPE),),
    model=(_of_agents(15, ""),),
    usage=(_of_agents(15, {}),),
)
