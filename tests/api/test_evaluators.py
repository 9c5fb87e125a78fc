"""Evaluators and evaluation rules of the unstable API (spec/api.md §4.15)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.evaluation_rules.schemas import RuleOut
from langfuse_app.features.evaluators.definitions import is_json_path
from langfuse_app.features.evaluators.schemas import EvaluatorOut
from tests import factories
from tests.api.conftest import Api

EVALUATORS, RULES = "/unstable/evaluators", "/unstable/evaluation-rules"
CODE: dict[str, Any] = {"type": "code", "name": "length", "sourceCode": "def evaluate(ctx): ...", "sourceCodeLanguage": "PYTHON"}
JUDGE: dict[str, Any] = {
    "type": "llm_as_judge",
    "name": "helpful",
    "prompt": "Is {{answer}} helpful for {{question}}? {{answer}}",
    "outputDefinition": {"dataType": "NUMERIC", "reasoning": {"description": "why"}, "score": {"description": "0 to 1", "minValue": 0}},
    "modelConfig": {"provider": "openai", "model": "gpt-4o"},
}
MAPPING = [{"variable": "answer", "source": "output", "jsonPath": "$.text"}, {"variable": "question", "source": "input"}]
RULE: dict[str, Any] = {"name": "all generations", "target": "observation", "enabled": True, "sampling": 0.5}
FILTER = [{"type": "stringOptions", "column": "type", "operator": "any of", "value": ["GENERATION"]}]


def send(api: Api, method: str, path: str, body: Any = None):
    return api.client.request(method, f"/api/public{path}", json=body, headers=api.headers)


def connect(api: Api) -> None:
    body = {"provider": "openai", "adapter": "openai", "secretKey": "sk-secret-key"}
    assert send(api, "PUT", "/llm-connections", body).status_code == 201


@pytest.mark.parametrize("path", [EVALUATORS, RULES, f"{EVALUATORS}/x", f"{RULES}/x"])
def test_refusals_have_codes(anonymous: TestClient, scope: ProjectScope, api: Api, path: str) -> None:
    assert anonymous.get(f"/api/public{path}").json()["code"] == "authentication_failed"
    browser = {"Authorization": f"Bearer {factories.public_key(scope)}"}
    answer = anonymous.get(f"/api/public{path}", headers=browser)
    assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")
    if path.endswith("/x"):
        assert api.get(path).json()["code"] == "resource_not_found"


def test_a_judge_has_versions(api: Api, stranger: Api) -> None:
    refused = api.post(EVALUATORS, JUDGE)
    assert (refused.status_code, refused.json()["code"]) == (422, "evaluator_preflight_failed")
    connect(api)
    made = api.post(EVALUATORS, JUDGE).json()
    EvaluatorOut.model_validate(made)
    assert "sourceCode" not in made
    assert (made["version"], made["variables"], made["mapping"], made["evaluationRuleCount"]) == (1, ["answer", "question"], None, 0)
    assert (made["modelConfig"], made["outputDefinition"]["score"]["minValue"]) == (JUDGE["modelConfig"], 0)
    again = api.post(EVALUATORS, JUDGE | {"mapping": MAPPING}).json()
    assert (again["id"], again["version"], again["mapping"][0]["jsonPath"]) == (made["id"], 2, "$.text")
    assert api.get(f"{EVALUATORS}/{made['id']}").json() == again
    listed = api.get(EVALUATORS).json()
    assert ([row["version"] for row in listed["data"]], listed["meta"]["totalItems"]) == ([2], 1)
    assert stranger.get(f"{EVALUATORS}/{made['id']}").status_code == 404
    assert send(stranger, "DELETE", f"{EVALUATORS}/{made['id']}").status_code == 404
    other = api.post(EVALUATORS, CODE | {"name": "helpful"})
    assert (other.status_code, other.json()["code"]) == (409, "name_conflict")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"modelConfig": None}, "evaluator_preflight_failed"),
        ({"modelConfig": {"provider": "nobody", "model": "x"}}, "evaluator_preflight_failed"),
        ({"mapping": MAPPING[:1]}, "missing_variable_mapping"),
        ({"mapping": [*MAPPING, MAPPING[0]]}, "duplicate_variable_mapping"),
        ({"mapping": [*MAPPING, {"variable": "more", "source": "input"}]}, "invalid_variable_mapping"),
        ({"mapping": [MAPPING[0] | {"jsonPath": "text["}, MAPPING[1]]}, "invalid_json_path"),
        ({"mapping": [{"variable": "answer", "source": "nowhere"}]}, "invalid_body"),
        ({"outputDefinition": {"dataType": "CATEGORICAL"}}, "invalid_body"),
        ({"type": "human"}, "invalid_body"),
        ({"more": 1}, "invalid_body"),
    ],
)
def test_what_is_wrong_has_a_code(api: Api, change: dict[str, Any], code: str) -> None:
    connect(api)
    answer = api.post(EVALUATORS, JUDGE | change)
    assert (answer.status_code in (400, 422), answer.json()["code"]) == (True, code), answer.text


def test_a_rule_lives_its_life(api: Api, stranger: Api) -> None:
    connect(api)
    judge, code = api.post(EVALUATORS, JUDGE).json(), api.post(EVALUATORS, CODE).json()
    answer = api.post(RULES, RULE | {"evaluator": {"name": "helpful"}, "mapping": MAPPING, "filter": FILTER})
    assert answer.status_code == 200, answer.text
    made = answer.json()
    RuleOut.model_validate(made)
    assert made["evaluator"] == {"id": judge["id"], "name": "helpful", "type": "llm_as_judge"}
    assert (made["status"], made["sampling"], made["filter"], made["target"]) == ("active", 0.5, FILTER, "observation")
    assert [one["variable"] for one in made["mapping"]] == ["answer", "question"]
    path = f"{RULES}/{made['id']}"
    assert api.get(path).json() == made
    assert api.get(f"{EVALUATORS}/{judge['id']}").json()["evaluationRuleCount"] == 1
    used = send(api, "DELETE", f"{EVALUATORS}/{judge['id']}")
    assert (used.status_code, used.json()["code"]) == (409, "evaluator_in_use")
    twice = api.post(RULES, RULE | {"evaluator": {"name": "length", "type": "code"}})
    assert (twice.status_code, twice.json()["code"]) == (409, "name_conflict")
    changed = send(api, "PATCH", path, {"enabled": False, "evaluators": [{"evaluator": {"name": "length"}}]}).json()
    assert (changed["status"], changed["evaluator"]["id"], changed["mapping"], changed["filter"]) == ("inactive", code["id"], [], FILTER)
    assert [row["id"] for row in api.get(RULES).json()["data"]] == [made["id"]]
    for method, body in (("GET", None), ("PATCH", {"enabled": True}), ("DELETE", None)):
        assert send(stranger, method, path, body).status_code == 404
    assert stranger.get(RULES).json()["data"] == []
    assert send(api, "DELETE", path).json() == {"message": "Evaluation rule successfully deleted"}
    assert send(api, "DELETE", f"{EVALUATORS}/{judge['id']}").json() == {"message": "Evaluator successfully deleted"}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"evaluator": {"name": "nobody"}}, 404, "resource_not_found"),
        ({"evaluator": None}, 400, "invalid_body"),
        ({"sampling": 1.1}, 400, "invalid_body"),
        ({"target": "trace"}, 400, "invalid_body"),
        ({"filter": [{"type": "string", "column": "nothing", "operator": "=", "value": "x"}]}, 400, "invalid_filter_value"),
        ({"filter": [{"type": "stringOptions", "column": "type", "operator": "any of", "value": []}]}, 400, "invalid_filter_value"),
        ({"mapping": MAPPING}, 400, "invalid_variable_mapping"),
    ],
)
def test_a_rule_must_be_possible(api: Api, change: dict[str, Any], status: int, code: str) -> None:
    api.post(EVALUATORS, CODE)
    answer = api.post(RULES, RULE | {"evaluator": {"name": "length"}} | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_a_mapping_alone_is_refused(api: Api) -> None:
    api.post(EVALUATORS, CODE)
    made = api.post(RULES, RULE | {"evaluator": {"name": "length"}}).json()
    answer = send(api, "PATCH", f"{RULES}/{made['id']}", {"mapping": MAPPING})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body")


def test_versions_made_at_once_are_numbered(api: Api) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: api.post(EVALUATORS, CODE).json()["version"], range(6)))
    assert sorted(found) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("path", "good"),
    [("$", 1), ("$.a.b[0]", 1), ("$..a", 1), ("$['x..y']", 1), ("$.a[?(@.b > 1)]", 1), ("$.][", 0), ("$.a.", 0), ("a.b", 0)],
)
def test_json_paths(path: str, good: int) -> None:
    assert is_json_path(path) == bool(good)
