"""Shapes of projects (spec/api.md §4.13)."""

from dataclasses import dataclass
from typing import Any, TypedDict

from langfuse_app.core.scopes import Role


@dataclass(frozen=True, slots=True)
class ProjectSummary:
    """A project as a person sees it in a list, with the role that counts for them."""

    id: str
    name: str
    org_id: str
    org_name: str
    role: Role


@dataclass(frozen=True, slots=True)
class ProjectItem:
    """One project. retention_days None: data is kept."""

    id: str
    name: str
    org_id: str
    org_name: str
    metadata: dict[str, Any]
    retention_days: int | None


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What the first start made. Secrets are None when they existed before: only their hashes are kept."""

    project_id: str
    project_name: str
    public_key: str
    secret_key: str | None
    email: str
    password: str | None
    created: bool


class OrganizationV1(TypedDict):
    """The organisation inside of a project."""

    id: str
    name: str


class ProjectV1(TypedDict, total=False):
    """A project; `retentionDays` is left out when data is kept."""

    id: str
    name: str
    organization: OrganizationV1
    metadata: dict[str, Any]
    retentionDays: int


def project_v1(item: ProjectItem) -> ProjectV1:
    """The wire form."""
    wire = ProjectV1(id=item.id, name=item.name, organization=OrganizationV1(id=item.org_id, name=item.org_name), metadata=item.metadata)
    if item.retention_days:
        wire["retentionDays"] = item.retention_days
    return wire
