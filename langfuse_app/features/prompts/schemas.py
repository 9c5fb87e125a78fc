"""Shapes of prompts (spec/api.md §4.6, §13)."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, model_validator

from langfuse_app.core.names import folder_problem
from langfuse_app.core.shapes import Body, PageMeta, Shape, WireTime, examples, or_null

LATEST, PRODUCTION = "latest", "production"
_RESERVED = ("new", "metrics", "prompt-detail")
_LABEL = re.compile(r"[a-z0-9_\-.]+")
_VARIABLE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


def _name(value: str) -> str:
    name = value.strip()
    if problem := folder_problem(name):
        raise ValueError(problem)
    if "|" in name:
        raise ValueError("Prompt name cannot contain '|' character")
    if name in _RESERVED:
        raise ValueError(f"Prompt name cannot be '{name}'")
    return name


def _label(value: str) -> str:
    if not _LABEL.fullmatch(value):
        raise ValueError("Label must be lowercase alphanumeric with optional underscores, hyphens, or periods")
    return value


Name = Annotated[str, AfterValidator(_name), Field(json_schema_extra={"minLength": 1, "pattern": "^[^|]*$"})]
Label = Annotated[str, Field(min_length=1, max_length=36, json_schema_extra={"pattern": f"^{_LABEL.pattern}$"}), AfterValidator(_label)]


class ChatMessage(Body):
    """A message of a chat prompt."""

    type: Literal["chatmessage"] | None = None
    role: str
    content: str


class Placeholder(Body):
    """Where messages go that are known only when the prompt is used."""

    type: Literal["placeholder"]
    name: str = Field(min_length=1)


class CreatePrompt(Body):
    """Body of POST: a new version. Absent tags are those of the previous version."""

    model_config = examples(
        {"name": "greeting", "prompt": "Hello {{name}}!", "labels": ["production"], "config": {"temperature": 0}},
        {
            "name": "chat",
            "type": "chat",
            "prompt": [{"role": "system", "content": "You are kind."}, {"type": "placeholder", "name": "history"}],
        },
    )

    name: Name
    type: Literal["text", "chat"] = Field("text", json_schema_extra=or_null)
    prompt: str | list[Placeholder | ChatMessage]
    config: Any = None
    labels: list[Label] = Field(default_factory=list, json_schema_extra=or_null)
    tags: list[str] | None = None
    commit_message: Annotated[str | None, Field(max_length=500)] = None
    is_active: StrictBool | None = None

    @model_validator(mode="before")
    @classmethod
    def _absent(cls, given: Any) -> Any:
        """null means the default."""
        return {key: value for key, value in given.items() if value is not None} if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if isinstance(self.prompt, str) != (self.type == "text"):
            raise ValueError("A text prompt is a string, a chat prompt an array of messages")
        if isinstance(self.prompt, list) and (twice := _placeholders(self.prompt) & _variables(self.prompt)):
            raise ValueError(f"Placeholder and variable share a name: {', '.join(sorted(twice))}")
        return self

    @property
    def content(self) -> Any:
        """The prompt as it is stored: as it was sent."""
        if isinstance(self.prompt, str):
            return self.prompt
        return [part.model_dump(exclude_none=True) for part in self.prompt]


def _placeholders(parts: list[Placeholder | ChatMessage]) -> set[str]:
    return {part.name for part in parts if isinstance(part, Placeholder)}


def _variables(parts: list[Placeholder | ChatMessage]) -> set[str]:
    return {name for part in parts if isinstance(part, ChatMessage) for name in _VARIABLE.findall(part.content)}


class NewLabels(Body):
    """Body of PATCH: labels to add to a version."""

    model_config = examples({"newLabels": ["staging"]})

    new_labels: list[Label]

    @model_validator(mode="after")
    def _not_latest(self) -> Self:
        if LATEST in self.new_labels:
            raise ValueError("Label 'latest' is always the newest version and cannot be assigned")
        return self


class PromptOut(Shape):
    """A version as it is stored."""

    id: str
    created_at: WireTime
    updated_at: WireTime
    project_id: str
    created_by: str
    prompt: Any
    name: str
    version: int
    type: Literal["text", "chat"]
    is_active: bool | None = None
    config: Any
    tags: list[str]
    labels: list[str]
    commit_message: str | None


class ResolvedPromptOut(PromptOut):
    """A version with its references replaced; `resolutionGraph` says by what."""

    resolution_graph: dict[str, Any] | None = None


class PromptMetaOut(Shape):
    """A prompt by name: its versions and labels that match."""

    name: str
    type: Literal["text", "chat"]
    versions: list[int]
    labels: list[str]
    tags: list[str]
    last_updated_at: WireTime
    last_config: Any


class PromptsOut(Shape):
    """A page of names; `pagination` repeats `meta`."""

    data: list[PromptMetaOut]
    meta: PageMeta
    pagination: PageMeta
