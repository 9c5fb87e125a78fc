"""PostgreSQL statements of organisations and memberships. They run before a project scope exists: roles make scopes."""

from collections.abc import Collection, Mapping
from typing import Any, Literal, NamedTuple

from sqlalchemy import text
from sqlmodel import Session, col, delete, select, update

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import InstanceScope, OrganizationScope, ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.organizations.models import Organization, OrganizationMembership, ProjectMembership
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


_PEOPLE = """
SELECT u.id AS user_id, m.role, u.email, u.name, u.created_at, u.updated_at
FROM {table} m JOIN users u ON u.id = m.user_id
WHERE m.{owner} = :owner"""
_MEMBERS = _PEOPLE.format(table="organization_memberships", owner="org_id")
_PROJECT_MEMBERS = _PEOPLE.format(table="project_memberships", owner="project_id")
_OLDEST_FIRST = " ORDER BY m.created_at, u.id"

Change = Literal["created", "updated", "unchanged", "removed", "absent", "nobody", "last owner"]
"""What became of a wish to change a membership."""


def _people(sql: str, **values: Any) -> list[Mapping[str, Any]]:
    with session() as current:
        return [dict(row) for row in current.connection().execute(text(sql), values).mappings()]


def members(scope: OrganizationScope) -> list[Mapping[str, Any]]:
    """The members with user_id, role, email, name, created_at, updated_at (of the person), longest standing first."""
    return _people(_MEMBERS + _OLDEST_FIRST, owner=scope.org_id)


def member(scope: OrganizationScope, user_id: str) -> Mapping[str, Any] | None:
    """One member."""
    return next(iter(_people(_MEMBERS + " AND u.id = :id", owner=scope.org_id, id=user_id)), None)


def page_of_members(scope: OrganizationScope, email: str | None, offset: int, limit: int) -> tuple[list[Mapping[str, Any]], int]:
    """Some members, all or the one with that e-mail, and how many there are."""
    condition = " AND (CAST(:email AS text) IS NULL OR u.email = :email)"
    values = {"owner": scope.org_id, "email": email}
    count = "SELECT count(*) FROM organization_memberships m JOIN users u ON u.id = m.user_id WHERE m.org_id = :owner"
    with session() as current:
        total = current.connection().execute(text(count + condition), values).scalar_one()
    rows = _people(f"{_MEMBERS}{condition}{_OLDEST_FIRST} LIMIT :limit OFFSET :offset", **values, limit=limit, offset=offset)
    return rows, total


def put_member(scope: OrganizationScope, user_id: str, role: str | None) -> Change:
    """Make the person a member, or give a member another role; None: whatever they have, NONE for new ones."""
    with session() as current:
        known = _locked_membership(current, scope.org_id, user_id)
        if known is None:
            if current.connection().execute(text("SELECT 1 FROM users WHERE id = :id"), {"id": user_id}).first() is None:
                return "nobody"
            current.add(OrganizationMembership(org_id=scope.org_id, user_id=user_id, role=role or "NONE"))
            return "created"
        if role is None or known.role == role:
            return "unchanged"
        if known.role == "OWNER" and _owners(current, scope.org_id) < 2:
            return "last owner"
        current.exec(
            update(OrganizationMembership).where(col(OrganizationMembership.id) == known.id).values(role=role, updated_at=utcnow())
        )
        return "updated"


def remove_member(scope: OrganizationScope, user_id: str) -> Change:
    """End a membership, and the roles in projects with it."""
    with session() as current:
        known = _locked_membership(current, scope.org_id, user_id)
        if known is None:
            return "absent"
        if known.role == "OWNER" and _owners(current, scope.org_id) < 2:
            return "last owner"
        current.exec(delete(OrganizationMembership).where(col(OrganizationMembership.id) == known.id))
        return "removed"


def _locked_membership(current: Session, org_id: str, user_id: str) -> OrganizationMembership | None:
    """The membership, while nobody else can change one of the organisation: two owners cannot remove each other."""
    current.connection().execute(text("SELECT 1 FROM organizations WHERE id = :id FOR UPDATE"), {"id": org_id})
    known = select(OrganizationMembership).where(OrganizationMembership.org_id == org_id, OrganizationMembership.user_id == user_id)
    return current.exec(known).first()


def _owners(current: Session, org_id: str) -> int:
    sql = "SELECT count(*) FROM organization_memberships WHERE org_id = :id AND role = 'OWNER'"
    return current.connection().execute(text(sql), {"id": org_id}).scalar_one()


def project_members(scope: ProjectScope) -> list[Mapping[str, Any]]:
    """People with a role of their own in the project; columns as `members`."""
    return _people(_PROJECT_MEMBERS + _OLDEST_FIRST, owner=scope.project_id)


def project_member(scope: ProjectScope, user_id: str) -> Mapping[str, Any] | None:
    """One of them."""
    return next(iter(_people(_PROJECT_MEMBERS + " AND u.id = :id", owner=scope.project_id, id=user_id)), None)


_PUT_PROJECT_MEMBER = """
INSERT INTO project_memberships (project_id, user_id, org_membership_id, role, created_at, updated_at)
SELECT :project_id, user_id, id, :role, :now, :now FROM organization_memberships WHERE org_id = :org_id AND user_id = :user_id
ON CONFLICT (project_id, user_id) DO UPDATE SET role = EXCLUDED.role, updated_at = EXCLUDED.updated_at"""


def put_project_member(scope: ProjectScope, user_id: str, role: str) -> bool:
    """Give a member of the organisation a role in the project; False when they are none."""
    values = {"project_id": scope.project_id, "org_id": scope.org_id, "user_id": user_id, "role": role, "now": utcnow()}
    with session() as current:
        return current.connection().execute(text(_PUT_PROJECT_MEMBER), values).rowcount > 0


def remove_project_member(scope: ProjectScope, user_id: str) -> bool:
    """Take that role away; False when there was none."""
    with session() as current:
        mine = delete(ProjectMembership).where(
            col(ProjectMembership.project_id) == scope.project_id, col(ProjectMembership.user_id) == user_id
        )
        return current.exec(mine).rowcount > 0


def all_organizations(scope: InstanceScope) -> list[Organization]:
    """Every organisation, oldest first."""
    with session() as current:
        return list(current.exec(select(Organization).order_by(col(Organization.created_at), col(Organization.id))).all())


def organization(scope: OrganizationScope) -> Organization | None:
    """The organisation of the scope."""
    with session() as current:
        return current.get(Organization, scope.org_id)


_PROJECTS = """
SELECT org_id, id, name, metadata, created_at, updated_at, deleted_at FROM projects
WHERE org_id = ANY(:ids) ORDER BY created_at, id"""


def projects_of(org_ids: Collection[str]) -> list[Mapping[str, Any]]:
    """The projects of those organisations, oldest first; `deleted_at` stands where the data is still being removed."""
    return _people(_PROJECTS, ids=list(org_ids))


def add_organization(scope: InstanceScope, name: str, metadata: dict[str, Any] | None) -> Organization:
    """Write a new organisation."""
    entry = Organization(id=new_id(), name=name, metadata_=metadata)
    with session() as current:
        current.add(entry)
    return entry


def change_organization(scope: OrganizationScope, values: dict[str, Any]) -> None:
    """Rewrite columns of the organisation."""
    with session() as current:
        current.exec(update(Organization).where(col(Organization.id) == scope.org_id).values(**values, updated_at=utcnow()))


def remove_organization(scope: OrganizationScope) -> None:
    """Delete the organisation with its memberships and keys."""
    with session() as current:
        current.exec(delete(Organization).where(col(Organization.id) == scope.org_id))


def is_member(scope: ProjectScope, user_id: str) -> bool:
    """Whether the person belongs to the organisation that owns the project, whatever their role in it."""
    statement = select(OrganizationMembership.id).where(
        OrganizationMembership.org_id == scope.org_id, OrganizationMembership.user_id == user_id
    )
    with session() as current:
        return current.exec(statement).first() is not None
