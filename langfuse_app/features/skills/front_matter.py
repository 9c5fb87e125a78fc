"""The YAML between `---` lines that a SKILL.md begins with, as plain JSON.

Scalars are those of YAML's core schema: `2026-01-01`, `yes` and `010` are texts. Aliases are refused, since a few lines of
them unfold to gigabytes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from langfuse_app.core.errors import InvalidRequestError
from langfuse_app.core.shapes import storable

_BLOCK = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST, _LONGEST_NAME, _LONGEST_DESCRIPTION = 16_384, 64, 1024
_SCALARS: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"~|null|Null|NULL|"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?(0|[1-9][0-9]{0,17})"), int),
    (re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a SKILL.md says about itself; `fields` is all of it."""

    name: str
    description: str
    fields: dict[str, Any]


def front_matter(text: str) -> FrontMatter:
    """Read the front matter of a SKILL.md. InvalidRequestError says what is wrong with it."""
    found = _BLOCK.match(text)
    if found is None:
        raise _wrong("SKILL.md must begin with YAML front matter between two lines of ---")
    if len(found[1]) > _LONGEST:
        raise _wrong(f"The front matter of SKILL.md must have at most {_LONGEST} characters")
    fields = _parsed(found[1])
    return FrontMatter(_name(fields.get("name")), _description(fields.get("description")), fields)


def _wrong(message: str) -> InvalidRequestError:
    return InvalidRequestError(message, "invalid_body")


def _parsed(text: str) -> dict[str, Any]:
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        fields = None if node is None else _plain(node, set())
    except (yaml.YAMLError, RecursionError) as error:
        raise _wrong(f"The front matter of SKILL.md is not valid YAML: {error}") from error
    if not isinstance(fields, dict):
        raise _wrong("The front matter of SKILL.md must be a mapping")
    if not storable(fields):
        raise _wrong("The front matter of SKILL.md must be finite, without NUL characters, and at most 50 levels deep")
    return fields


def _plain(node: yaml.Node, seen: set[int]) -> Any:
    """The JSON value of a node."""
    if id(node) in seen:
        raise yaml.YAMLError("aliases are not supported")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping([(_plain(key, seen), _plain(value, seen)) for key, value in node.value])
    if isinstance(node, yaml.SequenceNode):
        return [_plain(part, seen) for part in node.value]
    assert isinstance(node, yaml.ScalarNode)
    return node.value if node.style else _scalar(node.value)


def _mapping(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    if wrong := [key for key, _ in pairs if isinstance(key, dict | list)]:
        raise yaml.YAMLError(f"{wrong[0]!r} is no key")
    fields = {str(key): value for key, value in pairs}
    if len(fields) < len(pairs):
        raise yaml.YAMLError("a key stands twice")
    return fields


def _scalar(text: str) -> Any:
    return next((read(text) for form, read in _SCALARS if form.fullmatch(text)), text)


def _name(value: Any) -> str:
    name = value.strip() if isinstance(value, str) else ""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise _wrong(
            f"The front matter of SKILL.md must have a name of 1 to {_LONGEST_NAME} lowercase letters, digits and single hyphens between them"
        )
    return name


def _description(value: Any) -> str:
    description = value.strip() if isinstance(value, str) else ""
    if not 0 < len(description) <= _LONGEST_DESCRIPTION:
        raise _wrong(f"The front matter of SKILL.md must have a description of 1 to {_LONGEST_DESCRIPTION} characters")
    return description
