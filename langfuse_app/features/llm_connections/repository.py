"""PostgreSQL statements of LLM connections."""

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, delete, select

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.llm_connections.models import LlmApiKey
from langfuse_app.stores.postgres import session


def page(scope: ProjectScope, limit: int, offset: int) -> tuple[list[LlmApiKey], int]:
    """Connections of the project, newest first, and how many there are."""
    mine = LlmApiKey.project_id == scope.project_id
    with session() as current:
        order = (col(LlmApiKey.created_at).desc(), col(LlmApiKey.id).desc())
        found = current.exec(select(LlmApiKey).where(mine).order_by(*order).limit(limit).offset(offset)).all()
        return list(found), current.exec(select(func.count()).select_from(LlmApiKey).where(mine)).one()


def one(scope: ProjectScope, connection_id: str) -> LlmApiKey | None:
    """The connection of that id in the project."""
    with session() as current:
        return current.exec(select(LlmApiKey).where(LlmApiKey.project_id == scope.project_id, LlmApiKey.id == connection_id)).first()


def named(scope: ProjectScope, provider: str) -> LlmApiKey | None:
    """The connection of that provider name in the project."""
    with session() as current:
        return current.exec(select(LlmApiKey).where(LlmApiKey.project_id == scope.project_id, LlmApiKey.provider == provider)).first()


def providers(scope: ProjectScope) -> list[str]:
    """The provider names of the project's connections."""
    with session() as current:
        return list(current.exec(select(LlmApiKey.provider).where(LlmApiKey.project_id == scope.project_id)))


def put(wanted: LlmApiKey) -> LlmApiKey:
    """Store a connection in place of the one of its name, whose id and age stay."""
    insert = upsert(LlmApiKey).values(wanted.model_dump())
    changed = {name: insert.excluded[name] for name in LlmApiKey.model_fields if name not in ("id", "created_at", "project_id", "provider")}
    statement = insert.on_conflict_do_update(index_elements=["project_id", "provider"], set_=changed)
    with session() as current:
        current.connection().execute(statement)
        found = select(LlmApiKey).where(LlmApiKey.project_id == wanted.project_id, LlmApiKey.provider == wanted.provider)
        return current.exec(found).one()


def remove(scope: ProjectScope, connection_id: str) -> bool:
    """Delete a connection; False when the project has none of that id."""
    with session() as current:
        mine = (col(LlmApiKey.project_id) == scope.project_id, col(LlmApiKey.id) == connection_id)
        return current.exec(delete(LlmApiKey).where(*mine)).rowcount > 0
