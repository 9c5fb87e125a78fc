"""The filter language before any database: what is accepted, what is refused, and that values never reach SQL text."""

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langfuse_app.core.errors import InvalidRequestError, ValidationFailedError
from langfuse_app.core.filters.clickhouse import apply
from langfuse_app.core.filters.columns import Column, Columns, named, taken
from langfuse_app.core.filters.parse import POSITIONS, Filter, parse_filters
from langfuse_app.core.filters.search import like, search
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import Conditions

SCOPE = ProjectScope(project_id="p", org_id="o", actor_id="a", actor_kind="api_key")
COLUMNS: Columns = named(
    ("name", "Name", Column("name", "string")),
    ("input", "Input", Column("input", "payload")),
    ("cost", "Cost ($)", Column("total_cost", "number")),
    ("timestamp", "Timestamp", Column("timestamp", "datetime")),
    ("bookmarked", "⭐️", Column("bookmarked", "boolean")),
    ("tags", "Tags", Column("tags", "array")),
    ("metadata", "Metadata", Column("metadata", "map")),
    ("scores_avg", "Scores (numeric)", Column("", "scores", "id IN (SELECT trace_id FROM scores WHERE $condition)")),
    ("averages", "Averages", Column("trace_id", "score_averages", "id IN (SELECT trace_id FROM scores WHERE $condition)")),
    ("score_categories", "Scores (categorical)", Column("", "score_categories", "id IN (SELECT trace_id FROM scores WHERE $condition)")),
    ("score_booleans", "Scores (boolean)", Column("", "score_booleans", "id IN (SELECT trace_id FROM scores WHERE $condition)")),
    ("positionInTrace", "Position in Trace", Column("ordered", "position", "id IN (SELECT id FROM observations WHERE $condition)")),
)
OPERATORS: dict[str, tuple[str, ...]] = {
    "datetime": (">", "<", ">=", "<="),
    "string": ("=", "contains", "does not contain", "starts with", "ends with", "matches"),
    "stringOptions": ("any of", "none of"),
    "categoryOptions": ("any of", "none of"),
    "arrayOptions": ("any of", "none of", "all of"),
    "number": ("=", ">", "<", ">=", "<="),
    "stringObject": ("=", "contains", "does not contain", "starts with", "ends with", "is set", "is not set"),
    "numberObject": ("=", ">", "<", ">=", "<="),
    "booleanObject": ("=", "<>"),
    "boolean": ("=", "<>"),
    "null": ("is null", "is not null"),
    "positionInTrace": ("=",),
}
COLUMN_OF = {
    "datetime": ("timestamp",),
    "string": ("name", "Name", "input"),
    "stringOptions": ("name", "input"),
    "categoryOptions": ("score_categories",),
    "arrayOptions": ("tags",),
    "number": ("cost", "Cost ($)"),
    "stringObject": ("metadata",),
    "numberObject": ("metadata", "scores_avg", "averages"),
    "booleanObject": ("metadata", "score_booleans"),
    "boolean": ("bookmarked",),
    "null": ("name", "input", "cost", "timestamp", "bookmarked", "tags", "metadata"),
    "positionInTrace": ("positionInTrace",),
}
HOSTILE = "hostile' OR 1=1 --{x:String}\\"


def parsed(**condition: Any) -> Filter:
    return parse_filters(json.dumps([condition]))[0]


def value_of(type: str, text: str = "a") -> Any:
    if type.endswith("Options"):
        return [text]
    return {"datetime": "2026-05-01T10:00:00+02:00", "number": 1.5, "numberObject": 2, "boolean": True, "booleanObject": False}.get(
        type, text
    )


def test_every_type_and_operator_is_read() -> None:
    for type, operators in OPERATORS.items():
        for operator in operators:
            key = "first" if type == "positionInTrace" else "k"
            one = parsed(type=type, column="c", operator=operator, value=value_of(type), key=key)
            assert (one.type, one.column, one.operator) == (type, "c", operator)
            assert one.key == (key if type.endswith("Object") or type in ("categoryOptions", "positionInTrace") else "")
    assert parsed(type="datetime", column="c", operator=">", value="2026-05-01T10:00:00+02:00").value == datetime(2026, 5, 1, 8, tzinfo=UTC)
    assert parsed(type="null", column="c", operator="is null", value="").value is None
    assert parsed(type="stringObject", column="c", operator="is set", key="k").value == ""
    assert parse_filters(None) == parse_filters("") == parse_filters("[]") == ()


@pytest.mark.parametrize("text", ["{", "[", "nothing", "[{]"])
def test_malformed_json_has_its_own_text(text: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"^Invalid JSON in filter parameter$"):
        parse_filters(text)


WRONG: list[tuple[Any, list[Any]]] = [
    ({}, []),
    (["x"], [0]),
    ([{"type": "text"}], [0, "type"]),
    ([{"type": 3}], [0, "type"]),
    ([{"type": "string", "operator": "like"}], [0, "operator"]),
    ([{"type": "string", "operator": "=", "value": 3, "column": "c"}], [0, "value"]),
    ([{"type": "string", "operator": "=", "value": "v"}], [0, "column"]),
    ([{"type": "number", "operator": "=", "value": "3", "column": "c"}], [0, "value"]),
    ([{"type": "number", "operator": "=", "value": True, "column": "c"}], [0, "value"]),
    ([{"type": "number", "operator": "=", "value": 1e30, "column": "c"}], [0, "value"]),
    ([{"type": "boolean", "operator": "=", "value": "true", "column": "c"}], [0, "value"]),
    ([{"type": "datetime", "operator": ">", "value": "2026-05-01T10:00:00", "column": "c"}], [0, "value"]),
    ([{"type": "datetime", "operator": ">", "value": "soon", "column": "c"}], [0, "value"]),
    ([{"type": "stringOptions", "operator": "any of", "value": [], "column": "c"}], [0, "value"]),
    ([{"type": "stringOptions", "operator": "any of", "value": "a", "column": "c"}], [0, "value"]),
    ([{"type": "arrayOptions", "operator": "any of", "value": [], "column": "c"}], [0, "value"]),
    ([{"type": "arrayOptions", "operator": "all of", "value": [1], "column": "c"}], [0, "value", 0]),
    ([{"type": "stringObject", "operator": "=", "value": "v", "column": "c"}], [0, "key"]),
    ([{"type": "positionInTrace", "operator": "=", "value": 0, "column": "c", "key": "nthFromEnd"}], [0, "value"]),
    ([{"type": "positionInTrace", "operator": "=", "value": 1.5, "column": "c", "key": "nthFromStart"}], [0, "value"]),
    ([{"type": "positionInTrace", "operator": "=", "value": 1, "column": "c", "key": "second"}], [0, "key"]),
    ([{"type": "null", "operator": "is null", "column": "c"}] * 101, []),
]


@pytest.mark.parametrize(("given", "path"), WRONG)
def test_what_is_wrong_is_named(given: Any, path: list[Any]) -> None:
    with pytest.raises(ValidationFailedError) as refusal:
        parse_filters(json.dumps(given))
    assert refusal.value.issues[0]["path"] == ["filter", *path]
    assert refusal.value.status == 400


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_no_json_is_a_crash(given: Any) -> None:
    for content in (given, [given]):
        try:
            parse_filters(json.dumps(content))
        except (InvalidRequestError, ValidationFailedError):
            continue


def test_unknown_columns_and_wrong_types_are_refused() -> None:
    for column, type, said in (
        (HOSTILE, "string", "Columns: name, Name, input"),
        ("cost", "string", "Types: number, null"),
        ("name", "number", "Types: string"),
    ):
        one = parsed(type=type, column=column, operator="=", value=value_of(type))
        for call in (partial(apply, Conditions(SCOPE), [one], COLUMNS), partial(taken, [one], COLUMNS)):
            with pytest.raises(InvalidRequestError) as refusal:
                call()
            assert said in refusal.value.message


def test_a_column_is_the_same_by_both_names() -> None:
    assert taken([parsed(type="string", column="Name", operator="=", value="v")], COLUMNS) == {COLUMNS["name"]}


def every_condition(text: str) -> list[Filter]:
    return [
        parsed(type=type, column=column, operator=operator, value=value_of(type, text), key=key)
        for type, operators in OPERATORS.items()
        for operator in operators
        for column in COLUMN_OF[type]
        for key in (POSITIONS[:3] if type == "positionInTrace" else (text, f"a.{text}.b"))
    ]


def sql_of(text: str) -> list[str]:
    found: list[str] = []
    for one in every_condition(text):
        conditions = Conditions(SCOPE)
        apply(conditions, [one], COLUMNS)
        found.append(conditions.sql)
    return found


def test_values_are_bound_and_never_text() -> None:
    """The statement of a hostile value is that of a harmless one of the same form."""
    assert sql_of(HOSTILE) == sql_of("harmless' OR 2=2 --{y:String}\\")
    assert all("hostile" not in sql for sql in sql_of(HOSTILE))


@given(st.text(min_size=1, max_size=30))
def test_search_binds_its_text(text: str) -> None:
    conditions = Conditions(SCOPE)
    search(conditions, ["input", "output"], text)
    plain = Conditions(SCOPE)
    search(plain, ["input", "output"], "x")
    rest = conditions.sql
    for name in conditions.params:
        for kind in ("String", "Array(String)"):
            rest = rest.replace(f"{{{name}:{kind}}}", "")
    frame = set("".join(plain.sql.split())) | set(
        "ANDORLIKEhasAllTokens if(length(input)=lengthUTF8,'',replaceRegexpAll'[\\x00-\\x7F]+',output{}:String0123456789"
    )
    assert set("".join(rest.split())) <= frame
    assert f"%{like(text)}%" in conditions.params.values()


def search_params(text: str) -> dict[str, Any]:
    conditions = Conditions(SCOPE)
    search(conditions, ["input"], text)
    return {name: value for name, value in conditions.params.items() if name != "project_id"}


def test_the_three_forms_of_a_search() -> None:
    assert search_params("refund") == {"p0": "%refund%"}
    assert search_params("a big refund due") == {"p0": ["big", "refund"], "p1": "%due%", "p2": "%a big refund due%"}
    assert search_params("退款 5%") == {"p0": ["5"], "p1": ["退", "款"], "p2": "%退款 5\\%%"}
    assert search_params("カタカナ") == {"p0": ["カ", "タ", "ナ"], "p1": "%カタカナ%"}
