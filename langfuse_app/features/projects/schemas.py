"""Shapes of projects (spec/api.md §4.13, §13.1)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from langfuse_app.core.scopes import Role
from langfuse_app.core.shapes import WHOLE, Body, Shape, examples
from langfuse_app.core.time import iso_ms
from langfuse_app.features.organizations.schemas import JsonObject, OrganizationProjectOut


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
    created_at: datetime
    updated_at: datetime

    def wire(self) -> dict[str, Any]:
        """The Project of the contract; `retentionDays` is left out when data is kept."""
        shown = {"id": self.id, "name": self.name, "organization": {"id": self.org_id, "name": self.org_name}, "metadata": self.metadata}
        return shown | ({"retentionDays": self.retention_days} if self.retention_days else {})

    def in_organization(self) -> dict[str, Any]:
        """The OrganizationProject of the contract."""
        stamps = {"createdAt": iso_ms(self.created_at), "updatedAt": iso_ms(self.updated_at)}
        return {"id": self.id, "name": self.name, "metadata": self.metadata} | stamps


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


def _days(value: int) -> int:
    if value in (1, 2):
        raise ValueError("Invalid retention value. Must be 0 or at least 3 days.")
    return value


class ProjectRequest(Body):
    """Body of POST and PUT; retention in days, 0: data is kept. PUT leaves what is absent as it is."""

    model_config = examples({"name": "Support copilot", "retention": 0, "metadata": {"team": "support"}})

    name: Annotated[str, Field(min_length=3, max_length=60)]
    metadata: JsonObject = None
    retention: Annotated[int, Field(ge=0, le=36_500), AfterValidator(_days), WHOLE] | None = None


class OrganizationRef(BaseModel):
    """The organisation inside of a project."""

    id: str
    name: str


class ProjectOut(Shape):
    """A project; `retentionDays` is absent when data is kept."""

    id: str
    name: str
    organization: OrganizationRef
    metadata: dict[str, Any]
    retention_days: int | None = None


class ProjectsOut(BaseModel):
    """The one project of a key; empty when it is being deleted."""

    data: list[ProjectOut]


class OrganizationProjectsOut(BaseModel):
    """The projects of an organisation."""

    projects: list[OrganizationProjectOut]


class ProjectDeletionOut(BaseModel):
    """The project is hidden; its data goes in the background."""

    success: bool
    message: str
