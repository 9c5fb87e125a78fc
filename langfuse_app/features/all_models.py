"""Every relational model in one place, so that SQLModel.metadata is whole when migrations and tests read it."""

from importlib import import_module

from sqlalchemy import Table
from sqlmodel import SQLModel

SLICES = (
    "accounts",
    "annotation_queues",
    "api_keys",
    "audit",
    "blob_storage",
    "comments",
    "datasets",
    "dashboards",
    "deletions",
    "evaluation_rules",
    "evaluators",
    "experiments",
    "feedback",
    "ingest",
    "llm_connections",
    "media",
    "models",
    "organizations",
    "projects",
    "prompts",
    "scores",
    "skills",
)


def _load() -> dict[str, Table]:
    for name in SLICES:
        import_module(f"langfuse_app.features.{name}.models")
    return dict(SQLModel.metadata.tables)


TABLES = _load()
