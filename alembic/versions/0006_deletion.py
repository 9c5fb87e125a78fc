"""deletion

Revision: 0006
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deletions",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("project_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("org_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("object_ids", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("actor_kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("columnar_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("columnar_rows", sa.Integer(), nullable=False),
        sa.Column("relational_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("relational_rows", sa.Integer(), nullable=False),
        sa.Column("media_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("media_files", sa.Integer(), nullable=False),
        sa.Column("raw_log_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("raw_log_events", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("deletions_by_project", "deletions", ["project_id", "requested_at"], unique=False)


def downgrade() -> None:
    op.drop_index("deletions_by_project", table_name="deletions")
    op.drop_table("deletions")
