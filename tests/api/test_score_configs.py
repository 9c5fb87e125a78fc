"""GET, POST and PATCH /api/public/score-configs (spec/api.md §3.1, §4.5)."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.audit.models import AuditLog
from langfuse_app.features.score_configs.schemas import ScoreConfigOut
from langfuse_app.stores.postgres import session
from tests.api.conftest import Api
from tests.api.doors import needs_a_project_key
from worker import ingestion

PATH = "/score-configs"
NUMERIC: dict[str, Any] = {"name": "quality", "dataType": "NUMERIC", "minValue": 0, "maxValue": 1.5}
CATEGORIES = [{"value": 1, "label": "good"}, {"value": 0, "label": "bad"}]
CATEGORICAL: dict[str, Any] = {"name": "mood (new)", "dataType": "CATEGORICAL", "categories": CATEGORIES}
FIELDS = {
    *("id", "name", "createdAt", "updatedAt", "projectId", "dataType", "isArchived", "minValue", "maxValue", "categories", "description"),
}


def issues(answer: Any) -> list[list[str]]:
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"] == "Invalid request data"
    return [issue["path"] for issue in answer.json()["error"]]


def test_a_config_lives_its_life(api: Api) -> None:
    created = api.post(PATH, NUMERIC)
    assert created.status_code == 200
    config = created.json()
    assert config.keys() == FIELDS
    ScoreConfigOut.model_validate(config)
    expected = {"minValue": 0, "maxValue": 1.5, "categories": None, "description": None, "isArchived": False}
    assert {name: config[name] for name in expected} == expected
    assert config["projectId"] == api.scope.project_id
    assert api.get(f"{PATH}/{config['id']}").json() == config

    changed = api.send("PATCH", f"{PATH}/{config['id']}", {"isArchived": True, "maxValue": None, "description": "why"})
    assert changed.status_code == 200
    assert (changed.json()["isArchived"], changed.json()["maxValue"], changed.json()["minValue"]) == (True, None, 0)
    assert changed.json()["updatedAt"] > config["updatedAt"]
    assert api.get(PATH).json() == {"data": [changed.json()], "meta": {"page": 1, "limit": 50, "totalItems": 1, "totalPages": 1}}


def test_every_change_is_audited(api: Api) -> None:
    id = api.post(PATH, NUMERIC).json()["id"]
    api.send("PATCH", f"{PATH}/{id}", {"name": "other"})
    with session() as current:
        entries = current.exec(select(AuditLog).where(AuditLog.resource_id == id).order_by(AuditLog.created_at)).all()  # type: ignore[arg-type]
    assert [(entry.action, entry.type) for entry in entries] == [("create", "API_KEY"), ("update", "API_KEY")]
    assert '"name":"quality"' in (entries[1].before or "")
    assert '"name":"other"' in (entries[1].after or "")


def test_boolean_categories_are_made_by_the_server(api: Api) -> None:
    config = api.post(PATH, {"name": "ok", "dataType": "BOOLEAN"}).json()
    assert config["categories"] == [{"value": 1, "label": "True"}, {"value": 0, "label": "False"}]
    assert issues(api.post(PATH, {"name": "ok", "dataType": "BOOLEAN", "categories": CATEGORIES})) == [["categories"]]
    assert issues(api.send("PATCH", f"{PATH}/{config['id']}", {"categories": CATEGORIES})) == [["categories"]]
    assert api.send("PATCH", f"{PATH}/{config['id']}", {"name": "fine"}).json()["categories"] == config["categories"]


def test_text_and_categories(api: Api) -> None:
    assert api.post(PATH, {"name": "words", "dataType": "TEXT"}).json()["categories"] is None
    assert api.post(PATH, CATEGORICAL).json()["categories"] == CATEGORIES


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (NUMERIC | {"name": ""}, ["name"]),
        (NUMERIC | {"name": "x" * 36}, ["name"]),
        (NUMERIC | {"name": "a/b"}, ["name"]),
        (NUMERIC | {"name": None}, ["name"]),
        (NUMERIC | {"dataType": "CORRECTION"}, ["dataType"]),
        (NUMERIC | {"minValue": 2}, ["maxValue"]),
        (NUMERIC | {"minValue": 1.5}, ["maxValue"]),
        (NUMERIC | {"minValue": "0"}, ["minValue"]),
        (NUMERIC | {"categories": CATEGORIES}, ["categories"]),
        (CATEGORICAL | {"categories": None}, ["categories"]),
        (CATEGORICAL | {"categories": []}, ["categories"]),
        (CATEGORICAL | {"minValue": 1}, ["minValue"]),
        (CATEGORICAL | {"categories": [{"value": 1, "label": "a"}, {"value": 1, "label": "b"}]}, ["categories"]),
        (CATEGORICAL | {"categories": [{"value": 1, "label": "a"}, {"value": 2, "label": "a"}]}, ["categories"]),
        (CATEGORICAL | {"categories": [{"label": "a"}]}, ["categories", 0, "value"]),
    ],
)
def test_wrong_bodies_say_where(api: Api, body: dict[str, Any], path: list[str]) -> None:
    assert path in issues(api.post(PATH, body))


@pytest.mark.parametrize("name", ["質 1", "a_b-c.d (e)", "Ärger"])
def test_names_in_every_script(api: Api, name: str) -> None:
    assert api.post(PATH, NUMERIC | {"name": name}).json()["name"] == name


def test_changes_are_checked_against_the_type(api: Api) -> None:
    id = api.post(PATH, NUMERIC).json()["id"]
    empty = api.send("PATCH", f"{PATH}/{id}", {})
    assert (empty.status_code, empty.json()) == (400, {"message": "Request body cannot be empty", "error": "InvalidRequestError"})
    assert issues(api.send("PATCH", f"{PATH}/{id}", {"minValue": 2})) == [["maxValue"]]
    assert issues(api.send("PATCH", f"{PATH}/{id}", {"categories": CATEGORIES})) == [["categories"]]
    assert api.send("PATCH", f"{PATH}/{id}", {"dataType": "TEXT", "minValue": -1}).json()["dataType"] == "NUMERIC"


def test_other_tenants_see_nothing(api: Api, stranger: Api) -> None:
    id = api.post(PATH, NUMERIC).json()["id"]
    for answer in (stranger.get(f"{PATH}/{id}"), stranger.send("PATCH", f"{PATH}/{id}", {"name": "mine"}), api.get(f"{PATH}/no")):
        expected = {"message": "Score config not found within authorized project", "error": "LangfuseNotFoundError"}
        assert (answer.status_code, answer.json()) == (404, expected)
    assert stranger.get(PATH).json()["data"] == []


def test_lists_are_newest_first(api: Api) -> None:
    ids = [api.post(PATH, NUMERIC | {"name": str(number)}).json()["id"] for number in range(3)]
    page = api.get(PATH, page=1, limit=2).json()
    assert [config["id"] for config in page["data"]] == ids[:0:-1]
    assert page["meta"] == {"page": 1, "limit": 2, "totalItems": 3, "totalPages": 2}
    assert api.get(PATH, limit=101).status_code == 400


def scored(api: Api, **body: Any) -> list[tuple[Any, ...]]:
    """What is stored of a score after it went the whole way."""
    id = new_id()
    assert api.post("/scores", {"id": id, "traceId": "t1", "name": "any"} | body).json() == {"id": id}
    ingestion.drain()
    return [(row["name"], row["dataType"], row["value"]) for row in api.get("/v3/scores", id=id).json()["data"]]


def test_scores_are_held_to_their_config(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change counts for the next score: nothing of a config is remembered between batches."""
    monkeypatch.setattr(ingestion, "IDLE_S", 0.2)
    numeric = api.post(PATH, NUMERIC).json()["id"]
    flag = api.post(PATH, {"name": "ok", "dataType": "BOOLEAN"}).json()["id"]
    mood = api.post(PATH, CATEGORICAL).json()["id"]
    assert scored(api, configId=numeric, name="quality", value=1) == [("quality", "NUMERIC", 1)]
    assert scored(api, configId=numeric, name="quality", value=1.6) == []
    assert scored(api, configId=flag, name="ok", value=1) == [("ok", "BOOLEAN", True)]
    assert scored(api, configId=mood, name="mood (new)", value="good") == [("mood (new)", "CATEGORICAL", "good")]
    assert scored(api, configId=mood, name="mood (new)", value="other") == []

    api.send("PATCH", f"{PATH}/{numeric}", {"maxValue": 2})
    assert scored(api, configId=numeric, name="quality", value=1.6) == [("quality", "NUMERIC", 1.6)]
    api.send("PATCH", f"{PATH}/{numeric}", {"isArchived": True})
    assert scored(api, configId=numeric, name="quality", value=1) == []


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("POST", PATH), ("GET", PATH + "/x"), ("PATCH", PATH + "/x")])
def test_every_route_needs_a_key(anonymous: TestClient, scope: ProjectScope, method: str, path: str) -> None:
    needs_a_project_key(anonymous, scope, method, path, NUMERIC)
