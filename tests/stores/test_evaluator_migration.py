"""Revision 0010 takes along what 0009 has stored, and back again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

from alembic import command
from langfuse_app.core.ids import new_id
from langfuse_app.core.paths import resources
from langfuse_app.core.settings import Settings
from langfuse_app.stores.postgres import engine

NOW = datetime(2026, 5, 1, tzinfo=UTC)
MAPPING = [{"variable": "answer", "source": "output", "jsonPath": None}]
ASSIGNMENTS = [
    {"evaluatorId": "judge", "mapping": MAPPING},
    {"evaluatorId": "code", "mapping": None},
    {"evaluatorId": "judge", "mapping": None},  # the old table took an evaluator twice
    {"evaluatorId": "gone", "mapping": None},
]


@pytest.fixture
def connection(engines: Settings) -> Iterator[Connection]:
    """A database of its own, at revision 0009."""
    name = f"migration_{new_id().replace('-', '')}"
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as server:
        server.execute(text(f"CREATE DATABASE {name}"))
        scratch = create_engine(engine().url.set(database=name))
        with scratch.begin() as connection:
            move(connection, "0009")
            yield connection
        scratch.dispose()
        server.execute(text(f"DROP DATABASE {name}"))


def move(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(resources() / "alembic"))
    config.attributes["connection"] = connection
    known = connection.dialect.has_table(connection, "alembic_version")
    now = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() if known else "0000"
    (command.upgrade if revision > now else command.downgrade)(config, revision)


def add(connection: Connection, table: str, **values: Any) -> None:
    row = {"project_id": "p", "created_at": NOW, "updated_at": NOW} | values
    row = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in row.items() if value is not None}
    connection.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})"), row)


def rows(connection: Connection, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(sql))]


def fill(connection: Connection) -> None:
    add(connection, "organizations", id="o", name="o", project_id=None)
    add(connection, "projects", id="p", name="p", org_id="o", has_traces=False, project_id=None)
    for id, kind, prompt in (("judge", "llm_as_judge", "Is {{answer}} right?"), ("code", "code", None)):
        add(connection, "evaluators", id=id, name=id, type=kind)
        version = {"id": id, "evaluator_id": id, "version": 1, "prompt": prompt, "variables": "{answer}"}
        add(connection, "evaluator_versions", project_id=None, updated_at=None, **version)
    rule = {"target": "observation", "filter": [], "sampling": 1, "enabled": True}
    add(connection, "evaluation_rules", id="full", name="full", assignments=ASSIGNMENTS, **rule)
    add(connection, "evaluation_rules", id="empty", name="empty", assignments=ASSIGNMENTS[3:], **rule)


def test_there_and_back(connection: Connection) -> None:
    fill(connection)
    move(connection, "0010")
    found = rows(
        connection, "SELECT evaluation_rule_id, evaluator_id, mapping FROM evaluation_rule_evaluator_assignments ORDER BY position"
    )
    assert found == [("full", "judge", MAPPING), ("full", "code", None)]
    assert rows(connection, "SELECT id, enabled FROM evaluation_rules ORDER BY id") == [("empty", False), ("full", True)]
    prompts = "SELECT id, prompt FROM evaluator_versions ORDER BY id"
    assert rows(connection, prompts) == [("code", None), ("judge", [{"role": "user", "content": "Is {{answer}} right?"}])]
    add(connection, "evaluators", id="twin", name="judge", type="code", created_at=NOW.replace(year=2027))
    move(connection, "0009")
    assert rows(connection, "SELECT id, assignments FROM evaluation_rules ORDER BY id") == [("empty", []), ("full", ASSIGNMENTS[:2])]
    assert rows(connection, prompts) == [("code", None), ("judge", "Is {{answer}} right?")]
    assert rows(connection, "SELECT name FROM evaluators ORDER BY id") == [("code",), ("judge",), ("judge twin",)]
    move(connection, "0010")
