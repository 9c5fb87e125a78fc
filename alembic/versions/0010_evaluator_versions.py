"""evaluator versions: prompts of several messages, people, and assignments as rows

Names are not unique any more: they are no identifiers (spec/api.md §11).

Revision: 0010
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_ASSIGNMENTS = "evaluation_rule_evaluator_assignments"
_MADE_BY_PEOPLE = ("evaluators", "evaluator_versions", "evaluation_rules")
_NAMED = ("evaluators", "evaluation_rules")

_MESSAGES = """
ALTER TABLE evaluator_versions ALTER COLUMN prompt TYPE json
USING CASE WHEN prompt IS NOT NULL THEN json_build_array(json_build_object('role', 'user', 'content', prompt)) END
"""
_ROWS = f"""
INSERT INTO {_ASSIGNMENTS} (id, created_at, project_id, evaluation_rule_id, evaluator_id, position, mapping)
SELECT DISTINCT ON (r.id, e.id) md5(r.id || ' ' || e.id), r.updated_at, r.project_id, r.id, e.id, a.place - 1,
       CASE WHEN json_typeof(a.value -> 'mapping') = 'array' THEN a.value -> 'mapping' END
FROM evaluation_rules r
CROSS JOIN LATERAL json_array_elements(r.assignments) WITH ORDINALITY AS a(value, place)
JOIN evaluators e ON e.id = a.value ->> 'evaluatorId' AND e.project_id = r.project_id
ORDER BY r.id, e.id, a.place
"""
_NO_EVALUATOR_LEFT = f"""
UPDATE evaluation_rules SET enabled = false WHERE NOT EXISTS (SELECT FROM {_ASSIGNMENTS} a WHERE a.evaluation_rule_id = evaluation_rules.id)
"""
_LISTS = f"""
UPDATE evaluation_rules SET assignments = coalesce((
    SELECT json_agg(json_build_object('evaluatorId', a.evaluator_id, 'mapping', a.mapping) ORDER BY a.position)
    FROM {_ASSIGNMENTS} a WHERE a.evaluation_rule_id = evaluation_rules.id), '[]'::json)
"""
_TEXTS = """
UPDATE evaluator_versions SET text = (SELECT string_agg(m ->> 'content', E'\\n\\n') FROM json_array_elements(prompt) AS m)
"""


def upgrade() -> None:
    for table in _MADE_BY_PEOPLE:
        op.add_column(table, sa.Column("created_by_user_id", _TEXT(), nullable=True))
        op.create_foreign_key(None, table, "users", ["created_by_user_id"], ["id"], ondelete="SET NULL")
    for table in _NAMED:
        op.drop_constraint(f"{table}_project_id_name_key", table)
        op.create_index(f"{table}_by_time", table, ["project_id", "created_at", "id"])
        op.create_index(f"{table}_by_name", table, ["project_id", "name"])
    op.add_column("evaluators", sa.Column("description", _TEXT(), nullable=True))
    op.execute(sa.text(_MESSAGES))
    _make_assignments()
    op.execute(sa.text(_ROWS))
    op.execute(sa.text(_NO_EVALUATOR_LEFT))
    op.drop_column("evaluation_rules", "assignments")


def _make_assignments() -> None:
    op.create_table(
        _ASSIGNMENTS,
        sa.Column("id", _TEXT(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("project_id", _TEXT(), nullable=False),
        sa.Column("evaluation_rule_id", _TEXT(), nullable=False),
        sa.Column("evaluator_id", _TEXT(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("mapping", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["evaluation_rule_id"], ["evaluation_rules.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["evaluator_id"], ["evaluators.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("evaluation_rule_id", "evaluator_id"),
    )
    op.create_index("evaluation_rule_assignments_by_evaluator", _ASSIGNMENTS, ["evaluator_id"])


def downgrade() -> None:
    op.add_column("evaluation_rules", sa.Column("assignments", sa.JSON(), nullable=False, server_default="[]"))
    op.execute(sa.text(_LISTS))
    op.alter_column("evaluation_rules", "assignments", server_default=None)
    op.drop_table(_ASSIGNMENTS)
    op.add_column("evaluator_versions", sa.Column("text", _TEXT(), nullable=True))
    op.execute(sa.text(_TEXTS))
    op.drop_column("evaluator_versions", "prompt")
    op.alter_column("evaluator_versions", "text", new_column_name="prompt")
    op.drop_column("evaluators", "description")
    for table in _NAMED:
        op.drop_index(f"{table}_by_name", table)
        op.drop_index(f"{table}_by_time", table)
        _make_unique(table)
    for table in _MADE_BY_PEOPLE:
        op.drop_column(table, "created_by_user_id")


def _make_unique(table: str) -> None:
    """All but the oldest of a name get their id into theirs."""
    older = f"SELECT FROM {table} o WHERE (o.project_id, o.name) = ({table}.project_id, {table}.name)"
    op.execute(
        sa.text(
            f"UPDATE {table} SET name = name || ' ' || id WHERE EXISTS ({older} AND (o.created_at, o.id) < ({table}.created_at, {table}.id))"
        )
    )
    op.create_unique_constraint(f"{table}_project_id_name_key", table, ["project_id", "name"])
