"""The filter language on PostgreSQL, against the same meanings (spec/api.md §9)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, DateTime, Float, Integer, MetaData, Numeric, String, Table, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from langfuse_app.core.errors import InvalidRequestError
from langfuse_app.core.filters.parse import filters_of
from langfuse_app.core.filters.relational import clauses
from langfuse_app.stores.postgres import engine

TABLE = Table(
    "filtered_things",
    MetaData(),
    Column("id", String, primary_key=True),
    Column("name", String),
    Column("count", Integer),
    Column("cost", Numeric),
    Column("share", Float),
    Column("at", DateTime(timezone=True)),
    Column("on", Boolean),
    Column("tags", ARRAY(String)),
    Column("metadata", JSONB),
)
ROWS: list[dict[str, Any]] = [
    {"id": "empty"},
    {
        "id": "full",
        "name": "Chat 100%_\\ '",
        "count": 3,
        "cost": "0.7",
        "share": 0.7,
        "at": datetime(2026, 5, 1, tzinfo=UTC),
        "on": True,
        "tags": ["red", "blue"],
        "metadata": {"plan": "pro", "n": 7.5, "on": True, "deep": {"a": {"b": "x"}}, "a.b": "flat", "nothing": None},
    },
    {"id": "other", "name": "退款", "count": 0, "cost": "0", "share": 0, "on": False, "tags": [], "metadata": {"plan": "", "n": "seven"}},
]


@pytest.fixture(scope="module", autouse=True)
def table(engines: object) -> Iterator[None]:
    with engine().begin() as connection:
        TABLE.create(connection)
        for row in ROWS:
            connection.execute(TABLE.insert().values(**row))
    yield
    with engine().begin() as connection:
        TABLE.drop(connection)


def found(type: str, column: str, operator: str, value: Any = "", key: str = "") -> set[str]:
    filters = filters_of([{"type": type, "column": column, "operator": operator, "value": value, "key": key}])
    with engine().connect() as connection:
        return set(connection.execute(select(TABLE.c.id).where(*clauses(filters, dict(TABLE.c)))).scalars())


FULL, OTHER, EMPTY = {"full"}, {"other"}, {"empty"}
CASES: list[tuple[tuple[Any, ...], set[str]]] = [
    (("string", "name", "=", "退款"), OTHER),
    (("string", "name", "=", "chat 100%_\\ '"), set()),
    (("string", "name", "contains", "%_\\ '"), FULL),
    (("string", "name", "contains", "chat"), set()),
    (("string", "name", "does not contain", "退"), FULL),
    (("string", "name", "starts with", "Chat"), FULL),
    (("string", "name", "ends with", "款"), OTHER),
    (("string", "name", "matches", "100 Chat"), FULL),
    (("stringOptions", "name", "any of", ["退款", "x"]), OTHER),
    (("stringOptions", "name", "none of", ["退款", "x"]), FULL),
    (("null", "name", "is null"), EMPTY),
    (("null", "name", "is not null"), FULL | OTHER),
    (("number", "count", ">=", 0), FULL | OTHER),
    (("number", "cost", "=", 0.7), FULL),
    (("number", "share", "<", 0.7), OTHER),
    (("number", "count", "<=", 2.5), OTHER),
    (("datetime", "at", ">=", "2026-05-01T02:00:00+02:00"), FULL),
    (("datetime", "at", ">", "2026-05-01T02:00:00+02:00"), set()),
    (("boolean", "on", "=", True), FULL),
    (("boolean", "on", "<>", True), OTHER),
    (("arrayOptions", "tags", "any of", ["red", "x"]), FULL),
    (("arrayOptions", "tags", "all of", ["red", "blue"]), FULL),
    (("arrayOptions", "tags", "all of", ["red", "x"]), set()),
    (("arrayOptions", "tags", "none of", ["red"]), EMPTY | OTHER),
    (("arrayOptions", "tags", "none of", []), FULL | EMPTY | OTHER),
    (("arrayOptions", "tags", "all of", []), FULL | EMPTY | OTHER),
    (("stringObject", "metadata", "=", "pro", "plan"), FULL),
    (("stringObject", "metadata", "does not contain", "pro", "plan"), OTHER),
    (("stringObject", "metadata", "=", "x", "deep.a.b"), FULL),
    (("stringObject", "metadata", "=", "flat", "a.b"), FULL),
    (("stringObject", "metadata", "is set", "", "plan"), FULL | OTHER),
    (("stringObject", "metadata", "is not set", "", "plan"), EMPTY),
    (("numberObject", "metadata", ">", 7, "n"), FULL),
    (("numberObject", "metadata", "<", 7, "n"), set()),
    (("booleanObject", "metadata", "=", True, "on"), FULL),
    (("booleanObject", "metadata", "<>", False, "on"), FULL),
    (("null", "metadata", "is null"), EMPTY),
    *(
        ((type, "name", operator, text), set())
        for text in ("' OR 1=1 --", "%(x)s", ":x")
        for type, operator in (("string", "="), ("string", "contains"))
    ),
    *((("stringObject", "metadata", "is set", "", key), set()) for key in ("' OR 1=1 --", "{a}", "a.'")),
]


@pytest.mark.parametrize(("condition", "ids"), CASES)
def test_conditions(condition: tuple[Any, ...], ids: set[str]) -> None:
    assert found(*condition) == ids


@pytest.mark.parametrize(
    ("type", "column", "value", "said"),
    [
        ("string", "count", "3", "Types: number, null"),
        ("number", "name", 3, "Types: string, stringOptions, null"),
        ("string", "nope' --", "", "Columns: id, name"),
    ],
)
def test_what_is_not_there_is_refused(type: str, column: str, value: Any, said: str) -> None:
    with pytest.raises(InvalidRequestError, match=said):
        found(type, column, "=", value)


def test_values_are_bound() -> None:
    for condition, _ in CASES:
        filters = filters_of([dict(zip(("type", "column", "operator", "value", "key"), (*condition, "k"), strict=False))])
        text = str(select(TABLE.c.id).where(*clauses(filters, dict(TABLE.c))).compile(engine()))
        assert "OR 1=1" not in text
        assert "退" not in text
