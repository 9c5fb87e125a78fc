"""PostgreSQL statements of projects."""

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import text
from sqlmodel import col, select

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.projects.models import Project
from langfuse_app.stores.postgres import engine, session

_FIRST_START_LOCK = 0x6C66_6672  # any constant of ours


def project(scope: ProjectScope) -> Project | None:
    """The project of the scope, unless it is being deleted."""
    with session() as current:
        return current.exec(select(Project).where(Project.id == scope.project_id, col(Project.deleted_at).is_(None))).first()


def first() -> Project | None:
    """The oldest project; asked at the first start only."""
    with session() as current:
        return current.exec(select(Project).order_by(col(Project.created_at), col(Project.id)).limit(1)).first()


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
