"""skills

Revision: 0011
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.create_table(
        "skills",
        sa.Column("id", _TEXT(), nullable=False),
        sa.Column("project_id", _TEXT(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", _TEXT(), nullable=False),
        sa.Column("name", _TEXT(), nullable=False),
        sa.Column("description", _TEXT(), nullable=False),
        sa.Column("frontmatter", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("labels", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("commit_message", _TEXT(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("project_id", "name", "version"),
    )
    op.create_index("skills_by_update", "skills", ["project_id", "updated_at"])
    op.create_table(
        "skill_blobs",
        sa.Column("id", _TEXT(), nullable=False),
        sa.Column("project_id", _TEXT(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256_hash", _TEXT(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_length", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("project_id", "sha256_hash"),
    )
    op.create_table(
        "skill_files",
        sa.Column("id", _TEXT(), nullable=False),
        sa.Column("skill_id", _TEXT(), nullable=False),
        sa.Column("blob_id", _TEXT(), nullable=False),
        sa.Column("path", _TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["skill_id"], ["skills.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["blob_id"], ["skill_blobs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("skill_id", "path"),
    )
    op.create_index("ix_skill_files_blob_id", "skill_files", ["blob_id"])


def downgrade() -> None:
    op.drop_table("skill_files")
    op.drop_table("skill_blobs")
    op.drop_table("skills")
