"""Migrations: the schema is what the models say, a second run changes nothing, the cluster's DDL is whole."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from langfuse_app.core.settings import Settings
from langfuse_app.features import all_models
from langfuse_app.ingestion.rows import LedgerRow, ObservationRow, ScoreRow, TraceRow
from langfuse_app.stores import clickhouse
from langfuse_app.stores.migrations import clickhouse_steps, migrate_clickhouse, migrate_postgres
from langfuse_app.stores.postgres import engine


def test_postgres_is_what_the_models_say(engines: Settings) -> None:
    assert all_models.TABLES
    with engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_a_second_run_changes_nothing(engines: Settings) -> None:
    before = clickhouse.query("SELECT * FROM schema_migrations ORDER BY step")
    migrate_postgres()
    migrate_clickhouse()
    assert clickhouse.query("SELECT * FROM schema_migrations ORDER BY step") == before


def test_clickhouse_has_a_column_for_every_field(engines: Settings) -> None:
    for table, row in (("observations", ObservationRow), ("traces", TraceRow), ("scores", ScoreRow), ("ingestion_log", LedgerRow)):
        columns = {found["name"] for found in clickhouse.query(f"DESCRIBE TABLE {table}")}
        assert set(row.__struct_fields__) <= columns


def test_every_time_column_names_its_zone(engines: Settings) -> None:
    sql = "SELECT table, name FROM system.columns WHERE database = 'langfuse' AND type LIKE '%DateTime64%' AND type NOT LIKE '%UTC%'"
    assert clickhouse.query(sql) == []


def test_cluster_ddl_is_replicated_and_distributed() -> None:
    settings = Settings(CLICKHOUSE_CLUSTER_ENABLED=True, CLICKHOUSE_CLUSTER_NAME="main")
    statements = [statement for step in clickhouse_steps(settings).values() for statement in step]
    tables = [statement for statement in statements if "_local ON CLUSTER 'main'" in statement.splitlines()[0] and "CREATE" in statement]
    assert len(tables) == 4
    assert all(
        "ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}/{uuid}', '{replica}'" in table for table in tables
    )
    distributed = [statement for statement in statements if "Distributed('main'" in statement]
    assert len(distributed) == 4
    assert any("observations_local', cityHash64(project_id, trace_id)" in statement for statement in distributed)
    assert not any(marker in statement for statement in statements for marker in ("{table:", "{replacing", "{distributed", "{search"))


def test_search_indexes_follow_their_setting() -> None:
    def rendered(mode: str) -> str:
        return "\n".join(clickhouse_steps(Settings(LANGFUSE_SEARCH_INDEX=mode))["0001_tables"])  # type: ignore[arg-type]

    assert "text_input" not in rendered("off")
    assert "substring(input, 1, 1000)" in rendered("prefix")
    assert "unicodeWord" in rendered("full")
