"""The embedded engines as a stranger on this machine meets them, and as we use them."""

from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

import psycopg
import pytest
import redis as redis_py

from langfuse_app.core.settings import Settings
from langfuse_app.runtime.child import StartError
from langfuse_app.runtime.datadir import DataDir
from langfuse_app.runtime.embedded import start_engines
from langfuse_app.runtime.postgres import spec
from langfuse_app.stores import clickhouse


def as_stranger(settings: Settings, sql: str) -> str:
    try:
        with urlopen(f"{settings.CLICKHOUSE_URL}/?query={quote(sql)}", timeout=5) as answer:
            return answer.read().decode()
    except HTTPError as error:
        with error:
            return error.read().decode()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count() FROM langfuse.traces",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "CREATE DATABASE x",
        "DROP DATABASE langfuse",
    ],
)
def test_clickhouse_lets_nobody_in_without_the_password(engines: Settings, sql: str) -> None:
    assert "ACCESS_DENIED" in as_stranger(engines, sql)


@pytest.mark.parametrize(
    "source", ["file('/etc/passwd', 'LineAsString')", "url('http://127.0.0.1:1/', 'LineAsString')", "remote('127.0.0.1', system.one)"]
)
def test_our_own_user_reaches_no_file_and_no_other_host(engines: Settings, source: str) -> None:
    with pytest.raises(Exception, match="ACCESS_DENIED"):
        clickhouse.query(f"SELECT * FROM {source}")


def test_clickhouse_keeps_no_log_tables(engines: Settings) -> None:
    assert clickhouse.query("SELECT name FROM system.tables WHERE database = 'system' AND name LIKE '%\\_log'") == []


def test_postgres_wants_the_password(engines: Settings) -> None:
    address = engines.DATABASE_URL.replace("postgresql+psycopg", "postgresql")
    user, _, host = address.partition("@")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"{user.rpartition(':')[0]}:wrong@{host}")


def test_redis_keeps_its_word(engines: Settings) -> None:
    client = redis_py.Redis.from_url(engines.REDIS_CONNECTION_STRING)
    info = client.info()
    assert info["aof_enabled"] == 1
    assert info["maxmemory_policy"] == "noeviction"
    client.close()
    with pytest.raises(redis_py.AuthenticationError):
        redis_py.Redis.from_url(
            engines.REDIS_CONNECTION_STRING.replace(":" + engines.REDIS_CONNECTION_STRING.split(":")[2], ":wrong@127.0.0.1")
        ).ping()


def test_only_what_is_asked_for_is_started_and_rows_stay(tmp_path: Path) -> None:
    for expected in (None, (1,)):
        with start_engines(tmp_path / "data", only=["postgres"], durable=False) as urls:
            assert set(urls.environment()) == {"DATABASE_URL"}
            with psycopg.connect(urls.database_url) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
                assert connection.execute("SELECT * FROM kept").fetchone() == expected
                connection.execute("INSERT INTO kept VALUES (1)")


def test_a_cluster_of_another_major_version_is_refused(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(StartError, match="made by PostgreSQL 15"):
        spec(data, 1)
