"""Annotation queues, their items and assignments (spec/api.md §3.1)."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.annotation_queues.schemas import ItemOut, QueueOut
from tests import factories
from tests.api.conftest import Api
from tests.api.doors import needs_a_project_key

PATH = "/annotation-queues"
ITEM: dict[str, Any] = {"objectId": "t1", "objectType": "TRACE"}
QUEUE_FIELDS = {"id", "name", "description", "scoreConfigIds", "createdAt", "updatedAt"}
ITEM_FIELDS = {"id", "queueId", "objectId", "objectType", "status", "completedAt", "createdAt", "updatedAt"}


def config(api: Api) -> str:
    return api.post("/score-configs", {"name": "quality", "dataType": "NUMERIC"}).json()["id"]


def queue(api: Api, name: str = "triage") -> Any:
    return api.post(PATH, {"name": name, "scoreConfigIds": [config(api)]})


@pytest.fixture
def items(api: Api) -> str:
    """The path of the items of a queue."""
    return f"{PATH}/{queue(api).json()['id']}/items"


def test_a_queue_comes_back(api: Api) -> None:
    created = queue(api)
    assert created.status_code == 200
    found = created.json()
    assert found.keys() == QUEUE_FIELDS
    QueueOut.model_validate(found)
    assert (found["name"], found["description"], len(found["scoreConfigIds"])) == ("triage", None, 1)
    assert api.get(f"{PATH}/{found['id']}").json() == found
    assert api.get(PATH).json() == {"data": [found], "meta": {"page": 1, "limit": 50, "totalItems": 1, "totalPages": 1}}


def test_queues_are_listed_newest_first(api: Api) -> None:
    ids = [queue(api, str(number)).json()["id"] for number in range(3)]
    assert [found["id"] for found in api.get(PATH, limit=2).json()["data"]] == ids[:0:-1]
    assert api.get(PATH, unknown=1).status_code == 400


def test_a_taken_name_is_refused(api: Api, stranger: Api) -> None:
    queue(api)
    answer = queue(api)
    expected = {"message": "A queue with this name already exists.", "error": "InvalidRequestError"}
    assert (answer.status_code, answer.json()) == (400, expected)
    assert queue(stranger).status_code == 200


def test_score_configs_must_be_of_the_project(api: Api, stranger: Api) -> None:
    foreign = config(stranger)
    answer = api.post(PATH, {"name": "q", "scoreConfigIds": [config(api), foreign]})
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequestError")
    assert foreign in answer.json()["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"scoreConfigIds": []},
        {"scoreConfigIds": None},
        {"name": ""},
        {"name": "x" * 501},
        {"name": None},
        {"unknown": 1},
        {"name": "a\x00"},
    ],
)
def test_wrong_queues_are_refused(api: Api, wrong: dict[str, Any]) -> None:
    answer = api.post(PATH, {"name": "q", "scoreConfigIds": [config(api)]} | wrong)
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid request data")


def test_an_item_is_completed_and_opened_again(api: Api, items: str) -> None:
    created = api.post(items, ITEM)
    assert created.status_code == 200
    item = created.json()
    assert item.keys() == ITEM_FIELDS
    ItemOut.model_validate(item)
    assert (item["status"], item["completedAt"], item["objectType"]) == ("PENDING", None, "TRACE")
    path = f"{items}/{item['id']}"
    assert api.get(path).json() == item

    completed = api.send("PATCH", path, {"status": "COMPLETED"}).json()
    assert completed["status"] == "COMPLETED"
    assert completed["completedAt"] >= item["createdAt"]
    opened = api.send("PATCH", path, {"status": "PENDING"}).json()
    assert (opened["status"], opened["completedAt"]) == ("PENDING", completed["completedAt"])
    assert api.send("PATCH", path, {}).json()["status"] == "PENDING"

    deleted = api.send("DELETE", path)
    assert (deleted.status_code, deleted.json()["success"]) == (200, True)
    assert deleted.json().keys() == {"success", "message"}
    assert api.get(path).status_code == api.send("DELETE", path).status_code == 404


def test_items_are_listed_by_status(api: Api, items: str) -> None:
    pending = [api.post(items, ITEM).json()["id"] for _ in range(2)]
    done = api.post(items, ITEM | {"status": "COMPLETED"}).json()
    assert done["completedAt"] is not None

    def found(**params: str) -> list[str]:
        return [item["id"] for item in api.get(items, **params).json()["data"]]

    assert found() == [done["id"], *pending[::-1]]
    assert found(status="PENDING") == pending[::-1]
    assert found(status="COMPLETED") == [done["id"]]
    assert api.get(items, status="DONE").status_code == 400
    assert api.get(items, limit=1).json()["meta"] == {"page": 1, "limit": 1, "totalItems": 3, "totalPages": 3}


@pytest.mark.parametrize("wrong", [{"objectType": "PROMPT"}, {"objectId": "x" * 501}, {"objectId": None}, {"status": "DONE"}])
def test_wrong_items_are_refused(api: Api, items: str, wrong: dict[str, Any]) -> None:
    assert api.post(items, ITEM | wrong).status_code == 400


def test_people_are_assigned(api: Api, items: str) -> None:
    path = items.replace("/items", "/assignments")
    user = factories.user(api.scope).user_id
    expected = {"userId": user, "queueId": items.split("/")[2], "projectId": api.scope.project_id}
    for _ in range(2):
        answer = api.post(path, {"userId": user})
        assert (answer.status_code, answer.json()) == (200, expected)
    for _ in range(2):
        answer = api.send("DELETE", path, {"userId": user})
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    foreigner = factories.user(factories.project()).user_id
    assert api.post(path, {"userId": foreigner}).status_code == 404
    assert api.post(path, {}).status_code == 400


def test_other_tenants_find_nothing(api: Api, stranger: Api, items: str) -> None:
    item = f"{items}/{api.post(items, ITEM).json()['id']}"
    one, assignments = items.removesuffix("/items"), items.replace("/items", "/assignments")
    user = {"userId": factories.user(stranger.scope).user_id}
    for method, path, body in (
        ("GET", one, None),
        ("GET", items, None),
        ("POST", items, ITEM),
        ("GET", item, None),
        ("PATCH", item, {"status": "COMPLETED"}),
        ("DELETE", item, None),
        ("POST", assignments, user),
        ("DELETE", assignments, user),
    ):
        answer = stranger.send(method, path, body)
        assert (answer.status_code, answer.json()["error"]) == (404, "LangfuseNotFoundError"), (method, path)
    assert stranger.get(PATH).json()["data"] == []
    assert api.get(item).json()["status"] == "PENDING"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", PATH), ("POST", PATH), ("GET", PATH + "/q"), ("GET", PATH + "/q/items"), ("POST", PATH + "/q/items")),
        *(("GET", PATH + "/q/items/i"), ("PATCH", PATH + "/q/items/i"), ("DELETE", PATH + "/q/items/i")),
        *(("POST", PATH + "/q/assignments"), ("DELETE", PATH + "/q/assignments")),
    ],
)
def test_every_route_needs_a_key(anonymous: TestClient, scope: ProjectScope, method: str, path: str) -> None:
    needs_a_project_key(anonymous, scope, method, path, {})


def test_the_longest_names_find_room(api: Api, items: str) -> None:
    name = "".join(chr(0x10000 + number * 37 % 0x10000) for number in range(500))
    assert queue(api, name).json()["name"] == name
    assert api.post(items, ITEM | {"objectId": name}).json()["objectId"] == name
