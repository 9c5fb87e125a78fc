"""Members of an organisation as an identity provider keeps them (spec/api.md §4.16)."""

import re

from langfuse_app.core.errors import ConflictError, InvalidRequestError, NotFoundError
from langfuse_app.core.scopes import OrganizationScope, Role
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.organizations import service as organizations
from langfuse_app.features.organizations.schemas import MemberItem
from langfuse_app.features.scim.schemas import CreateUserRequest, PatchUserRequest, ScimUser

_FILTER = re.compile(r'\s*userName\s+eq\s+"([^"\x00]+)"\s*', re.IGNORECASE)


def users(scope: OrganizationScope, filter: str | None, start_index: int, count: int) -> tuple[list[ScimUser], int]:
    """Members from the `start_index`th (counted from 1) on, and how many there are. InvalidRequestError for other filters."""
    email = _email_of(filter) if filter else None
    found, total = organizations.page_of_members(scope, email, max(start_index, 1) - 1, max(count, 0))
    return [_user(item) for item in found], total


def _email_of(filter: str) -> str:
    match = _FILTER.fullmatch(filter)
    if match is None:
        raise InvalidRequestError('Only the filter userName eq "…" is supported')
    return accounts.normal_email(match[1])


def get(scope: OrganizationScope, user_id: str) -> ScimUser:
    """One member; NotFoundError for everybody else."""
    found = organizations.member(scope, user_id)
    if found is None:
        raise NotFoundError("User not found in organization")
    return _user(found)


def create(scope: OrganizationScope, new: CreateUserRequest) -> ScimUser:
    """Make somebody a member, with an account where they have none; ConflictError for members."""
    name = new.name.formatted if new.name else None
    user_id = accounts.ensure_user(new.user_name, name or new.display_name)
    if organizations.member(scope, user_id) is not None:
        raise ConflictError("User with this userName already exists")
    return _user(organizations.put_member(scope, user_id, new.roles or Role.NONE))


def patch(scope: OrganizationScope, user_id: str, wanted: PatchUserRequest) -> ScimUser:
    """Apply each operation in turn; InvalidRequestError before any is applied when one cannot be."""
    try:
        steps = [operation.standing() for operation in wanted.operations]
    except ValueError as error:
        raise InvalidRequestError(str(error)) from error
    if not steps:
        raise InvalidRequestError("Invalid request body. Must include 'Operations' array with at least one operation.")
    return [put_standing(scope, user_id, step.active, step.roles) for step in steps][-1]


def put_standing(scope: OrganizationScope, user_id: str, active: bool | None, role: Role | None) -> ScimUser:
    """Let somebody in, put them out, or give a member another role.

    NotFoundError for nobody, ForbiddenError for the last owner; a role that is not given stays, new members get NONE.
    """
    person = accounts.person(user_id)
    if person is None:
        raise NotFoundError("User not found")
    member = organizations.member(scope, user_id)
    if active is False:
        organizations.remove_member(scope, user_id)
        member = None
    elif active or (member is not None and role is not None):
        member = organizations.put_member(scope, user_id, role)
    return ScimUser(person.id, person.email, person.name, person.created_at, person.updated_at, active=member is not None)


def remove(scope: OrganizationScope, user_id: str) -> None:
    """End the membership; the account stays. NotFoundError for nobody."""
    put_standing(scope, user_id, active=False, role=None)


def _user(item: MemberItem) -> ScimUser:
    return ScimUser(item.user_id, item.email, item.name, item.created_at, item.updated_at, active=True)
