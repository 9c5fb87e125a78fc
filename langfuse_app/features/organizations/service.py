"""Organisations, and who has which role in them and in their projects (spec/features.md §15)."""

from collections.abc import Mapping
from typing import Any

from langfuse_app.core.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from langfuse_app.core.scopes import InstanceScope, OrganizationScope, ProjectScope, Role
from langfuse_app.core.time import iso_ms
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.audit import service as audit
from langfuse_app.features.organizations import repository
from langfuse_app.features.organizations.models import Organization
from langfuse_app.features.organizations.repository import Change, Membership
from langfuse_app.features.organizations.schemas import MemberItem, OrganizationItem, OrganizationRequest

_LAST_OWNER = "Cannot remove the last owner of an organization. Assign new owner or delete organization."


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


def members(scope: OrganizationScope) -> list[MemberItem]:
    """The members of the organisation, longest standing first."""
    scope.require(Role.MEMBER)
    return [_member(row) for row in repository.members(scope)]


def member(scope: OrganizationScope, user_id: str) -> MemberItem | None:
    """One member, None for everybody else."""
    row = repository.member(scope, user_id)
    return _member(row) if row else None


def page_of_members(scope: OrganizationScope, email: str | None, offset: int, limit: int) -> tuple[list[MemberItem], int]:
    """Some members, all or the one with that e-mail, and how many there are."""
    rows, total = repository.page_of_members(scope, email, offset, limit)
    return [_member(row) for row in rows], total


def put_member(scope: OrganizationScope, user_id: str, role: Role | None) -> MemberItem:
    """Make a person a member, or give a member another role; None keeps a member's role, new ones get NONE.

    NotFoundError for nobody; ForbiddenError for members and viewers, for a role above one's own, and for the last owner's.
    """
    before = member(scope, user_id)
    _require_to_change(scope, role, before)
    outcome = repository.put_member(scope, user_id, role.value if role else None)
    _refuse_last_owner(outcome)
    after = member(scope, user_id)
    if after is None:
        raise NotFoundError("User not found")
    if outcome in ("created", "updated"):
        action = outcome.removesuffix("d")
        audit.record(scope, action, "orgMembership", user_id, before=before and before.wire(), after=after.wire())
    return after


def remove_member(scope: OrganizationScope, user_id: str) -> None:
    """End a membership and the roles in projects; no member is no error. ForbiddenError for the last owner."""
    before = member(scope, user_id)
    _require_to_change(scope, None, before)
    outcome = repository.remove_member(scope, user_id)
    _refuse_last_owner(outcome)
    if outcome == "removed":
        audit.record(scope, "delete", "orgMembership", user_id, before=before and before.wire())


def _require_to_change(scope: OrganizationScope | ProjectScope, role: Role | None, before: MemberItem | None) -> None:
    """Admins change roles, but who gives or takes ownership must be an owner."""
    touched = {role, before.role if before else None}
    scope.require(Role.OWNER if Role.OWNER in touched else Role.ADMIN)


def _refuse_last_owner(outcome: Change) -> None:
    if outcome == "last owner":
        raise ForbiddenError(_LAST_OWNER)


def is_member(scope: ProjectScope, user_id: str) -> bool:
    """Whether the person belongs to the organisation that owns the project, whatever their role in it."""
    return repository.is_member(scope, user_id)


def project_members(scope: ProjectScope) -> list[MemberItem]:
    """People with a role of their own in the project."""
    scope.require(Role.MEMBER)
    return [_member(row) for row in repository.project_members(scope)]


def put_project_member(scope: ProjectScope, user_id: str, role: Role) -> MemberItem:
    """Give a member of the organisation a role in the project; NotFoundError for others, ForbiddenError as `put_member`."""
    before = _project_member(scope, user_id)
    _require_to_change(scope, role, before)
    if not repository.put_project_member(scope, user_id, role.value):
        raise NotFoundError("User is not a member of this organization")
    after = _project_member(scope, user_id)
    if after is None:
        raise NotFoundError("Project membership not found")
    action = "update" if before else "create"
    audit.record(scope, action, "projectMembership", user_id, before=before and before.wire(), after=after.wire())
    return after


def remove_project_member(scope: ProjectScope, user_id: str) -> None:
    """Take a role in the project away; the one in the organisation holds again. NotFoundError, ForbiddenError."""
    before = _project_member(scope, user_id)
    _require_to_change(scope, None, before)
    if before is None or not repository.remove_project_member(scope, user_id):
        raise NotFoundError("Project membership not found")
    audit.record(scope, "delete", "projectMembership", user_id, before=before.wire())


def _project_member(scope: ProjectScope, user_id: str) -> MemberItem | None:
    row = repository.project_member(scope, user_id)
    return _member(row) if row else None


def _member(row: Mapping[str, Any]) -> MemberItem:
    return MemberItem(row["user_id"], Role(row["role"]), row["email"], row["name"], row["created_at"], row["updated_at"])


def all_organizations(scope: InstanceScope) -> list[OrganizationItem]:
    """Every organisation of this instance, oldest first."""
    return _items(repository.all_organizations(scope))


def get(scope: OrganizationScope) -> OrganizationItem:
    """The organisation of the scope; NotFoundError when it was deleted."""
    found = repository.organization(scope)
    if found is None:
        raise NotFoundError("Organization not found")
    return _items([found])[0]


def create(scope: InstanceScope, new: OrganizationRequest) -> OrganizationItem:
    """A new organisation without members."""
    item = _items([repository.add_organization(scope, new.name, new.metadata)])[0]
    audit.record(api_keys.organization_in(scope, item.id), "create", "organization", item.id, after=item.wire())
    return item


def update(scope: OrganizationScope, new: OrganizationRequest) -> OrganizationItem:
    """Rename the organisation, and replace its metadata where it is given."""
    scope.require(Role.ADMIN)
    before = get(scope)
    repository.change_organization(scope, {"name": new.name} | ({} if new.metadata is None else {"metadata_": new.metadata}))
    after = get(scope)
    audit.record(scope, "update", "organization", scope.org_id, before=before.wire(), after=after.wire())
    return after


def delete(scope: OrganizationScope) -> None:
    """Delete an organisation that has no projects; InvalidRequestError while it has, ConflictError while their data goes."""
    scope.require(Role.OWNER)
    before = get(scope)
    projects = repository.projects_of([scope.org_id])
    if before.projects:
        raise InvalidRequestError("Cannot delete organization with existing projects")
    if projects:
        raise ConflictError("Deleted projects of this organization are still being removed: try again later")
    api_keys.revoke_all(scope)
    repository.remove_organization(scope)
    audit.record(scope, "delete", "organization", scope.org_id, before=before.wire())


def _items(found: list[Organization]) -> list[OrganizationItem]:
    living: dict[str, list[dict[str, Any]]] = {entry.id: [] for entry in found}
    for row in repository.projects_of(list(living)):
        if row["deleted_at"] is None:
            stamps = {"createdAt": iso_ms(row["created_at"]), "updatedAt": iso_ms(row["updated_at"])}
            living[row["org_id"]].append({"id": row["id"], "name": row["name"], "metadata": row["metadata"] or {}} | stamps)
    return [OrganizationItem(entry.id, entry.name, entry.created_at, entry.metadata_ or {}, living[entry.id]) for entry in found]
