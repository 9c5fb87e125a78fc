"""datasets

Revision: 0003
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "datasets",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("project_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("description", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("metadata", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("input_schema", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("expected_output_schema", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("project_id", "name"),
    )
    op.create_index("datasets_by_time", "datasets", ["project_id", sa.text("created_at DESC"), "id"], unique=False)
    op.create_table(
        "dataset_items",
        sa.Column("project_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("input", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("expected_output", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("metadata", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("source_trace_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("source_observation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project_id", "id", "valid_from"),
    )
    newest = sa.text("valid_to IS NULL")
    op.create_index("dataset_items_newest", "dataset_items", ["project_id", "id"], unique=True, postgresql_where=newest)
    by_time = ["project_id", "dataset_id", sa.text("created_at DESC"), "id"]
    op.create_index("dataset_items_by_time", "dataset_items", by_time, unique=False, postgresql_where=newest)
    op.create_index("dataset_items_versions", "dataset_items", ["project_id", "dataset_id", "valid_from"], unique=False)
    op.create_index(
        "dataset_items_by_trace",
        "dataset_items",
        ["project_id", "source_trace_id"],
        unique=False,
        postgresql_where=sa.text("source_trace_id IS NOT NULL"),
    )
    op.create_table(
        "dataset_runs",
        sa.Column("project_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("dataset_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("description", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("metadata", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project_id", "id"),
    )
    of_dataset = ["project_id", "dataset_id", sa.text("created_at DESC"), "id"]
    op.create_index("dataset_runs_of_dataset", "dataset_runs", of_dataset, unique=False)
    op.create_table(
        "dataset_run_items",
        sa.Column("project_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("run_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("dataset_item_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("dataset_item_version", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trace_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("observation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id", "run_id"], ["dataset_runs.project_id", "dataset_runs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project_id", "id"),
    )
    of_run = ["project_id", "run_id", sa.text("created_at DESC"), "id"]
    op.create_index("dataset_run_items_of_run", "dataset_run_items", of_run, unique=False)
    by_start = ["project_id", sa.text("started_at DESC"), sa.text("id DESC")]
    included = ["run_id", "ended_at"]
    op.create_index("dataset_run_items_by_start", "dataset_run_items", by_start, unique=False, postgresql_include=included)
    op.create_index("dataset_run_items_by_trace", "dataset_run_items", ["project_id", "trace_id"], unique=False)
    op.create_index("dataset_run_items_of_item", "dataset_run_items", ["project_id", "dataset_item_id"], unique=False)


def downgrade() -> None:
    for table in ("dataset_run_items", "dataset_runs", "dataset_items", "datasets"):
        op.drop_table(table)
