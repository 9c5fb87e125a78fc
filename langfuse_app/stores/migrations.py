"""Schema migrations of both databases: locked, resumable, safe to run twice. `langfuse-app migrate` runs them."""

import re
from hashlib import sha256

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from alembic import command as alembic_command
from langfuse_app.core.paths import resources
from langfuse_app.core.settings import Settings, get_settings
from langfuse_app.stores import clickhouse
from langfuse_app.stores.cluster import on_cluster, stored_table
from langfuse_app.stores.postgres import engine

_LOCK = 0x6C66_6170  # any constant of ours; pg_advisory_xact_lock keeps two migrations apart

_TOKENIZERS = """INDEX text_input {input} TYPE text(tokenizer = 'splitByNonAlpha'),
    INDEX text_output {output} TYPE text(tokenizer = 'splitByNonAlpha'),
    INDEX text_input_wide if(length({input}) = lengthUTF8({input}), '', replaceRegexpAll({input}, '[\\\\x00-\\\\x7F]+', ' ')) TYPE text(tokenizer = 'unicodeWord'),
    INDEX text_output_wide if(length({output}) = lengthUTF8({output}), '', replaceRegexpAll({output}, '[\\\\x00-\\\\x7F]+', ' ')) TYPE text(tokenizer = 'unicodeWord'),"""


def migrate_postgres() -> None:
    """Bring PostgreSQL to the newest revision, in one transaction under an advisory lock."""
    config = Config()
    config.set_main_option("script_location", str(resources() / "alembic"))
    with engine().begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        alembic_command.upgrade(config, "head")


def migrate_clickhouse() -> None:
    """Apply the steps of clickhouse/ that `schema_migrations` does not know yet."""
    settings = get_settings()
    with engine().begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK + 1})
        _prepare(settings)
        known = {row["step"]: row["checksum"] for row in clickhouse.query("SELECT step, checksum FROM schema_migrations")}
        for step, statements in clickhouse_steps(settings).items():
            if step not in known:
                _apply(step, statements)


def _prepare(settings: Settings) -> None:
    database = settings.CLICKHOUSE_DB
    clickhouse.command(f"CREATE DATABASE IF NOT EXISTS `{database}`{on_cluster(settings)} ENGINE = Atomic", database="default")
    clickhouse.command(
        "CREATE TABLE IF NOT EXISTS schema_migrations (step String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))"
        " ENGINE = MergeTree ORDER BY step"
    )


def _apply(step: str, statements: list[str]) -> None:
    for statement in statements:
        clickhouse.command(statement)
    checksum = sha256("\n".join(statements).encode()).hexdigest()
    clickhouse.insert("schema_migrations", ["step", "checksum"], [[step], [checksum]], ["String", "String"])


def clickhouse_steps(settings: Settings) -> dict[str, list[str]]:
    """Step name → statements, rendered for this installation (single node or cluster)."""
    files = sorted((resources() / "clickhouse").glob("[0-9]*.sql"))
    return {file.stem: render(file.read_text(), settings) for file in files}


def render(template: str, settings: Settings) -> list[str]:
    """The statements of a template; its markers are described in clickhouse/README.md."""
    lines = [line for line in template.splitlines() if not line.lstrip().startswith("--")]
    sql = "\n".join(lines).replace("{search_indexes}", search_indexes(settings.LANGFUSE_SEARCH_INDEX))
    sql = sql.replace("{ledger_days}", str(-(-settings.LANGFUSE_RAW_LOG_RETENTION_HOURS // 24) + 1))
    sql = re.sub(r"\{table:(\w+)\}", lambda found: stored_table(found[1], settings), sql)
    sql = re.sub(r"\{replacing:([^}]+)\}", lambda found: _replacing(found[1], settings), sql)
    sql = re.sub(r"\{distributed:(\w+):([^}]+)\}", lambda found: _distributed(found[1], found[2], settings), sql)
    return [statement.strip() for statement in sql.split(";") if statement.strip()]


def search_indexes(mode: str) -> str:
    """The text indexes: whole payloads, their first 1 000 characters, or none (notes in ARCHITECTURE.md, "Search")."""
    if mode == "off":
        return ""
    columns = {"input": "input", "output": "output"}
    if mode == "prefix":
        columns = {name: f"substring({name}, 1, 1000)" for name in columns}
    return _TOKENIZERS.format(**columns)


def _replacing(columns: str, settings: Settings) -> str:
    if not settings.CLICKHOUSE_CLUSTER_ENABLED:
        return f"ReplacingMergeTree({columns})"
    return f"ReplicatedReplacingMergeTree('/clickhouse/tables/{{shard}}/{{database}}/{{table}}/{{uuid}}', '{{replica}}', {columns})"


def _distributed(name: str, shard_key: str, settings: Settings) -> str:
    if not settings.CLICKHOUSE_CLUSTER_ENABLED:
        return ""
    cluster, database = settings.CLICKHOUSE_CLUSTER_NAME, settings.CLICKHOUSE_DB
    return (
        f"CREATE TABLE IF NOT EXISTS {name}{on_cluster(settings)} AS {name}_local"
        f" ENGINE = Distributed('{cluster}', '{database}', '{name}_local', cityHash64(project_id, {shard_key}));"
    )


def pending_postgres() -> list[str]:
    """Revisions that this version knows and the database does not have yet, newest first."""
    config = Config()
    config.set_main_option("script_location", str(resources() / "alembic"))
    script = ScriptDirectory.from_config(config)
    with engine().connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return [step.revision for step in script.iterate_revisions("head", current or "base")]


def pending_clickhouse() -> list[str]:
    """Steps that this version knows and the database does not have yet."""
    settings = get_settings()
    if not clickhouse.command(f"EXISTS DATABASE `{settings.CLICKHOUSE_DB}`", database="default"):
        return list(clickhouse_steps(settings))
    known = {row["step"] for row in clickhouse.query("SELECT step FROM schema_migrations")}
    return [step for step in clickhouse_steps(settings) if step not in known]
