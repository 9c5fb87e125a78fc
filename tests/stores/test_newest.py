"""Pages of the newest rows, against a model that keeps every version in a dict."""

import random

import pytest

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import Conditions
from langfuse_app.stores.newest import OBSERVATIONS, TRACES, newest, total
from tests import factories


@pytest.fixture
def scope(engines: object) -> ProjectScope:
    return factories.project()


def where(scope: ProjectScope, name: str | None = None) -> Conditions:
    conditions = Conditions(scope)
    conditions.equal("name", name)
    return conditions


@pytest.mark.parametrize("seed", range(3))
def test_versions_and_tombstones(scope: ProjectScope, seed: int) -> None:
    chance = random.Random(seed)
    living: dict[tuple[int, str], tuple[int, str]] = {}
    for _ in range(120):
        id, day, name = f"t{chance.randrange(12)}", chance.randrange(2), chance.choice("ab")
        second = day * 86_400 + chance.randrange(5)
        gone = chance.random() < 0.3
        factories.trace(scope, id, second, name=name, is_deleted=int(gone))
        living.pop((day, id), None)
        if not gone:
            living[(day, id)] = (second, name)
    for name in (None, "a"):
        rows = [(second, id) for (_, id), (second, kept) in living.items() if name in (None, kept)]
        expected = [id for _, id in sorted(rows, reverse=True)]
        for limit, offset in ((50, 0), (3, 0), (3, 2), (5, len(expected) - 1 if expected else 0)):
            found = [row["id"] for row in newest(TRACES, "id", where(scope, name), limit, offset)]
            assert found == expected[offset : offset + limit], (name, limit, offset)
        assert total(TRACES, where(scope, name)) == len(expected)


def test_a_page_behind_many_dead_versions(scope: ProjectScope) -> None:
    """More tombstones than the first guess looks at stand before the living rows."""
    for number in range(60):
        factories.observation(scope, "t", f"dead{number}", 1000 + number)
        factories.observation(scope, "t", f"dead{number}", 1000 + number, is_deleted=1)
    for number in range(3):
        factories.observation(scope, "t", f"o{number}", number)
    assert [row["id"] for row in newest(OBSERVATIONS, "id", where(scope), 2)] == ["o2", "o1"]
    assert newest(OBSERVATIONS, "id", where(scope), 0) == []
    assert newest(OBSERVATIONS, "id", where(scope), 10, 3) == []


def test_ids_that_fit_no_parameter(scope: ProjectScope) -> None:
    """Keys too long to be sent back are merged where they lie."""
    for number in range(40):
        factories.observation(scope, "t", f"{number:04}" * 1000, number)
    found = newest(OBSERVATIONS, "id", where(scope), 30, 5)
    assert [row["id"][:4] for row in found] == [f"{34 - n:04}" for n in range(30)]
    assert total(OBSERVATIONS, where(scope)) == 40
