"""evaluators

Revision: 0009
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString


def _stamps() -> list[sa.Column]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]


def _of_project() -> list[sa.schema.SchemaItem]:
    return [
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("project_id", "name"),
    ]


def upgrade() -> None:
    op.create_table(
        "evaluators",
        sa.Column("id", _TEXT(), nullable=False),
        sa.Column("project_id", _TEXT(), nullable=False),
        *_stamps(),
        sa.Column("name", _TEXT(), nullable=False),
        sa.Column("type", _TEXT(), nullable=False),
        *_of_project(),
    )
    op.create_table(
        "evaluator_versions",
        sa.Column("id", _TEXT(), nullable=False),
        sa.Column("evaluator_id", _TEXT(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("prompt", _TEXT(), nullable=True),
        sa.Column("provider", _TEXT(), nullable=True),
        sa.Column("model", _TEXT(), nullable=True),
        sa.Column("variables", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("mapping", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("output_definition", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("source_code", _TEXT(), nullable=True),
        sa.Column("source_code_language", _TEXT(), nullable=True),
        sa.ForeignKeyConstraint(["evaluator_id"], ["evaluators.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("evaluator_id", "version"),
    )
    op.create_table(
        "evaluation_rules",
        sa.Column("id", _TEXT(), nullable=False),
        sa.Column("project_id", _TEXT(), nullable=False),
        *_stamps(),
        sa.Column("name", _TEXT(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("target", _TEXT(), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("sampling", sa.Float(), nullable=False),
        sa.Column("assignments", sa.JSON(), nullable=False),
        *_of_project(),
    )


def downgrade() -> None:
    op.drop_table("evaluation_rules")
    op.drop_table("evaluator_versions")
    op.drop_table("evaluators")
