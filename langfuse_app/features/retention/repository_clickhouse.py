"""ClickHouse statements of retention."""

from datetime import datetime

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import Conditions
from langfuse_app.stores import clickhouse
from langfuse_app.stores.cluster import stored_table

TIMES = {"observations": "start_time", "traces": "timestamp", "scores": "timestamp"}  # spec/backend.md §10.2


def expire(scope: ProjectScope, before: datetime) -> int:
    """Delete rows from before; how many. Their bytes go with `deletions.repository_clickhouse.free`, or with the next merge."""
    return sum(_expire(scope, table, time, before) for table, time in TIMES.items())


def _expire(scope: ProjectScope, table: str, time: str, before: datetime) -> int:
    where = Conditions(scope)
    where.compare(time, "<", before)
    count = clickhouse.query(f"SELECT count() AS n FROM {table} WHERE {where.sql}", where.params)[0]["n"]
    if count:
        clickhouse.command(f"DELETE FROM {stored_table(table)} WHERE {where.sql}", where.params)
    return count
