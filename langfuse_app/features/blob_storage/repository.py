"""PostgreSQL statements of blob-storage integrations."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, delete, select, update

from langfuse_app.core.scopes import OrganizationScope, ProjectScope
from langfuse_app.features.blob_storage.models import BlobStorageIntegration
from langfuse_app.features.projects.models import Project
from langfuse_app.stores.postgres import session


def of_organization(scope: OrganizationScope) -> list[BlobStorageIntegration]:
    """The integrations of all projects of the organisation, by project id."""
    statement = select(BlobStorageIntegration).join(Project).where(Project.org_id == scope.org_id, col(Project.deleted_at).is_(None))
    with session() as current:
        return list(current.exec(statement.order_by(col(BlobStorageIntegration.project_id))).all())


def one(scope: ProjectScope) -> BlobStorageIntegration | None:
    """The integration of the project."""
    with session() as current:
        return current.get(BlobStorageIntegration, scope.project_id)


def put(integration: BlobStorageIntegration) -> BlobStorageIntegration:
    """Store the integration of a project in place of what it had."""
    insert = upsert(BlobStorageIntegration).values(integration.model_dump())
    changed = {name: insert.excluded[name] for name in BlobStorageIntegration.model_fields if name not in ("project_id", "created_at")}
    with session() as current:
        current.connection().execute(insert.on_conflict_do_update(index_elements=["project_id"], set_=changed))
        return current.exec(select(BlobStorageIntegration).where(BlobStorageIntegration.project_id == integration.project_id)).one()


def remove(scope: ProjectScope) -> bool:
    """Delete the integration of the project; False when it has none."""
    with session() as current:
        mine = col(BlobStorageIntegration.project_id) == scope.project_id
        return current.exec(delete(BlobStorageIntegration).where(mine)).rowcount > 0


def due(now: datetime) -> list[tuple[str, str]]:
    """Project and organisation of every integration that is due: for the worker, who serves all projects."""
    statement = (
        select(BlobStorageIntegration.project_id, Project.org_id)
        .join(Project)
        .where(
            col(BlobStorageIntegration.enabled),
            col(BlobStorageIntegration.next_sync_at) <= now,
            col(Project.deleted_at).is_(None),
        )
    )
    with session() as current:
        return list(current.exec(statement).all())


def note(scope: ProjectScope, **values: Any) -> None:
    """Write down how an export is doing; nothing when the integration is gone meanwhile."""
    mine = col(BlobStorageIntegration.project_id) == scope.project_id
    with session() as current:
        current.exec(update(BlobStorageIntegration).where(mine).values(**values))
