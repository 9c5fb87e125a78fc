"""ClickHouse queries of sessions."""

from collections.abc import Sequence

from langfuse_app.core.filters.clickhouse import apply
from langfuse_app.core.filters.parse import Filter
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import Conditions
from langfuse_app.features.sessions.repository_columns import COLUMNS
from langfuse_app.stores import clickhouse


def matching(scope: ProjectScope, filters: Sequence[Filter]) -> list[str]:
    """The sessions whose traces, spans and scores satisfy the conditions."""
    where = Conditions(scope)
    where.add("session_id != ''")
    apply(where, filters, COLUMNS)
    rows = clickhouse.query(f"SELECT DISTINCT session_id FROM traces FINAL WHERE {where.sql}", where.params)
    return [row["session_id"] for row in rows]
