"""Evaluation rules of the v2 contract (spec/api.md §11), and that the unstable contract sees the same ones."""

from typing import Any

import pytest

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.evaluation_rules import service
from langfuse_app.features.evaluation_rules.schemas import RuleOut
from langfuse_app.features.evaluation_rules.schemas_v2 import CreateRuleV2, RulesV2Out, RuleV2Out
from tests import factories
from tests.api.conftest import Api
from tests.api.test_evaluators_v2 import CODE, EVALUATORS, JUDGE, MAPPING, RULES, connect, read

UNSTABLE = "/unstable/evaluation-rules"
ROOTS_OF_EXPERIMENTS = {"type": "boolean", "column": "isExperimentItemRootSpan", "operator": "=", "value": True}
# one for each column, with the type that it has
FILTER: list[dict[str, Any]] = [
    *(
        {"type": "stringOptions", "column": column, "operator": operator, "value": value}
        for column, operator, value in (
            ("type", "any of", ["GENERATION", "TOOL"]),
            ("name", "none of", ["a", "b"]),
            ("environment", "any of", ["production"]),
            ("level", "none of", ["DEBUG"]),
            ("traceName", "any of", ["t"]),
            ("experimentId", "any of", ["e"]),
            ("datasetId", "any of", ["d"]),
        )
    ),
    *({"type": "string", "column": column, "operator": "starts with", "value": "x"} for column in ("version", "userId", "sessionId")),
    *({"type": "arrayOptions", "column": column, "operator": "all of", "value": ["x"]} for column in ("tags", "calledToolNames")),
    {"type": "stringObject", "column": "metadata", "key": "tier", "operator": "is set", "value": ""},
    {"type": "number", "column": "toolCalls", "operator": ">=", "value": 1.0},
    {"type": "boolean", "column": "isRootObservation", "operator": "<>", "value": False},
    ROOTS_OF_EXPERIMENTS,
    {"type": "null", "column": "parentObservationId", "operator": "is null", "value": ""},
]


@pytest.fixture
def code(api: Api) -> str:
    """The id of an evaluator."""
    return api.post(EVALUATORS, CODE).json()["id"]


@pytest.fixture
def judge(api: Api) -> str:
    """The id of an evaluator with two variables, which are not mapped."""
    connect(api)
    return api.post(EVALUATORS, JUDGE).json()["id"]


def rule(*evaluators: str, **changes: Any) -> dict[str, Any]:
    return {"name": "all", "enabled": True, "evaluatorAssignments": [{"evaluatorId": id} for id in evaluators]} | changes


def test_a_rule_lives_its_life(api: Api, stranger: Api, code: str, judge: str) -> None:
    assignments = [{"evaluatorId": judge, "variableMapping": MAPPING}, {"evaluatorId": code}]
    answer = api.post(RULES, rule(filter=FILTER, sampling=0.25, evaluatorAssignments=assignments))
    assert answer.status_code == 200, answer.text
    made = answer.json()
    RuleV2Out.model_validate(made)
    mapping = [MAPPING[0], MAPPING[1] | {"jsonPath": None}]
    assert made == {
        "id": made["id"],
        "name": "all",
        "createdBy": None,
        "enabled": True,
        "sampling": 0.25,
        "filter": FILTER,
        "evaluatorAssignments": [{"evaluatorId": judge, "variableMapping": mapping}, {"evaluatorId": code, "variableMapping": None}],
        "createdAt": made["createdAt"],
        "updatedAt": made["updatedAt"],
    }
    path = f"{RULES}/{made['id']}"
    assert api.get(path).json() == made
    assigned = api.get(f"{EVALUATORS}/{judge}").json()["evaluationRuleAssignments"]
    assert assigned == [{"evaluationRuleId": made["id"], "variableMappingOverride": mapping}]
    changed = api.send("PATCH", path, {"name": "some", "sampling": 1, "evaluatorAssignments": [{"evaluatorId": code}]}).json()
    assert (changed["name"], changed["sampling"], changed["filter"], changed["enabled"]) == ("some", 1, FILTER, True)
    assert changed["evaluatorAssignments"] == [{"evaluatorId": code, "variableMapping": None}]
    for method, body in (("GET", None), ("PATCH", {"enabled": False}), ("DELETE", None)):
        assert stranger.send(method, path, body).status_code == 404
    assert stranger.get(RULES).json() == {"data": [], "meta": {}}
    assert stranger.post(RULES, rule(code)).json() == {"message": f"Evaluator '{code}' not found", "code": "resource_not_found"}
    assert api.send("DELETE", path).json() == {"id": made["id"]}
    assert api.get(path).status_code == 404
    assert api.get(f"{EVALUATORS}/{code}").status_code == 200


def test_what_need_not_be_said(api: Api, code: str) -> None:
    made = api.post(RULES, rule(code)).json()
    assert (made["filter"], made["sampling"]) == ([], 1.0)
    assert api.post(RULES, rule(code)).json()["id"] != made["id"], "names are no identifiers"


def test_a_draft_has_no_evaluators(api: Api, code: str) -> None:
    refused = api.post(RULES, rule())
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
    draft = api.post(RULES, rule(enabled=False)).json()
    path = f"{RULES}/{draft['id']}"
    assert (draft["enabled"], draft["evaluatorAssignments"]) == (False, [])
    assert (api.get(UNSTABLE).json()["data"], api.get(f"{UNSTABLE}/{draft['id']}").status_code) == ([], 404)
    assert api.send("PATCH", f"{UNSTABLE}/{draft['id']}", {"name": "x"}).status_code == 404
    assert api.send("PATCH", path, {"enabled": True}).status_code == 400
    assert api.send("PATCH", path, {"enabled": True, "evaluatorAssignments": [{"evaluatorId": code}]}).json()["enabled"] is True
    assert api.send("PATCH", path, {"enabled": True, "evaluatorAssignments": []}).status_code == 400
    assert api.send("PATCH", path, {"evaluatorAssignments": []}).json()["enabled"] is False


def test_a_mapping_is_the_evaluators_or_the_rules(api: Api, judge: str) -> None:
    refused = api.post(RULES, rule(judge))
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
    assert "topic, answer" in refused.json()["message"]
    definition = {name: value for name, value in JUDGE.items() if name not in ("name", "description")}
    api.send("PATCH", f"{EVALUATORS}/{judge}", definition | {"variableMapping": MAPPING})
    made = api.post(RULES, rule(judge)).json()
    assert made["evaluatorAssignments"] == [{"evaluatorId": judge, "variableMapping": None}]
    assert api.get(f"{UNSTABLE}/{made['id']}").json()["mapping"] == [MAPPING[0], MAPPING[1] | {"jsonPath": None}]


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"evaluatorAssignments": [{"evaluatorId": "nobody"}]}, 404, "resource_not_found"),
        ({"name": ""}, 400, "invalid_body"),
        ({"enabled": None}, 400, "invalid_body"),
        ({"sampling": None}, 400, "invalid_body"),
        ({"sampling": 1.1}, 400, "invalid_body"),
        ({"filter": None}, 400, "invalid_body"),
        ({"target": "experiment"}, 400, "invalid_body"),
    ],
)
def test_what_is_wrong_has_a_code(api: Api, code: str, change: dict[str, Any], status: int, said: str) -> None:
    made = api.post(RULES, rule(code)).json()
    for answer in (api.post(RULES, rule(code) | change), api.send("PATCH", f"{RULES}/{made['id']}", change)):
        assert (answer.status_code, answer.json()["code"]) == (status, said), answer.text
    assert api.get(f"{RULES}/{made['id']}").json() == made


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"column": "nothing"}, "column"),
        ({"type": "string"}, "column"),  # a column has one type
        ({"type": "datetime", "operator": ">", "value": "2026-05-01T10:00:00Z"}, ""),  # and no column has this one
        ({"operator": "="}, "operator"),
        ({"value": []}, "value"),
        ({"value": "GENERATION"}, "value"),
        ({"value": ["generation"]}, ""),
        ({"key": "x"}, "key"),
    ],
)
def test_filters_are_checked(api: Api, code: str, change: dict[str, Any], place: str) -> None:
    answer = api.post(RULES, rule(code, filter=[FILTER[1], FILTER[0] | change]))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body"), answer.text
    paths = [one["path"] for one in answer.json()["details"]["issues"]]
    assert ["filter", 1, *([place] if place else [])] in paths


def test_an_evaluator_is_assigned_once(api: Api, code: str) -> None:
    assert api.post(RULES, rule(code, code)).json()["code"] == "invalid_body"
    twice = {"name": "x", "target": "observation", "enabled": True, "evaluators": [{"evaluator": {"name": "length"}}] * 2}
    assert api.post(UNSTABLE, twice).json()["code"] == "invalid_body"


@pytest.mark.parametrize("body", [{}, {"name": None}, {"evaluatorAssignments": None}, [], None])
def test_changes_that_mean_nothing(api: Api, code: str, body: Any) -> None:
    made = api.post(RULES, rule(code)).json()
    answer = api.send("PATCH", f"{RULES}/{made['id']}", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body")


@pytest.mark.parametrize("limit", [1, 3])
def test_lists_are_read_by_cursor(api: Api, code: str, limit: int) -> None:
    made = [api.post(RULES, rule(code)).json()["id"] for _ in range(3)]
    api.send("PATCH", f"{RULES}/{made[0]}", {"name": "changed"})
    assert read(api, RULES, limit, "id") == made[::-1]
    RulesV2Out.model_validate(api.get(RULES).json())


def test_both_contracts_see_the_same_rules(api: Api, code: str) -> None:
    made = api.post(RULES, rule(code, filter=FILTER)).json()
    old = api.get(f"{UNSTABLE}/{made['id']}").json()
    RuleOut.model_validate(old)
    assert (old["target"], old["evaluator"], old["status"]) == ("observation", {"id": code, "name": "length", "type": "code"}, "active")
    assert [one["column"] for one in old["filter"]] == [one["column"].replace("datasetId", "experimentDatasetId") for one in FILTER]
    taken = {"name": "all", "target": "experiment", "enabled": True, "evaluator": {"name": "length"}}
    assert api.post(UNSTABLE, taken).json()["code"] == "name_conflict"
    assert api.send("PATCH", f"{UNSTABLE}/{made['id']}", {"name": "all", "enabled": False}).json()["enabled"] is False


def test_a_target_is_a_condition(api: Api, code: str) -> None:
    dataset = {"type": "stringOptions", "column": "experimentDatasetId", "operator": "any of", "value": ["d"]}
    body = {"name": "x", "target": "experiment", "enabled": True, "evaluator": {"name": "length"}, "filter": [dataset]}
    made = api.post(UNSTABLE, body).json()
    path = f"{RULES}/{made['id']}"
    assert api.get(path).json()["filter"] == [dataset | {"column": "datasetId"}, ROOTS_OF_EXPERIMENTS]
    api.send("PATCH", path, {"name": "y"})
    assert api.get(f"{UNSTABLE}/{made['id']}").json()["target"] == "experiment"
    assert api.send("PATCH", path, {"filter": [FILTER[0]]}).json()["filter"] == [FILTER[0]]
    assert api.get(f"{UNSTABLE}/{made['id']}").json()["target"] == "observation"


def test_changes_are_audited(api: Api, code: str) -> None:
    made = api.post(RULES, rule(code)).json()
    api.send("PATCH", f"{RULES}/{made['id']}", {"name": "changed"})
    api.send("DELETE", f"{RULES}/{made['id']}")
    assert [one.action for one in factories.audit_log(resource_id=made["id"])] == ["create", "update", "delete"]


def test_people_are_named(scope: ProjectScope, api: Api, code: str) -> None:
    person = factories.user(scope)
    made = service.create(accounts.project_scope(person, scope.project_id), CreateRuleV2.model_validate(rule(code)))
    assert api.get(f"{RULES}/{made.id}").json()["createdBy"] == {"id": person.user_id, "name": "Ada"}
