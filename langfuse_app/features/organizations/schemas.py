"""Shapes of organisations and memberships (spec/api.md §4.13, §13.1, §13.2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, BeforeValidator, Field

from langfuse_app.core.scopes import Role
from langfuse_app.core.shapes import Body, Shape, WireTime, examples
from langfuse_app.core.time import iso_ms


@dataclass(frozen=True, slots=True)
class MemberItem:
    """A person and their role in an organisation or a project."""

    user_id: str
    role: Role
    email: str
    name: str | None
    created_at: datetime
    updated_at: datetime

    def wire(self) -> dict[str, Any]:
        """The MembershipResponse of the contract."""
        return {"userId": self.user_id, "role": self.role.value, "email": self.email, "name": self.name}


@dataclass(frozen=True, slots=True)
class OrganizationItem:
    """An organisation with its living projects, in the form of the wire."""

    id: str
    name: str
    created_at: datetime
    metadata: dict[str, Any]
    projects: list[dict[str, Any]]

    def wire(self) -> dict[str, Any]:
        """The Organization of the administration document."""
        stamps = {"id": self.id, "name": self.name, "createdAt": iso_ms(self.created_at)}
        return stamps | {"metadata": self.metadata, "projects": self.projects}


def _object(value: Any) -> Any:
    """Metadata may come as the text of an object."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise ValueError("Invalid metadata. Should be a valid JSON object") from error


JsonObject = Annotated[dict[str, Any] | None, BeforeValidator(_object)]
"""Metadata of an organisation or a project."""

_Id = Annotated[str, Field(min_length=1, max_length=1000)]


class MembershipRequest(Body):
    """Body of PUT …/memberships."""

    model_config = examples({"userId": "5f0eac9f-0ef2-49b0-89f5-31578ffe515a", "role": "MEMBER"})

    user_id: _Id
    role: Role


class DeleteMembershipRequest(Body):
    """Body of DELETE …/memberships."""

    model_config = examples({"userId": "5f0eac9f-0ef2-49b0-89f5-31578ffe515a"})

    user_id: _Id


class MembershipOut(Shape):
    """A member."""

    user_id: str
    role: Role
    email: str
    name: str | None


class MembershipsOut(BaseModel):
    """The members, longest standing first."""

    memberships: list[MembershipOut]


class MembershipDeletionOut(Shape):
    """The membership is gone."""

    message: str
    user_id: str


class OrganizationRequest(Body):
    """Body of POST and PUT of an organisation; PUT leaves absent metadata as it is."""

    model_config = examples({"name": "Northwind Labs", "metadata": {"region": "eu"}})

    name: Annotated[str, Field(min_length=3, max_length=60)]
    metadata: JsonObject = None


class OrganizationProjectOut(Shape):
    """A project in the list of its organisation."""

    id: str
    name: str
    metadata: dict[str, Any] | None
    created_at: WireTime
    updated_at: WireTime


class OrganizationOut(Shape):
    """An organisation and its projects."""

    id: str
    name: str
    created_at: WireTime
    metadata: dict[str, Any]
    projects: list[OrganizationProjectOut]


class OrganizationsOut(BaseModel):
    """Every organisation of this instance."""

    organizations: list[OrganizationOut]
