"""The bodies of POST /ingestion as a closed list of fields (spec/api.md §5.2); what is not listed is never kept.

Payloads stay JSON (`Raw`). UNSET = the key is absent, None = the client sent null.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from langfuse_app.ingestion.normalise import MAX_ID
from langfuse_app.ingestion.usage import Usage

Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID)]
Time = Annotated[datetime, Meta(tz=True)]
Level = Literal["DEBUG", "DEFAULT", "WARNING", "ERROR"]
ObservationType = Literal["SPAN", "GENERATION", "EVENT", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR", "EMBEDDING", "GUARDRAIL"]
OptionalText = str | UnsetType | None
TraceName = Annotated[str, Meta(max_length=1000)]
ReferredId = Annotated[str, Meta(max_length=MAX_ID)]
PromptVersion = Annotated[int, Meta(ge=0, le=65_535)]


class TraceBody(msgspec.Struct, rename="camel"):
    """trace-create, which is also the update of a trace."""

    id: Id | None = None
    timestamp: Time | None = None
    name: TraceName | UnsetType | None = UNSET
    user_id: OptionalText = UNSET
    session_id: OptionalText = UNSET
    release: OptionalText = UNSET
    version: OptionalText = UNSET
    environment: Any = None
    public: bool | None = None
    tags: list[str] | None = None
    input: Raw = Raw()
    output: Raw = Raw()
    metadata: Raw = Raw()


class EventBody(msgspec.Struct, rename="camel"):
    """What every observation may say."""

    id: Id | None = None
    trace_id: ReferredId | None = None
    name: OptionalText = UNSET
    start_time: Time | None = None
    level: Level | UnsetType | None = UNSET
    status_message: str | None = None
    parent_observation_id: ReferredId | None = None
    version: str | None = None
    environment: Any = None
    input: Raw = Raw()
    output: Raw = Raw()
    metadata: Raw = Raw()


class SpanBody(EventBody, rename="camel"):
    """An observation that lasts."""

    end_time: Time | None = None


class GenerationBody(SpanBody, rename="camel"):
    """A model call, or an observation of one of the newer types."""

    completion_start_time: Time | None = None
    model: OptionalText = UNSET
    model_parameters: dict[str, Any] | None = None
    usage: Usage | None = None
    usage_details: dict[str, Any] | None = None
    cost_details: dict[str, Any] | None = None
    prompt_name: str | None = None
    prompt_version: PromptVersion | None = None

    def problem(self) -> tuple[str, str] | None:
        """(field, what is wrong), or None."""
        if (self.prompt_name is None) != (self.prompt_version is None):
            missing = "promptName" if self.prompt_name is None else "promptVersion"
            return missing, "promptName and promptVersion go together"
        field = self.usage.problem() if self.usage else None
        return (f"usage.{field}", "Expected integer") if field else None


class LegacyObservationBody(GenerationBody, rename="camel", kw_only=True):
    """observation-create and observation-update, which name the type in the body."""

    type: ObservationType


class LogBody(msgspec.Struct):
    """sdk-log: acknowledged by silence."""

    log: Raw
