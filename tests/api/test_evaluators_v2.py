"""Evaluators of the v2 contract (spec/api.md §11): their versions, and that the unstable contract sees the same ones."""

from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from langfuse_app.api.errors import refusal, unexpected
from langfuse_app.core.errors import AppError, QueryTooHeavyError, ServiceUnavailableError
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.evaluators import service
from langfuse_app.features.evaluators.schemas_v2 import CreateCodeV2, EvaluatorsV2Out, EvaluatorV2Out, UpdateMetadata, VersionsOut
from langfuse_app.features.rate_limits.service import RateLimitedError
from tests import factories
from tests.api.conftest import Api

EVALUATORS, RULES = "/v2/evaluators", "/v2/evaluation-rules"
ONE: TypeAdapter[Any] = TypeAdapter(EvaluatorV2Out)
CODE: dict[str, Any] = {"type": "code", "name": "length", "sourceCode": "def evaluate(ctx): ...", "sourceCodeLanguage": "PYTHON"}
DEFINITION: dict[str, Any] = {
    "type": "llm_as_judge",
    "prompt": [{"role": "system", "content": "You judge {{topic}}."}, {"role": "user", "content": "Is {{answer}} right?"}],
    "outputDefinition": {"dataType": "NUMERIC", "scoreReasoningInstructions": "why", "minValue": 0, "maxValue": 1},
    "modelConfig": {"provider": "openai", "model": "gpt-4o"},
}
JUDGE: dict[str, Any] = {"name": "right", "description": "whether it is right"} | DEFINITION
MAPPING = [{"variable": "topic", "source": "metadata", "jsonPath": "$.topic"}, {"variable": "answer", "source": "output"}]


def connect(api: Api) -> str:
    body = {"provider": "openai", "adapter": "openai", "secretKey": "sk-secret-key"}
    return api.send("PUT", "/llm-connections", body).json()["id"]


@pytest.mark.parametrize("path", [EVALUATORS, f"{EVALUATORS}/x", f"{EVALUATORS}/x/versions", RULES, f"{RULES}/x"])
def test_refusals_have_codes(anonymous: TestClient, scope: ProjectScope, api: Api, path: str) -> None:
    assert anonymous.get(f"/api/public{path}").json()["code"] == "authentication_failed"
    browser = {"Authorization": f"Bearer {factories.public_key(scope)}"}
    answer = anonymous.get(f"/api/public{path}", headers=browser)
    assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")
    if "/x" in path:
        assert (api.get(path).status_code, api.get(path).json()["code"]) == (404, "resource_not_found")
    else:
        wrong = api.get(path, limit=101)
        assert (wrong.status_code, wrong.json()["code"], wrong.json()["details"]["issues"][0]["path"]) == (400, "invalid_query", ["limit"])
        assert api.get(path, cursor="nonsense").json() == {"message": "Invalid cursor format", "code": "invalid_request"}
        other = api.send("PUT", path)
        assert (other.status_code, other.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RateLimitedError("Rate limit exceeded", 1, 0), "rate_limited"),
        (ServiceUnavailableError("Service Unavailable"), "internal_error"),
        (QueryTooHeavyError(), "invalid_request"),
    ],
)
@pytest.mark.parametrize("path", [EVALUATORS, RULES])
def test_every_refusal_has_one_of_ten_codes(path: str, error: AppError, code: str) -> None:
    body = orjson.loads(refusal(f"/api/public{path}/x", error).body)
    assert (body["code"], "details" in body) == (code, code == "rate_limited")
    assert orjson.loads(unexpected(f"/api/public{path}", ValueError("x")).body)["code"] == "internal_error"


def test_a_judge(api: Api, stranger: Api) -> None:
    connect(api)
    answer = api.post(EVALUATORS, JUDGE)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    ONE.validate_python(made)
    stamps = ("id", "createdAt", "updatedAt", "versionId", "versionCreatedAt")
    assert all(made.pop(stamp) for stamp in stamps)
    assert made == {
        "name": "right",
        "description": "whether it is right",
        "type": "llm_as_judge",
        "prompt": DEFINITION["prompt"],
        "variables": ["topic", "answer"],
        "variableMapping": None,
        "modelConfig": {"provider": "openai", "model": "gpt-4o"},
        "outputDefinition": {"dataType": "NUMERIC", "scoreReasoningInstructions": "why", "minValue": 0, "maxValue": 1},
        "status": "active",
        "pausedAt": None,
        "pausedReason": None,
        "pausedMessage": None,
        "evaluationRuleAssignments": [],
        "createdBy": None,
        "version": 1,
        "versionCreatedBy": None,
    }
    path = f"{EVALUATORS}/{answer.json()['id']}"
    assert api.get(path).json() == answer.json()
    for method, body in (("GET", None), ("PATCH", {"name": "mine"}), ("DELETE", None)):
        assert stranger.send(method, path, body).status_code == 404
    assert stranger.get(f"{path}/versions").status_code == 404
    assert stranger.get(EVALUATORS).json() == {"data": [], "meta": {}}


def test_code(api: Api) -> None:
    made = api.post(EVALUATORS, CODE).json()
    ONE.validate_python(made)
    assert (made["sourceCode"], made["sourceCodeLanguage"], made["description"]) == (CODE["sourceCode"], "PYTHON", None)
    assert not {"prompt", "variables", "variableMapping", "modelConfig", "outputDefinition"} & made.keys()


def test_names_are_no_identifiers(api: Api) -> None:
    first, second = api.post(EVALUATORS, CODE).json(), api.post(EVALUATORS, CODE).json()
    assert (first["version"], second["version"], first["id"] != second["id"]) == (1, 1, True)


def test_a_definition_makes_a_version_and_a_name_does_not(api: Api) -> None:
    connect(api)
    made = api.post(EVALUATORS, JUDGE).json()
    path = f"{EVALUATORS}/{made['id']}"
    named = api.send("PATCH", path, {"name": "correct"}).json()
    assert (named["name"], named["description"], named["version"], named["versionId"]) == (
        "correct",
        JUDGE["description"],
        1,
        made["versionId"],
    )
    cleared = api.send("PATCH", path, {"description": None}).json()
    assert (cleared["name"], cleared["description"], cleared["version"]) == ("correct", None, 1)
    change = DEFINITION | {"prompt": "Is {{answer}} right?", "name": "right again", "variableMapping": MAPPING[1:]}
    changed = api.send("PATCH", path, change).json()
    assert (changed["id"], changed["name"], changed["version"]) == (made["id"], "right again", 2)
    assert (changed["prompt"], changed["variables"]) == ([{"role": "user", "content": "Is {{answer}} right?"}], ["answer"])
    assert changed["variableMapping"] == [{"variable": "answer", "source": "output", "jsonPath": None}]
    listed = api.get(f"{path}/versions").json()
    VersionsOut.model_validate(listed)
    assert ([one["version"] for one in listed["data"]], listed["meta"]) == ([2, 1], {})
    assert listed["data"][0].keys() == {
        *("id", "version", "createdAt", "createdBy", "type"),
        *("prompt", "variables", "variableMapping", "modelConfig", "outputDefinition"),
    }
    assert [one["id"] for one in listed["data"]] == [changed["versionId"], made["versionId"]]
    other = api.send("PATCH", path, {name: CODE[name] for name in ("type", "sourceCode", "sourceCodeLanguage")})
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert api.get(path).json()["version"] == 2
    assert [one.action for one in factories.audit_log(resource_id=made["id"])] == ["create", "update", "update", "update"]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_lists_are_read_by_cursor(api: Api, limit: int) -> None:
    made = [api.post(EVALUATORS, CODE).json()["id"] for _ in range(3)]
    for _ in range(2):
        api.send("PATCH", f"{EVALUATORS}/{made[0]}", {name: CODE[name] for name in ("type", "sourceCode", "sourceCodeLanguage")})
    assert read(api, EVALUATORS, limit, "id") == made[::-1]
    assert read(api, f"{EVALUATORS}/{made[0]}/versions", limit, "version") == [3, 2, 1]
    EvaluatorsV2Out.model_validate(api.get(EVALUATORS).json())


def read(api: Api, path: str, limit: int, field: str) -> list[Any]:
    """The field of everything in a list, page by page."""
    found, cursor = [], None
    while True:
        page = api.get(path, limit=limit, **({"cursor": cursor} if cursor else {})).json()
        assert len(page["data"]) <= limit
        found += [one[field] for one in page["data"]]
        cursor = page["meta"].get("cursor")
        if cursor is None:
            return found


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"modelConfig": None}, 412, "invalid_request"),
        ({"modelConfig": {"provider": "nobody", "model": "x"}}, 412, "invalid_request"),
        ({"variableMapping": MAPPING[:1]}, 400, "invalid_request"),
        ({"variableMapping": [*MAPPING, MAPPING[0]]}, 400, "invalid_request"),
        ({"variableMapping": [MAPPING[0] | {"jsonPath": "topic["}, MAPPING[1]]}, 400, "invalid_request"),
        ({"variableMapping": [{"variable": "answer", "source": "nowhere"}]}, 400, "invalid_body"),
        ({"outputDefinition": {"dataType": "NUMERIC", "minValue": 2, "maxValue": 1}}, 400, "invalid_body"),
        (
            {"outputDefinition": {"dataType": "CATEGORICAL", "categories": ["a", "a"], "shouldAllowMultipleMatches": False}},
            400,
            "invalid_body",
        ),
        ({"outputDefinition": {"dataType": "TEXT"}}, 400, "invalid_body"),
        ({"prompt": []}, 400, "invalid_body"),
        ({"prompt": [{"role": "developer", "content": "x"}]}, 400, "invalid_body"),
        ({"type": "human"}, 400, "invalid_body"),
        ({"version": 3}, 400, "invalid_body"),
    ],
)
def test_what_is_wrong_has_a_code(api: Api, change: dict[str, Any], status: int, code: str) -> None:
    connect(api)
    made = api.post(EVALUATORS, JUDGE).json()
    for answer in (api.post(EVALUATORS, JUDGE | change), api.send("PATCH", f"{EVALUATORS}/{made['id']}", DEFINITION | change)):
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert api.get(f"{EVALUATORS}/{made['id']}").json() == made


@pytest.mark.parametrize("body", [{}, {"name": None}, {"name": ""}, {"prompt": "x"}, {"type": "code"}, [], None])
def test_changes_that_mean_nothing(api: Api, body: Any) -> None:
    made = api.post(EVALUATORS, CODE).json()
    answer = api.send("PATCH", f"{EVALUATORS}/{made['id']}", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body")


def test_issues_name_the_field(api: Api) -> None:
    answer = api.post(EVALUATORS, JUDGE | {"outputDefinition": {"dataType": "CATEGORICAL", "categories": ["a"]}})
    assert [one["path"] for one in answer.json()["details"]["issues"]] == [
        ["outputDefinition", "categories"],
        ["outputDefinition", "shouldAllowMultipleMatches"],
    ]
    answer = api.post(EVALUATORS, JUDGE | {"prompt": [{"role": "user"}]})
    assert ["prompt", 0, "content"] in [one["path"] for one in answer.json()["details"]["issues"]]


def test_an_evaluator_is_paused_without_its_connection(api: Api) -> None:
    connection = connect(api)
    made = api.post(EVALUATORS, JUDGE | {"variableMapping": MAPPING}).json()
    rule = api.post(RULES, {"name": "all", "enabled": True, "evaluatorAssignments": [{"evaluatorId": made["id"]}]}).json()
    assert api.send("DELETE", f"/llm-connections/{connection}").status_code == 200
    paused = api.get(f"{EVALUATORS}/{made['id']}").json()
    ONE.validate_python(paused)
    assert (paused["status"], paused["pausedReason"]) == ("paused", "LLM_CONNECTION_MISSING")
    assert "openai" in paused["pausedMessage"]
    unstable = api.get(f"/unstable/evaluation-rules/{rule['id']}").json()
    assert (unstable["status"], unstable["pausedReason"], unstable["enabled"]) == ("paused", "LLM_CONNECTION_MISSING", True)
    for change in ({"enabled": True}, {"evaluatorAssignments": [{"evaluatorId": made["id"]}]}):
        refused = api.send("PATCH", f"{RULES}/{rule['id']}", change)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert api.send("PATCH", f"{RULES}/{rule['id']}", {"enabled": False}).json()["enabled"] is False
    connect(api)
    assert api.get(f"{EVALUATORS}/{made['id']}").json()["status"] == "active"
    assert api.send("PATCH", f"{RULES}/{rule['id']}", {"enabled": True}).json()["enabled"] is True


def test_a_deleted_evaluator_leaves_its_rules(api: Api) -> None:
    first, second = api.post(EVALUATORS, CODE).json()["id"], api.post(EVALUATORS, CODE).json()["id"]
    both = {"name": "both", "enabled": True, "evaluatorAssignments": [{"evaluatorId": first}, {"evaluatorId": second}]}
    one = {"name": "one", "enabled": True, "evaluatorAssignments": [{"evaluatorId": first}]}
    both, one = api.post(RULES, both).json(), api.post(RULES, one).json()
    assigned = api.get(f"{EVALUATORS}/{first}").json()["evaluationRuleAssignments"]
    assert assigned == [{"evaluationRuleId": one["id"]}, {"evaluationRuleId": both["id"]}]
    assert api.send("DELETE", f"{EVALUATORS}/{first}").json() == {"id": first}
    left = api.get(f"{RULES}/{both['id']}").json()
    assert (left["enabled"], left["evaluatorAssignments"]) == (True, [{"evaluatorId": second, "variableMapping": None}])
    left = api.get(f"{RULES}/{one['id']}").json()
    assert (left["enabled"], left["evaluatorAssignments"]) == (False, [])
    assert api.get(f"{EVALUATORS}/{first}").status_code == 404


def test_both_contracts_see_the_same_evaluators(api: Api) -> None:
    connect(api)
    made = api.post(EVALUATORS, JUDGE).json()
    old = api.get(f"/unstable/evaluators/{made['id']}").json()
    assert (old["prompt"], old["variables"]) == ("You judge {{topic}}.\n\nIs {{answer}} right?", ["topic", "answer"])
    assert old["outputDefinition"] == {
        "dataType": "NUMERIC",
        "reasoning": {"description": "why"},
        "score": {"description": "", "minValue": 0, "maxValue": 1},
    }
    body = {name: old[name] for name in ("type", "name", "prompt", "outputDefinition", "modelConfig")}
    again = api.post("/unstable/evaluators", body).json()
    assert (again["id"], again["version"]) == (made["id"], 2)
    new = api.get(f"{EVALUATORS}/{made['id']}").json()
    assert (new["version"], new["prompt"]) == (2, [{"role": "user", "content": old["prompt"]}])
    assert (new["outputDefinition"], new["description"]) == (made["outputDefinition"], made["description"])
    assert api.post("/unstable/evaluators", CODE | {"name": "right"}).json()["code"] == "name_conflict"
    twin = api.post(EVALUATORS, CODE | {"name": "right"}).json()
    assert api.post("/unstable/evaluators", CODE | {"name": "right"}).json()["id"] == twin["id"]
    assert api.post("/unstable/evaluators", body).json()["version"] == 3


def test_people_are_named(scope: ProjectScope, api: Api) -> None:
    made = api.post(EVALUATORS, CODE).json()
    person = factories.user(scope)
    theirs = accounts.project_scope(person, scope.project_id)
    service.update(theirs, made["id"], UpdateMetadata(name="renamed"))
    assert api.get(f"{EVALUATORS}/{made['id']}").json()["createdBy"] is None
    own = service.create(theirs, CreateCodeV2.model_validate(CODE))
    shown = api.get(f"{EVALUATORS}/{own.id}").json()
    assert shown["createdBy"] == shown["versionCreatedBy"] == {"id": person.user_id, "name": "Ada"}
    assert api.get(f"{EVALUATORS}/{own.id}/versions").json()["data"][0]["createdBy"]["name"] == "Ada"
