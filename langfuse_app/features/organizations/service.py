"""Organisations and roles."""

from langfuse_app.core.scopes import Role
from langfuse_app.features.organizations import repository
from langfuse_app.features.organizations.repository import Membership


def memberships(user_id: str) -> list[Membership]:
    """All projects that the person can open, by organisation and name."""
    return repository.memberships(user_id)


def membership(user_id: str, project_id: str) -> Membership | None:
    """The person's standing in one project; None when they have none there."""
    return repository.membership(user_id, project_id)


def first_id() -> str | None:
    """The id of the oldest organisation, None in an empty installation."""
    organization = repository.first()
    return organization.id if organization else None


def name(org_id: str) -> str:
    """The name of an organisation that exists."""
    return repository.name(org_id)


def ensure(org_id: str, name: str) -> None:
    """Create the organisation where it does not exist."""
    repository.ensure(org_id, name)


def ensure_owner(org_id: str, user_id: str) -> None:
    """Make the person an owner of the organisation, unless they are a member already."""
    repository.ensure_member(org_id, user_id, Role.OWNER.value)
