"""Evaluators and evaluation rules through the SDKs' generated clients, whose models must take our answers (spec/api.md §11)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import cache

import pytest

from .environments import CLIENTS
from .reading import Drive, Target, drive

pytestmark = pytest.mark.clients

DRIVEN = pytest.mark.parametrize("client", sorted(path.parent.name for path in CLIENTS.glob("*/drive_evaluators.*")))
MAPPING = [["answer", "output", None], ["topic", "metadata", "$.topic"]]


@pytest.fixture(scope="module")
def runs(target: Target) -> Callable[[str], Drive]:
    """The finished run of a client's driver, run when first asked for."""
    return cache(lambda client: drive(client, target, f"{client}-{secrets.token_hex(3)}", driver="drive_evaluators"))


@DRIVEN
def test_evaluators(client: str, runs: Callable[[str], Drive]) -> None:
    made = runs(client).fact("made")
    assert made["refused"] == "invalid_request", "a judge needs the connection that it names"
    assert made["kinds"] == ["Evaluator_LlmAsJudge", "Evaluator_Code"]
    assert made["prompt"] == [["system", "You know all about {{topic}}."], ["user", "Is {{answer}} right?"]]
    assert (made["variables"], made["model"], made["status"]) == (["topic", "answer"], "gpt-4o", ["active", "active"])
    assert made["output"] == ["PublicEvaluatorOutputDefinition_Categorical", ["right", "wrong"], "be strict"]
    assert made["source"] == ["def evaluate(ctx): ...", "PYTHON"]


@DRIVEN
def test_versions(client: str, runs: Callable[[str], Drive]) -> None:
    changed = runs(client).fact("changed")
    assert changed["versions"] == [1, 1, 2]
    assert changed["name"].startswith("renamed-")
    assert (changed["description"], changed["range"], changed["mapping"]) == ("whether it is right", [0, 1], MAPPING)
    assert (changed["conflict"], changed["history"], changed["last"]) == ("conflict", [2, 1], True)
    assert runs(client).fact("listed")["newest"] is True


@DRIVEN
def test_rules(client: str, runs: Callable[[str], Drive]) -> None:
    rule = runs(client).fact("rules")
    assert [one[0] for one in rule["filter"]] == ["stringOptions", "string", "arrayOptions", "stringObject", "number", "boolean", "null"]
    assert [one[3] for one in rule["filter"]] == [["GENERATION"], "u", ["internal"], "", 1, True, ""]
    assert (rule["assigned"], rule["overrides"], rule["changed"]) == ([True, True], [None, None], [False, 0.25, 7, 2])
    assert (rule["used"], rule["listed"], rule["deleted"]) == ([True], True, [True, True, True])
    assert [rule[name] for name in ("wrong", "missing", "gone")] == ["invalid_body", "resource_not_found", "resource_not_found"]


@DRIVEN
def test_the_driver_ran_to_its_end_without_complaint(client: str, runs: Callable[[str], Drive]) -> None:
    assert runs(client).failure is None, runs(client).failure
