"""Names of tables as DDL and deletes must say them: on a cluster, the local table of every node."""

from langfuse_app.core.settings import Settings, get_settings


def on_cluster(settings: Settings) -> str:
    """The ON CLUSTER clause, empty on a single node."""
    return f" ON CLUSTER '{settings.CLICKHOUSE_CLUSTER_NAME}'" if settings.CLICKHOUSE_CLUSTER_ENABLED else ""


def stored_table(name: str, settings: Settings | None = None) -> str:
    """The table that holds the rows."""
    settings = settings or get_settings()
    return f"{name}_local{on_cluster(settings)}" if settings.CLICKHOUSE_CLUSTER_ENABLED else name
