"""PostgreSQL statements of projects."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select, update

from langfuse_app.core.scopes import OrganizationScope, ProjectScope
from langfuse_app.features.projects.models import Project
from langfuse_app.stores.postgres import engine, session

_FIRST_START_LOCK = 0x6C66_6672  # any constant of ours


def project(scope: ProjectScope) -> Project | None:
    """The project of the scope, unless it is being deleted."""
    with session() as current:
        return current.exec(select(Project).where(Project.id == scope.project_id, col(Project.deleted_at).is_(None))).first()


def of_organization(scope: OrganizationScope) -> list[Project]:
    """The organisation's projects, oldest first."""
    with session() as current:
        mine = select(Project).where(Project.org_id == scope.org_id, col(Project.deleted_at).is_(None))
        return list(current.exec(mine.order_by(col(Project.created_at), col(Project.id))).all())


def add(scope: OrganizationScope, entry: Project) -> bool:
    """Write a new project of the organisation; False when a living one has its name."""
    with session() as current:
        if _name_taken(current, scope.org_id, entry.name, entry.id):
            return False
        current.add(entry)
        return True


def change(scope: ProjectScope, values: dict[str, Any]) -> bool:
    """Rewrite columns of the project; False when another one has the new name."""
    with session() as current:
        if _name_taken(current, scope.org_id, values["name"], scope.project_id):
            return False
        current.exec(update(Project).where(col(Project.id) == scope.project_id).values(**values))
        return True


def _name_taken(current: Session, org_id: str, name: str, but: str) -> bool:
    """Whether another living project of the organisation has the name; nobody else can take it until the commit."""
    current.connection().execute(text("SELECT 1 FROM organizations WHERE id = :id FOR UPDATE"), {"id": org_id})
    others = select(Project.id).where(Project.org_id == org_id, Project.name == name, Project.id != but, col(Project.deleted_at).is_(None))
    return current.exec(others.limit(1)).first() is not None


def mark_deleted(scope: ProjectScope, at: datetime) -> bool:
    """Hide the project; False when it is hidden already."""
    with session() as current:
        living = update(Project).where(col(Project.id) == scope.project_id, col(Project.deleted_at).is_(None))
        return current.exec(living.values(deleted_at=at)).rowcount > 0


def first() -> Project | None:
    """The oldest living project; asked at the first start only."""
    with session() as current:
        living = select(Project).where(col(Project.deleted_at).is_(None))
        return current.exec(living.order_by(col(Project.created_at), col(Project.id)).limit(1)).first()


def ensure(entry: Project) -> Project:
    """Create the project where it does not exist; an existing one stays as it is. The stored project."""
    with session() as current:
        known = current.get(Project, entry.id)
        if known is None:
            current.add(entry)
        return known or entry


@contextmanager
def first_start_lock() -> Generator[None]:
    """One process at a time prepares an empty installation."""
    with engine().connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _FIRST_START_LOCK})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _FIRST_START_LOCK})
