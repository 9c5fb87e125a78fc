"""PostgreSQL statements of organisations and memberships. They run before a project scope exists: roles make scopes."""

from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import col, select

from langfuse_app.features.organizations.models import Organization, OrganizationMembership
from langfuse_app.stores.postgres import session


class Membership(NamedTuple):
    """A person's standing in one project; `role` is the project's where it has one, else the organisation's."""

    project_id: str
    project_name: str
    org_id: str
    org_name: str
    role: str


_MEMBERSHIPS = """
SELECT p.id, p.name, o.id, o.name, COALESCE(pm.role, om.role)
FROM organization_memberships om
JOIN organizations o ON o.id = om.org_id
JOIN projects p ON p.org_id = o.id AND p.deleted_at IS NULL
LEFT JOIN project_memberships pm ON pm.project_id = p.id AND pm.user_id = om.user_id
WHERE om.user_id = :user_id AND COALESCE(pm.role, om.role) <> 'NONE'
"""


def memberships(user_id: str) -> list[Membership]:
    """All projects that the person can open, by organisation and name."""
    with session() as current:
        rows = current.connection().execute(text(_MEMBERSHIPS + "ORDER BY o.name, o.id, p.name, p.id"), {"user_id": user_id})
        return [Membership(*row) for row in rows]


def membership(user_id: str, project_id: str) -> Membership | None:
    """The person's standing in one project; None when they have none there."""
    with session() as current:
        values = {"user_id": user_id, "project_id": project_id}
        row = current.connection().execute(text(_MEMBERSHIPS + "AND p.id = :project_id"), values).first()
        return Membership(*row) if row else None


def first() -> Organization | None:
    """The oldest organisation."""
    with session() as current:
        return current.exec(select(Organization).order_by(col(Organization.created_at), col(Organization.id)).limit(1)).first()


def name(org_id: str) -> str:
    """The name of an organisation that exists."""
    with session() as current:
        return current.exec(select(Organization.name).where(Organization.id == org_id)).one()


def ensure(org_id: str, name: str) -> None:
    """Create the organisation where it does not exist; an existing one keeps its name."""
    with session() as current:
        if current.get(Organization, org_id) is None:
            current.add(Organization(id=org_id, name=name))


def ensure_member(org_id: str, user_id: str, role: str) -> None:
    """Make the person a member; an existing membership keeps its role."""
    with session() as current:
        known = select(OrganizationMembership).where(OrganizationMembership.org_id == org_id, OrganizationMembership.user_id == user_id)
        if current.exec(known).first() is None:
            current.add(OrganizationMembership(org_id=org_id, user_id=user_id, role=role))
