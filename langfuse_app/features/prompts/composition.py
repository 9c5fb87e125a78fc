"""References from one prompt's text to another, and their resolution (spec/api.md §4.6, composition tag)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from langfuse_app.core.errors import InvalidRequestError
from langfuse_app.features.prompts.models import Prompt

DEEPEST = 5
_TAG = re.compile(r"@@@langfusePrompt:(.*?)@@@")


class Reference(NamedTuple):
    """A prompt by name and either version or label."""

    name: str
    version: int | None
    label: str | None

    def __str__(self) -> str:
        return f"{self.name} - {f'version {self.version}' if self.version is not None else f'label {self.label}'}"


Find = Callable[[Reference], Prompt | None]


def parse(tag: str) -> Reference | None:
    """The reference inside of a tag; None when it is no reference, which leaves the text as it is."""
    parts = dict(part.split("=", 1) for part in tag.split("|") if "=" in part)
    name, version, label = parts.get("name", ""), parts.get("version", ""), parts.get("label", "")
    if not name or bool(version) == bool(label) or (version and not version.isdigit()):
        return None
    return Reference(name, int(version) if version else None, label or None)


def references(content: Any) -> list[Reference]:
    """What a prompt refers to, each once, in the order of its text."""
    found = (parse(tag) for text in _texts(content) for tag in _TAG.findall(text))
    return list(dict.fromkeys(reference for reference in found if reference))


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for part in content:
            yield from _texts(part)
    elif isinstance(content, dict):
        yield from _texts(list(content.values()))


@dataclass(slots=True)
class Resolution:
    """A prompt with its references replaced, and which versions they led to; `graph` is None without any."""

    root: Prompt
    find: Find
    dependencies: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])

    def content(self) -> Any:
        """The resolved content. InvalidRequestError for references that lead nowhere, in a circle or too deep."""
        return self._resolved(self.root.prompt, self.root, (self.root,))

    @property
    def graph(self) -> dict[str, Any] | None:
        """`resolutionGraph` of the wire, after `content`."""
        if not self.dependencies:
            return None
        return {"root": _node(self.root), "dependencies": self.dependencies}

    def _resolved(self, content: Any, parent: Prompt, path: tuple[Prompt, ...]) -> Any:
        if isinstance(content, str):
            return _TAG.sub(lambda found: self._replacement(found, parent, path), content)
        if isinstance(content, list):
            return [self._resolved(part, parent, path) for part in content]
        if isinstance(content, dict):
            return {name: self._resolved(value, parent, path) for name, value in content.items()}
        return content

    def _replacement(self, found: re.Match[str], parent: Prompt, path: tuple[Prompt, ...]) -> str:
        reference = parse(found[1])
        if reference is None:
            return found[0]
        child = self._child(reference, path)
        children = self.dependencies.setdefault(parent.id, [])
        if _node(child) not in children:
            children.append(_node(child))
        return self._resolved(child.prompt, child, (*path, child))

    def _child(self, reference: Reference, path: tuple[Prompt, ...]) -> Prompt:
        child = self.find(reference)
        if child is None:
            raise InvalidRequestError(f"Prompt dependency not found: {reference}")
        if child.type != "text":
            raise InvalidRequestError(f"Prompt dependency is not a text prompt: {reference}")
        if any(child.name == above.name for above in path):
            raise InvalidRequestError(f"Circular dependency detected involving prompt '{child.name}' version {child.version}")
        if len(path) > DEEPEST:
            raise InvalidRequestError(f"Maximum nesting depth exceeded ({DEEPEST})")
        return child


def _node(prompt: Prompt) -> dict[str, Any]:
    return {"name": prompt.name, "version": prompt.version, "id": prompt.id}
