"""Routes of SCIM (spec/api.md §3.1, §4.16)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from langfuse_app.api.auth import ScimClient
from langfuse_app.api.documented import scim_answers
from langfuse_app.api.params import Params
from langfuse_app.features.scim import discovery, service
from langfuse_app.features.scim.schemas import (
    LIST,
    CreateUserRequest,
    Discovery,
    EmptyOut,
    PatchUserRequest,
    ReplaceUserRequest,
    ScimUserOut,
    ScimUsersOut,
)

router = APIRouter(prefix="/api/public/scim", tags=["scim"])


class UserQuery(Params):
    """Query of GET /Users; `startIndex` counts from 1."""

    filter: str | None = None
    start_index: int = Field(1, le=1_000_000_000)
    count: int = 100


@router.get("/ServiceProviderConfig", responses=scim_answers(Discovery))
def service_provider_config(scope: ScimClient) -> dict[str, Any]:
    """What this server can do."""
    return discovery.SERVICE_PROVIDER


@router.get("/ResourceTypes", responses=scim_answers(Discovery))
def resource_types(scope: ScimClient) -> dict[str, Any]:
    """What kinds of resources there are: users."""
    return discovery.RESOURCE_TYPES


@router.get("/Schemas", responses=scim_answers(Discovery))
def schemas(scope: ScimClient) -> dict[str, Any]:
    """What a user looks like."""
    return discovery.SCHEMAS


@router.get("/Users", responses=scim_answers(ScimUsersOut))
def list_users(scope: ScimClient, query: Annotated[UserQuery, Query()]) -> dict[str, Any]:
    """Members of the organisation, all or one by `userName eq "…"`."""
    found, total = service.users(scope, query.filter, query.start_index, min(query.count, 1000))
    page = {"schemas": [LIST], "totalResults": total, "startIndex": max(query.start_index, 1), "itemsPerPage": len(found)}
    return page | {"Resources": [user.wire() for user in found]}


@router.post("/Users", status_code=201, responses=scim_answers(ScimUserOut, 409, status=201))
def create_user(scope: ScimClient, body: CreateUserRequest) -> dict[str, Any]:
    """Make somebody a member, with an account where they have none."""
    return service.create(scope, body).wire()


@router.get("/Users/{user_id}", responses=scim_answers(ScimUserOut, 404))
def get_user(scope: ScimClient, user_id: str) -> dict[str, Any]:
    """One member."""
    return service.get(scope, user_id).wire()


@router.put("/Users/{user_id}", responses=scim_answers(ScimUserOut, 404))
def replace_user(scope: ScimClient, user_id: str, body: ReplaceUserRequest) -> dict[str, Any]:
    """Let somebody in (`active: true`), put them out (`active: false`), or change a member's role."""
    return service.put_standing(scope, user_id, body.active, body.roles).wire()


@router.patch("/Users/{user_id}", responses=scim_answers(ScimUserOut, 404))
def patch_user(scope: ScimClient, user_id: str, body: PatchUserRequest) -> dict[str, Any]:
    """The same, by operations."""
    return service.patch(scope, user_id, body).wire()


@router.delete("/Users/{user_id}", responses=scim_answers(EmptyOut, 404))
def delete_user(scope: ScimClient, user_id: str) -> dict[str, Any]:
    """End a membership; the account stays. The answer has a body because every SDK reads one."""
    service.remove(scope, user_id)
    return {}
