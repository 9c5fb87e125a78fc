"""Shapes of SCIM 2.0, as far as the contract has it (spec/api.md §4.16, §13.1)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StrictBool, model_validator

from langfuse_app.core.scopes import Role
from langfuse_app.core.shapes import Body, Shape, examples
from langfuse_app.core.time import iso_ms

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
PATH = "/api/public/scim"


@dataclass(frozen=True, slots=True)
class ScimUser:
    """A person as an identity provider sees them; `active`: a member of the organisation."""

    id: str
    email: str
    name: str | None
    created_at: datetime
    updated_at: datetime
    active: bool

    def wire(self) -> dict[str, Any]:
        """The User resource."""
        return {
            "schemas": [USER],
            "id": self.id,
            "userName": self.email,
            "name": {"formatted": self.name},
            "emails": [{"primary": True, "value": self.email, "type": "work"}],
            "active": self.active,
            "meta": {
                "resourceType": "User",
                "created": iso_ms(self.created_at),
                "lastModified": iso_ms(self.updated_at),
                "location": f"{PATH}/Users/{self.id}",
            },
        }


def _role(value: Any) -> Role | None:
    """The first role that we know of a list of texts or of {"value": text}; None when there is none."""
    given: list[Any] = value if isinstance(value, list) else []
    texts = [one.get("value") if isinstance(one, dict) else one for one in given]
    return next((Role(text) for text in texts if text in list(Role)), None)


FirstRole = Annotated[Role | None, BeforeValidator(_role, json_schema_input_type=Any)]


class _ScimBody(Body):
    """Some providers send their JSON as the text of a JSON value."""

    @model_validator(mode="before")
    @classmethod
    def _parsed(cls, value: Any) -> Any:
        if not isinstance(value, str | bytes):
            return value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise ValueError("Invalid JSON body") from error


class ScimName(BaseModel):
    """A person's name."""

    formatted: str | None = None


class CreateUserRequest(_ScimBody):
    """Body of POST /Users. E-mails and passwords are not taken: the user name is the e-mail, and sign-in is the provider's."""

    model_config = examples({"userName": "ada@example.com", "name": {"formatted": "Ada Lovelace"}, "roles": ["MEMBER"]})

    user_name: Annotated[str, Field(min_length=1, max_length=320)]
    name: ScimName | None = None
    display_name: str | None = None
    roles: FirstRole = None


def _of_user(value: list[str]) -> list[str]:
    if USER not in value:
        raise ValueError(f"Invalid request body. Must include 'schemas' with '{USER}'.")
    return value


def _of_patch(value: list[str]) -> list[str]:
    if PATCH not in value:
        raise ValueError(f"Invalid request body. Must include 'schemas' with '{PATCH}'.")
    return value


class ReplaceUserRequest(_ScimBody):
    """Body of PUT /Users/{id}: `active` and `roles` count."""

    model_config = examples({"schemas": [USER], "active": True, "roles": ["ADMIN"]})

    schemas: Annotated[list[str], AfterValidator(_of_user)]
    active: StrictBool | None = None
    roles: FirstRole = None


class Standing(Body):
    """What a patch may replace."""

    active: bool | None = None
    roles: FirstRole = None


class Operation(Body):
    """One operation of a patch: the values together, or one value under its path."""

    op: str
    path: str | None = None
    value: Any = None

    def standing(self) -> Standing:
        """What it asks for; ValueError when it is anything but replacing `active` or `roles`."""
        value = {self.path: self.value} if self.path else self.value
        if self.op.lower() != "replace" or not isinstance(value, dict) or not {"active", "roles"} & value.keys():
            raise ValueError(
                "Unsupported operation or invalid value in request body. Only 'replace' with 'active' or 'roles' is supported."
            )
        return Standing.model_validate(value)


class PatchUserRequest(_ScimBody):
    """Body of PATCH /Users/{id}."""

    model_config = examples({"schemas": [PATCH], "Operations": [{"op": "replace", "value": {"active": False}}]})

    schemas: Annotated[list[str], AfterValidator(_of_patch)]
    operations: Annotated[list[Operation], Field(alias="Operations")]


class ScimEmail(BaseModel):
    """An e-mail address."""

    primary: bool
    value: str
    type: str


class UserMeta(Shape):
    """What kind of thing it is, and since when."""

    resource_type: str
    created: str | None
    last_modified: str | None
    location: str


class ScimUserOut(Shape):
    """A User resource."""

    schemas: list[str]
    id: str
    user_name: str
    name: ScimName
    emails: list[ScimEmail]
    active: bool
    meta: UserMeta


class ScimUsersOut(Shape):
    """A page of User resources; `startIndex` counts from 1."""

    schemas: list[str]
    total_results: int
    start_index: int
    items_per_page: int
    resources: Annotated[list[ScimUserOut], Field(alias="Resources")]


class Discovery(BaseModel):
    """A document that says what this service provider can do (RFC 7643 §5 to §7)."""

    schemas: list[str]


class EmptyOut(BaseModel):
    """Done."""
