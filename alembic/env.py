"""Alembic runs inside our process, on the connection that holds the migration lock."""

from sqlmodel import SQLModel

from alembic import context
from langfuse_app.features import all_models

assert all_models.TABLES, "the models must be imported before their metadata is read"

context.configure(connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
