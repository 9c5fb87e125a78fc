"""Shapes of skills (spec/api.md §11.1)."""

import base64
import hashlib
import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from langfuse_app.core.lists import repeated
from langfuse_app.core.shapes import Body, PageMeta, Shape, WireTime, examples
from langfuse_app.features.prompts.schemas import LATEST, Label

MANIFEST = "SKILL.md"
MOST_FILES, MOST_HASHES = 100, 50
LARGEST_FILE, LARGEST_SKILL = 1 << 20, 4 << 20  # bytes
_LONGEST_PATH = 500
_HASH = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")  # the only base64 of 32 bytes
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")
_TYPES = {
    "md": "text/markdown",
    "markdown": "text/markdown",
    "json": "application/json",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "html": "text/html",
    "csv": "text/csv",
    "xml": "application/xml",
}


def sha256_hash(content: str) -> str:
    """The base64 of the SHA-256 of a content's UTF-8 bytes."""
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def content_type(path: str) -> str:
    """The media type that a file's name stands for."""
    return _TYPES.get(path.rpartition(".")[2].lower(), "text/plain")


def check_hash(value: str) -> str:
    """The hash; ValueError when it is none."""
    if not _HASH.fullmatch(value):
        raise ValueError(f"'{value[:80]}' is no SHA-256 in base64")
    return value


def _path(value: str) -> str:
    if _CONTROL.search(value) or any(part in ("", ".", "..") for part in value.split("/")):
        raise ValueError("A path is relative and in normal form, with / between its parts: no .., no backslashes, no control characters")
    return value


def _content(value: str) -> str:
    if len(value.encode()) > LARGEST_FILE:
        raise ValueError(f"A file has at most {LARGEST_FILE} bytes")
    return value


def _without_mark(value: Any) -> Any:
    """A byte order mark says nothing in UTF-8."""
    return value.lstrip("\ufeff") if isinstance(value, str) else value


class NewFile(Body):
    """A file of a new version: with its content, or with the hash of one that the project has."""

    path: Annotated[str, Field(min_length=1, max_length=_LONGEST_PATH), AfterValidator(_path)]
    content: Annotated[str | None, BeforeValidator(_without_mark), Field(description="UTF-8 text")] = None
    sha256_hash: Annotated[str | None, Field(description="Base64 of the SHA-256 of a content that the project has")] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.content is None) == (self.sha256_hash is None):
            raise ValueError(f"{self.path}: give either content or sha256Hash")
        if self.content is not None:
            _content(self.content)
        else:
            check_hash(self.sha256_hash or "")
        return self

    @property
    def hash(self) -> str:
        """The hash of its content."""
        return self.sha256_hash or sha256_hash(self.content or "")


class CreateSkillVersion(Body):
    """Body of POST: all files of a new version. Name and description come from the front matter of its SKILL.md."""

    model_config = examples(
        {"files": [{"path": MANIFEST, "content": "---\nname: triage\ndescription: Sorts tickets. Use it for new ones.\n---\n# Triage\n"}]}
    )

    files: Annotated[list[NewFile], Field(min_length=1, max_length=MOST_FILES)]
    commit_message: Annotated[str | None, Field(max_length=500)] = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        paths = [file.path for file in self.files]
        if twice := repeated(paths):
            raise ValueError(f"A path stands once: {', '.join(twice)}")
        if MANIFEST not in paths:
            raise ValueError(f"A skill has a file {MANIFEST} at its top")
        return self


Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class UpdateSkill(Body):
    """Body of PATCH of a skill: its tags, on all versions."""

    tags: Annotated[list[Tag], Field(max_length=50)]


class UpdateSkillLabels(Body):
    """Body of PATCH of a version: its labels, which leave the other versions. `latest` stays where it is."""

    labels: Annotated[list[Label], Field(max_length=100)]

    @model_validator(mode="after")
    def _not_latest(self) -> Self:
        if LATEST in self.labels:
            raise ValueError("Label 'latest' is always the newest version and cannot be assigned")
        return self


class SkillFileOut(Shape):
    """A file: its content is fetched by its hash."""

    id: str
    path: str
    blob_id: str
    sha256_hash: str
    content_type: str
    content_length: int


class SkillVersionOut(Shape):
    """A version."""

    id: str
    created_at: WireTime
    updated_at: WireTime
    project_id: str
    created_by: str
    name: str
    description: str
    frontmatter: dict[str, Any]
    version: int
    tags: list[str]
    labels: list[str]
    commit_message: str | None
    files: list[SkillFileOut]


class SkillMetaOut(Shape):
    """A skill by name: what its newest version says."""

    name: str
    description: str
    tags: list[str]
    latest_version: int
    latest_version_created_at: WireTime
    latest_version_last_updated_at: WireTime
    production_version: int | None


class SkillsMeta(PageMeta):
    """The `meta` of the list."""

    has_next_page: bool


class SkillsOut(Shape):
    """A page of skills."""

    data: list[SkillMetaOut]
    meta: SkillsMeta


class FileContentOut(Shape):
    """A content."""

    sha256_hash: str
    content: str


class FileContentsOut(Shape):
    """Contents, in the order that they were asked for."""

    data: list[FileContentOut]


class DeletedOut(Shape):
    """Says that it is gone."""

    deleted: bool
