"""The filter language on the column store, against a model that says in Python what each condition means (spec/api.md §9)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from langfuse_app.core.filters.clickhouse import apply
from langfuse_app.core.filters.columns import Column, Columns, named
from langfuse_app.core.filters.parse import Filter, filters_of
from langfuse_app.core.filters.search import search
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import Conditions
from langfuse_app.core.time import from_us
from langfuse_app.stores import clickhouse
from tests import factories

OF_SCORES = "id IN (SELECT observation_id FROM scores FINAL WHERE project_id = {project_id:String} AND $condition)"
ORDERED = (
    "(trace_id, id) IN (SELECT trace_id, ordered[$condition].2 FROM (SELECT trace_id, arraySort(groupArray((start_time, id))) AS ordered"
    " FROM observations FINAL WHERE project_id = {project_id:String} GROUP BY trace_id))"
)
COLUMNS: Columns = named(
    ("name", "Name", Column("name", "string")),
    ("input", "Input", Column("input", "payload")),
    ("promptVersion", "Prompt Version", Column("prompt_version", "number")),
    ("totalCost", "Total Cost ($)", Column("total_cost", "number")),
    ("endTime", "End Time", Column("end_time", "datetime")),
    ("public", "Public", Column("public", "boolean")),
    ("tags", "Tags", Column("tags", "array")),
    ("metadata", "Metadata", Column("metadata", "map")),
    ("scores_avg", "Scores (numeric)", Column("", "scores", OF_SCORES)),
    ("averages", "Averages", Column("observation_id", "score_averages", OF_SCORES)),
    ("score_categories", "Scores (categorical)", Column("", "score_categories", OF_SCORES)),
    ("score_booleans", "Scores (boolean)", Column("", "score_booleans", OF_SCORES)),
    ("positionInTrace", "Position", Column("parent_observation_id = ''", "position", ORDERED)),
)

ROWS: dict[str, dict[str, Any]] = {
    "empty": {},
    "chat": {
        "name": "chat",
        "input": "the Refund of order 4711 is due",
        "prompt_version": 3,
        "total_cost": Decimal("0.000000000001"),
        "end_time": factories.at(10),
        "public": True,
        "tags": ["red", "blue"],
        "metadata": {"plan": "pro", "n": "7.5", "on": "true", "deep": '{"a":{"b":"x y","n":2},"on":false,"list":[1]}', "a.b": "flat"},
    },
    "Chat2": {
        "name": "Chat 100%_\\ '",
        "input": "我想退款，订单号是 4712。カタカナで書く 100%_",
        "prompt_version": 0,
        "total_cost": Decimal("0.7"),
        "end_time": factories.at(20.000001),
        "tags": ["red"],
        "metadata": {"plan": "", "n": "seven", "on": "false", "deep": "no json"},
    },
    "refund": {
        "name": "refund",
        "input": "Refunds",
        "total_cost": Decimal(0),
        "tags": [""],
        "metadata": {"plan": "professional", "n": "-1"},
    },
}
SCORES: list[dict[str, Any]] = [
    {"observation_id": "chat", "name": "quality", "value": 0.2},
    {"observation_id": "chat", "name": "quality", "value": 0.8},
    {"observation_id": "Chat2", "name": "quality", "value": 0.7},
    {"observation_id": "chat", "name": "mood", "data_type": "CATEGORICAL", "string_value": "good"},
    {"observation_id": "Chat2", "name": "mood", "data_type": "CATEGORICAL", "string_value": "bad"},
    {"observation_id": "chat", "name": "ok", "data_type": "BOOLEAN", "value": 1, "string_value": "True"},
    {"observation_id": "Chat2", "name": "ok", "data_type": "BOOLEAN", "value": 0, "string_value": "False"},
]


@pytest.fixture(scope="module")
def scope(engines: object) -> ProjectScope:
    scope = factories.project()
    for number, (id, columns) in enumerate(ROWS.items()):
        factories.observation(scope, "t", id, number, **columns)
    for columns in SCORES:
        factories.score(scope, **columns)
    return scope


def found(scope: ProjectScope, *filters: Filter) -> set[str]:
    where = Conditions(scope)
    apply(where, filters, COLUMNS)
    return {row["id"] for row in clickhouse.query(f"SELECT id FROM observations FINAL WHERE {where.sql}", where.params)}


def one(type: str, column: str, operator: str, value: Any = "", key: str = "") -> Filter:
    return filters_of([{"type": type, "column": column, "operator": operator, "value": value, "key": key}])[0]


# --- the model ------------------------------------------------------------------------------------

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "contains": lambda a, b: b in a,
    "does not contain": lambda a, b: b not in a,
    "starts with": lambda a, b: a.startswith(b),
    "ends with": lambda a, b: a.endswith(b),
}


def text_matches(text: str, operator: str, value: Any) -> bool:
    if operator == "=":
        return text == value
    if operator == "any of":
        return text in value
    return bool(text) and (text not in value if operator == "none of" else COMPARE[operator](text, value))


def metadata_text(metadata: dict[str, str], key: str) -> list[str]:
    """Every text that stands under a key or a dotted path."""
    texts = [metadata[key]] if key in metadata else []
    parts = key.split(".")
    for count in range(1, len(parts)):
        try:
            value: Any = json.loads(metadata[".".join(parts[:count])])
            for part in parts[count:]:
                value = value[part]
        except (KeyError, TypeError, ValueError):
            continue
        texts.append(value if isinstance(value, str) else json.dumps(value, separators=(",", ":")))
    return texts


def number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except ArithmeticError:
        return None


def numbers_of(id: str, name: str) -> list[float]:
    return [s["value"] for s in SCORES if s["observation_id"] == id and s["name"] == name and s.get("data_type") != "CATEGORICAL"]


def matches(id: str, f: Filter) -> bool:
    row: dict[str, Any] = ROWS[id]
    value: Any = float(f"{f.value:.12f}") if isinstance(f.value, float) else f.value  # 12 digits are compared
    if f.column == "positionInTrace":
        ids = list(ROWS)
        place = {"first": 0, "last": -1, "nthFromStart": (value or 0) - 1, "nthFromEnd": -(value or 0)}.get(f.key)
        if place is None:
            return True  # all of them are roots
        return place < len(ids) and -place <= len(ids) and ids[place] == id
    if f.column in ("name", "input"):
        text = row.get(f.column, "")
        return (text == "") == (f.operator == "is null") if f.type == "null" else text_matches(text, f.operator, value)
    if f.column == "tags":
        tags = set(row.get("tags", []))
        if f.type == "null":
            return (not tags) == (f.operator == "is null")
        return {"any of": bool(tags & set(value or ())), "none of": not tags & set(value or ()), "all of": tags >= set(value or ())}[
            f.operator
        ]
    if f.column == "metadata":
        return metadata_matches(row.get("metadata", {}), f)
    if f.column in ("scores_avg", "averages"):
        numbers = numbers_of(id, f.key)
        numbers = [sum(numbers) / len(numbers)] if f.column == "averages" and numbers else numbers
        return any(COMPARE[f.operator](number, value) for number in numbers)
    if f.column == "score_categories":
        texts = {
            s["string_value"] for s in SCORES if s["observation_id"] == id and s["name"] == f.key and s.get("data_type") == "CATEGORICAL"
        }
        return bool(texts & set(value)) == (f.operator == "any of")
    if f.column == "score_booleans":
        flags = {s["value"] for s in SCORES if s["observation_id"] == id and s["name"] == f.key and s.get("data_type") == "BOOLEAN"}
        return int(value is (f.operator == "=")) in flags
    stored: Any = {
        "promptVersion": row.get("prompt_version"),
        "totalCost": row.get("total_cost"),
        "endTime": row.get("end_time") and from_us(row["end_time"]),
        "public": row.get("public", False),
    }[f.column]
    if f.type == "null":
        return (stored is None) == (f.operator == "is null")
    wanted = Decimal(str(value)) if f.type == "number" else value
    return stored is not None and COMPARE[f.operator](stored, wanted)


def metadata_matches(metadata: dict[str, str], f: Filter) -> bool:
    value: Any = f.value
    if f.type == "null":
        return (not metadata) == (f.operator == "is null")
    texts = metadata_text(metadata, f.key)
    if f.operator.startswith("is "):
        return bool(texts) == (f.operator == "is set")
    if f.type == "numberObject":
        return any((n := number(text)) is not None and COMPARE[f.operator](n, Decimal(str(value))) for text in texts)
    if f.type == "booleanObject":
        return str(value is (f.operator == "=")).lower() in texts
    return any(COMPARE[f.operator](text, value) for text in texts)


# --- strategies -----------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        "",
        "chat",
        "Chat",
        "hat",
        "100%_",
        "%",
        "_",
        "\\",
        "'",
        "退款",
        "単",
        "カタカナ",
        "order 4711 is",
        "Refund",
        "refund",
        "fund of",
        "pro",
        "x",
        "due",
    ]
)
OPTIONS = st.lists(st.sampled_from(["", "chat", "refund", "red", "blue", "nope", "good", "bad"]), min_size=1, max_size=3)
NUMBERS = st.sampled_from([0, 1e-12, 0.2, 0.5, 0.7, 0.7000000000001, 1, 2, 3, 7.5, -1, 0.8])
ORDER = st.sampled_from(["=", ">", "<", ">=", "<="])
TEXT = st.sampled_from(["=", "contains", "does not contain", "starts with", "ends with"])
MOMENTS = st.sampled_from(
    [from_us(factories.at(s)).isoformat() for s in (10, 20, 20.000001)] + [datetime(2026, 5, 1, tzinfo=UTC).isoformat()]
)
KEYS = st.sampled_from(["plan", "n", "on", "deep", "deep.a", "deep.a.b", "deep.a.n", "deep.on", "deep.list", "a.b", "a", "nope", ""])
FILTERS = st.one_of(
    st.builds(one, st.just("string"), st.sampled_from(["name", "input"]), TEXT, WORDS),
    st.builds(
        one, st.just("stringOptions"), st.sampled_from(["name", "Input"]).map(str.lower), st.sampled_from(["any of", "none of"]), OPTIONS
    ),
    st.builds(one, st.just("number"), st.sampled_from(["promptVersion", "totalCost"]), ORDER, NUMBERS),
    st.builds(one, st.just("datetime"), st.just("endTime"), st.sampled_from([">", "<", ">=", "<="]), MOMENTS),
    st.builds(one, st.just("boolean"), st.just("public"), st.sampled_from(["=", "<>"]), st.booleans()),
    st.builds(one, st.just("arrayOptions"), st.just("tags"), st.sampled_from(["any of", "none of", "all of"]), OPTIONS),
    st.builds(one, st.just("arrayOptions"), st.just("tags"), st.sampled_from(["none of", "all of"]), st.just([])),
    st.builds(one, st.just("stringObject"), st.just("metadata"), TEXT, WORDS | st.sampled_from(["x y", "flat", "true"]), KEYS),
    st.builds(one, st.just("stringObject"), st.just("metadata"), st.sampled_from(["is set", "is not set"]), st.just(""), KEYS),
    st.builds(one, st.just("numberObject"), st.just("metadata"), ORDER, NUMBERS, KEYS),
    st.builds(one, st.just("booleanObject"), st.just("metadata"), st.sampled_from(["=", "<>"]), st.booleans(), KEYS),
    st.builds(
        one,
        st.just("numberObject"),
        st.sampled_from(["scores_avg", "averages"]),
        ORDER,
        NUMBERS,
        st.sampled_from(["quality", "ok", "mood", "no"]),
    ),
    st.builds(
        one,
        st.just("categoryOptions"),
        st.just("score_categories"),
        st.sampled_from(["any of", "none of"]),
        OPTIONS,
        st.sampled_from(["mood", "no"]),
    ),
    st.builds(
        one, st.just("booleanObject"), st.just("score_booleans"), st.sampled_from(["=", "<>"]), st.booleans(), st.sampled_from(["ok", "no"])
    ),
    st.builds(
        one,
        st.just("null"),
        st.sampled_from(["name", "input", "promptVersion", "totalCost", "endTime", "public", "tags", "metadata"]),
        st.sampled_from(["is null", "is not null"]),
    ),
    st.builds(
        one, st.just("positionInTrace"), st.just("positionInTrace"), st.just("="), st.just(1), st.sampled_from(["root", "first", "last"])
    ),
    st.builds(
        one,
        st.just("positionInTrace"),
        st.just("positionInTrace"),
        st.just("="),
        st.integers(1, 6),
        st.sampled_from(["nthFromStart", "nthFromEnd"]),
    ),
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=st.lists(FILTERS, min_size=1, max_size=3))
def test_the_store_says_what_the_model_says(scope: ProjectScope, filters: list[Filter]) -> None:
    assert found(scope, *filters) == {id for id in ROWS if all(matches(id, f) for f in filters)}, filters


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=WORDS | st.text(max_size=6) | st.sampled_from(["订单号是 4712", "で書く 100%", "of order 4711 is d", "，订", "funds"]))
def test_a_search_finds_every_substring(scope: ProjectScope, text: str) -> None:
    where = Conditions(scope)
    search(where, ["input", "output"], text)
    rows = clickhouse.query(f"SELECT id FROM observations FINAL WHERE {where.sql}", where.params)
    assert {row["id"] for row in rows} == {id for id, row in ROWS.items() if text in row.get("input", "") or not text}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Refund order", {"chat"}),
        ("order Refund", {"chat"}),
        ("order fund", set()),
        ("4712 退款", {"Chat2"}),
        ("退款 款退", set()),
        ("4712 カナ", {"Chat2"}),
    ],
)
def test_matches_wants_every_word(scope: ProjectScope, text: str, ids: set[str]) -> None:
    assert found(scope, one("string", "input", "matches", text)) == ids


HOSTILE = (
    "' OR 1=1 --",
    "\\' OR 1=1 --",
    "{project_id:String}",
    "}; DROP TABLE observations; --",
    "\\",
    "'",
    "%' OR '1'='1",
    "\0'",
    "$condition",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_are_just_values(scope: ProjectScope, text: str) -> None:
    for type, column, operator, value in (
        ("string", "name", "=", text),
        ("string", "input", "contains", text + "zz"),
        ("string", "input", "matches", text + " zz"),
        ("stringOptions", "name", "any of", [text]),
        ("arrayOptions", "tags", "any of", [text]),
        ("stringObject", "metadata", "=", text),
        ("categoryOptions", "score_categories", "any of", [text]),
        ("numberObject", "averages", ">", 0),
        ("booleanObject", "score_booleans", "=", True),
    ):
        assert found(scope, one(type, column, operator, value, f"{text}.{text}")) == set(), (type, column)


def test_other_tenants_stay_other_tenants(scope: ProjectScope) -> None:
    stranger = factories.project()
    for f in (one("string", "name", "=", "chat"), one("numberObject", "scores_avg", ">", 0, "quality"), one("null", "name", "is null")):
        assert found(stranger, f) == set()


def test_what_a_sub_select_does_not_find_counts_as_zero(scope: ProjectScope) -> None:
    wrap = (
        "id IN (SELECT observation_id FROM scores FINAL WHERE project_id = {project_id:String} GROUP BY observation_id HAVING $condition)"
    )
    columns = {"scores": Column("count()", "number", wrap, zero=True)}
    for operator, value, ids in (
        ("=", 0, {"empty", "refund"}),
        (">", 0, {"chat", "Chat2"}),
        ("<", 3, {"empty", "refund"}),
        (">=", 4, {"chat"}),
        ("<=", 3, {"empty", "refund", "Chat2"}),
    ):
        where = Conditions(scope)
        apply(where, [one("number", "scores", operator, value)], columns)
        rows = clickhouse.query(f"SELECT id FROM observations FINAL WHERE {where.sql}", where.params)
        assert {row["id"] for row in rows} == ids, (operator, value)
