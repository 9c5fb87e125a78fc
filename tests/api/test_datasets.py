"""Datasets and their items over the public API (spec/api.md §4.7)."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from langfuse_app.features.datasets.schemas import DatasetItemOut, DatasetItemsOut, DatasetOut, DatasetsOut
from tests import factories
from tests.api.conftest import Api

DATASET_FIELDS = {"id", "projectId", "name", "description", "metadata", "inputSchema", "expectedOutputSchema", "createdAt", "updatedAt"}
ITEM_FIELDS = {
    "id",
    "status",
    "input",
    "expectedOutput",
    "metadata",
    "sourceTraceId",
    "sourceObservationId",
    "datasetId",
    "datasetName",
    "createdAt",
    "updatedAt",
    "version",
    "mediaReferences",
}
AGE = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
ROUTES = [
    ("GET", "/v2/datasets"),
    ("POST", "/v2/datasets"),
    ("GET", "/v2/datasets/d"),
    ("GET", "/dataset-items"),
    ("POST", "/dataset-items"),
    ("GET", "/dataset-items/i"),
    ("DELETE", "/dataset-items/i"),
    ("GET", "/datasets"),
    ("POST", "/datasets"),
    ("GET", "/datasets/d"),
]


def dataset(api: Api, name: str = "capitals", **fields: Any) -> dict[str, Any]:
    answer = api.post("/v2/datasets", {"name": name, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def item(api: Api, name: str = "capitals", **fields: Any) -> dict[str, Any]:
    answer = api.post("/dataset-items", {"datasetName": name, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def items(api: Api, **params: object) -> list[str]:
    answer = api.get("/dataset-items", **params)
    assert answer.status_code == 200, answer.text
    DatasetItemsOut.model_validate(answer.json())
    return [row["id"] for row in answer.json()["data"]]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_needs_a_key_of_the_project(api: Api, method: str, path: str) -> None:
    url = f"/api/public{path}"
    assert api.client.request(method, url, json={}).status_code == 401
    browser = {"Authorization": f"Bearer {factories.public_key(api.scope)}"}
    assert api.client.request(method, url, json={}, headers=browser).status_code == 403


def test_a_dataset_is_created_and_read(api: Api) -> None:
    made = dataset(api, description="Where?", metadata={"b": 1, "a": [None]})
    assert set(made) == DATASET_FIELDS
    assert (made["projectId"], made["description"], made["metadata"]) == (api.scope.project_id, "Where?", {"b": 1, "a": [None]})
    assert list(made["metadata"]) == ["b", "a"], "keys stay in their order"
    assert (made["inputSchema"], made["expectedOutputSchema"]) == (None, None)
    assert api.get("/v2/datasets/capitals").json() == made
    DatasetOut.model_validate(made)


def test_the_same_name_changes_the_dataset_and_keeps_what_is_left_out(api: Api) -> None:
    first = dataset(api, description="Where?", metadata={"a": 1}, inputSchema=AGE)
    second = dataset(api, metadata=[1])
    assert (second["id"], second["description"], second["metadata"], second["inputSchema"]) == (first["id"], "Where?", [1], AGE)
    assert second["updatedAt"] >= first["updatedAt"]
    third = dataset(api, description=None, inputSchema=None)
    assert (third["description"], third["inputSchema"]) == ("Where?", None)


def test_names_with_folders_and_odd_characters(api: Api) -> None:
    for name in ("eu/north/capitals", "a b", "ü/?&#%", "x/y"):
        made = dataset(api, name)
        encoded = "".join(f"%{byte:02X}" for byte in name.encode())
        assert api.get(f"/v2/datasets/{encoded}").json() == made
    assert api.get("/v2/datasets/eu/north/capitals").json()["name"] == "eu/north/capitals"
    # SDK 2 for Python encodes a name before its HTTP client does
    assert api.get("/dataset-items", datasetName="eu%2Fnorth%2Fcapitals").json()["data"] == []
    assert api.get("/dataset-items", datasetName="eu%2Fsouth").status_code == 404


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "Name cannot be empty"),
        (" ", "Name cannot be empty"),
        ("/a", "Name cannot start with a slash"),
        ("a/", "Name cannot end with a slash"),
        ("a//b", "Name cannot contain consecutive slashes"),
        ("<b>a</b>", "Text cannot contain HTML tags"),
    ],
)
def test_bad_names_are_refused(api: Api, name: str, reason: str) -> None:
    answer = api.post("/v2/datasets", {"name": name})
    assert answer.status_code == 400
    assert answer.json() == {"message": f"Dataset name not valid. {reason}", "error": "InvalidRequestError"}


def test_wrong_bodies_say_where(api: Api) -> None:
    for body, path in (
        ({}, ["name"]),
        ({"name": 1}, ["name"]),
        ({"name": "x" * 501}, ["name"]),
        ({"name": "x", "description": 1}, ["description"]),
    ):
        answer = api.post("/v2/datasets", body)
        assert (answer.status_code, answer.json()["error"][0]["path"]) == (400, path)


def test_datasets_are_listed_newest_first(api: Api, stranger: Api) -> None:
    for name in ("a", "b", "c"):
        dataset(api, name)
    page = api.get("/v2/datasets", limit=2).json()
    assert [row["name"] for row in page["data"]] == ["c", "b"]
    assert page["meta"] == {"page": 1, "limit": 2, "totalItems": 3, "totalPages": 2}
    assert [row["name"] for row in api.get("/v2/datasets", limit=2, page=2).json()["data"]] == ["a"]
    DatasetsOut.model_validate(page)
    assert stranger.get("/v2/datasets").json()["data"] == []
    assert api.get("/v2/datasets", limit=101).status_code == 400


def test_what_is_not_there_is_404_and_so_is_what_others_have(api: Api, stranger: Api) -> None:
    dataset(api)
    mine = item(api)["id"]
    for who in (api, stranger):
        name = "capitals" if who is stranger else "rivers"
        answer = who.get(f"/v2/datasets/{name}")
        assert (answer.status_code, answer.json()) == (404, {"message": "Dataset not found", "error": "LangfuseNotFoundError"})
        assert who.post("/dataset-items", {"datasetName": name}).status_code == 404
        assert who.get("/dataset-items", datasetName=name).status_code == 404
        assert who.get(f"/datasets/{name}").status_code == 404
        item_id = mine if who is stranger else "nothing"
        for method in ("GET", "DELETE"):
            answer = who.send(method, f"/dataset-items/{item_id}")
            assert (answer.status_code, answer.json()["message"]) == (404, "Dataset item not found")
    assert stranger.get("/dataset-items").json()["data"] == []


def test_an_item_is_created_and_read(api: Api) -> None:
    made = dataset(api)
    got = item(api, input={"q": "France"}, expectedOutput="Paris", metadata=[1], sourceTraceId="t", sourceObservationId="o")
    assert set(got) == ITEM_FIELDS
    assert (got["status"], got["input"], got["expectedOutput"], got["metadata"]) == ("ACTIVE", {"q": "France"}, "Paris", [1])
    assert (got["datasetId"], got["datasetName"], got["mediaReferences"]) == (made["id"], "capitals", [])
    assert (got["sourceTraceId"], got["sourceObservationId"]) == ("t", "o")
    assert got["version"] == got["createdAt"] == got["updatedAt"]
    assert api.get(f"/dataset-items/{got['id']}").json() == got
    empty = item(api)
    assert (empty["input"], empty["expectedOutput"], empty["metadata"], empty["sourceTraceId"]) == (None, None, None, None)
    DatasetItemOut.model_validate(empty)


def test_an_update_keeps_what_is_null_or_left_out(api: Api) -> None:
    dataset(api)
    first = item(api, id="i/1", input={"q": 1}, expectedOutput=2, metadata={"m": 3}, sourceTraceId="t")
    # SDKs 2 to 5 for Python send null for every field that the caller left out
    second = item(api, id="i/1", input=None, expectedOutput=None, metadata=None, sourceTraceId=None, status="ARCHIVED")
    kept = ("id", "input", "expectedOutput", "metadata", "sourceTraceId", "createdAt")
    assert {key: second[key] for key in kept} == {key: first[key] for key in kept}
    assert second["status"] == "ARCHIVED"
    assert second["version"] > first["version"]
    assert items(api) == [], "archived items are not listed"
    assert api.get("/dataset-items/i/1").json() == second
    assert item(api, id="i/1", status="ACTIVE", input=False)["input"] is False


def test_an_id_of_another_dataset_is_404(api: Api, stranger: Api) -> None:
    dataset(api)
    dataset(api, "rivers")
    dataset(stranger)
    item(api, id="i")
    answer = api.post("/dataset-items", {"datasetName": "rivers", "id": "i"})
    assert answer.status_code == 404
    assert answer.json()["message"] == "The dataset item with id i already exists in a dataset other than rivers"
    assert item(stranger, id="i", input=1)["input"] == 1, "another tenant may use the same id"
    assert api.get("/dataset-items/i").json()["input"] is None


def test_items_are_listed_newest_first_and_filtered(api: Api) -> None:
    dataset(api)
    dataset(api, "rivers")
    a, b = item(api, sourceTraceId="t1", sourceObservationId="o1"), item(api, sourceTraceId="t1", sourceObservationId="o2")
    c = item(api, "rivers", sourceTraceId="t2")
    assert items(api) == [c["id"], b["id"], a["id"]]
    assert items(api, datasetName="capitals") == [b["id"], a["id"]]
    assert items(api, sourceTraceId="t1", sourceObservationId="o1") == [a["id"]]
    assert items(api, datasetName="capitals", limit=1, page=2) == [a["id"]]
    item(api, id=a["id"], input=1)
    assert items(api, datasetName="capitals") == [b["id"], a["id"]], "an update does not move an item"
    page = api.get("/dataset-items", datasetName="capitals", limit=1).json()["meta"]
    assert page == {"page": 1, "limit": 1, "totalItems": 2, "totalPages": 2}


def test_a_version_is_the_dataset_as_it_was(api: Api) -> None:
    dataset(api)
    a = item(api, id="a", input=1)
    time.sleep(0.005)
    b = item(api, id="b", input=2)
    changed = item(api, id="a", input=3)
    assert api.send("DELETE", "/dataset-items/b").json() == {"message": "Dataset item successfully deleted"}

    def at(version: str) -> dict[str, Any]:
        rows = api.get("/dataset-items", datasetName="capitals", version=version).json()["data"]
        return {row["id"]: row["input"] for row in rows}

    assert at("2020-01-01T00:00:00Z") == {}
    assert at(a["version"]) == {"a": 1}
    assert at(b["version"]) == {"a": 1, "b": 2}
    assert at(changed["version"]) == {"a": 3, "b": 2}
    assert at("2100-01-01T00:00:00+02:00") == {"a": 3}
    assert items(api) == ["a"]
    assert api.get("/dataset-items/b").status_code == 404
    assert api.send("DELETE", "/dataset-items/b").status_code == 404


def test_a_version_needs_its_dataset_and_an_offset(api: Api) -> None:
    assert api.get("/dataset-items", version="2026-01-01T00:00:00Z").status_code == 400
    dataset(api)
    assert api.get("/dataset-items", datasetName="capitals", version="2026-01-01T00:00:00").status_code == 400


def test_a_deleted_id_may_return_elsewhere(api: Api) -> None:
    dataset(api)
    dataset(api, "rivers")
    item(api, id="i", input=1, metadata=2)
    api.send("DELETE", "/dataset-items/i")
    again = item(api, "rivers", id="i", input=5)
    assert (again["input"], again["metadata"], again["datasetName"]) == (5, None, "rivers")


def test_schemas_check_items(api: Api) -> None:
    dataset(api, inputSchema=AGE, expectedOutputSchema={"type": "string"})
    answer = api.post("/dataset-items", {"datasetName": "capitals", "input": {"age": "old"}, "expectedOutput": 1})
    assert answer.status_code == 400
    message = answer.json()["message"]
    assert message == (
        'Input validation failed: /age "old" is not of type "integer"; Expected output validation failed: 1 is not of type "string"'
    )
    assert api.post("/dataset-items", {"datasetName": "capitals"}).status_code == 400, "null does not fit either"
    good = item(api, id="i", input={"age": 3}, expectedOutput="x")
    assert item(api, id="i", metadata=1)["input"] == good["input"]
    assert api.post("/dataset-items", {"datasetName": "capitals", "id": "i", "input": {}}).status_code == 400


def test_setting_a_schema_checks_all_items(api: Api) -> None:
    dataset(api)
    wrong = [item(api, input=number, expectedOutput="x")["id"] for number in range(12)]
    answer = api.post("/v2/datasets", {"name": "capitals", "inputSchema": {"type": "integer", "minimum": 9}})
    assert answer.status_code == 400
    text, details = answer.json()["message"].split(" Details: ")
    assert text == "Schema validation failed for 9 item(s)."
    assert [problem["datasetItemId"] for problem in json.loads(details)] == wrong[8::-1]
    assert json.loads(details)[0] == {
        "datasetItemId": wrong[8],
        "field": "input",
        "errors": [{"path": "/", "message": "8 is less than the minimum of 9", "keyword": "minimum"}],
    }
    answer = api.post("/v2/datasets", {"name": "capitals", "expectedOutputSchema": {"type": "integer"}})
    assert answer.json()["message"].startswith("Schema validation failed for more than 10 item(s). Details: [")
    assert api.get("/v2/datasets/capitals").json()["inputSchema"] is None
    assert dataset(api, inputSchema={"type": "integer"})["inputSchema"] == {"type": "integer"}
    item_id = wrong[0]
    api.post("/dataset-items", {"datasetName": "capitals", "id": item_id, "status": "ARCHIVED"})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "bogus"},
        {"$ref": "http://127.0.0.1:9/never-asked"},
        {"$ref": "file:///etc/passwd"},
        {"pattern": "("},
        {"properties": 1},
        {"description": "x" * 100_001},
    ],
)
def test_what_is_no_schema_is_refused_and_nothing_is_fetched(api: Api, schema: dict[str, Any]) -> None:
    answer = api.post("/v2/datasets", {"name": "capitals", "inputSchema": schema})
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"].startswith("inputSchema ")
    assert api.get("/v2/datasets/capitals").status_code == 404


def test_schemas_cannot_stop_the_server(api: Api) -> None:
    dataset(api, inputSchema={"pattern": "(a+)+$"}, expectedOutputSchema={"$ref": "#"})
    assert api.post("/dataset-items", {"datasetName": "capitals", "input": "a" * 50 + "b"}).status_code == 400
    item(api, input="a" * 50, expectedOutput=[[1]])


def test_texts_lose_their_control_characters(api: Api) -> None:
    dataset(api)
    got = item(api, input={"a\u0000": ["x\u0000\u0007\ny\u0085"]}, metadata="\tok\r\n")
    assert (got["input"], got["metadata"]) == ({"a": ["x\ny"]}, "\tok\r\n")
    url, headers = "/api/public/dataset-items", api.headers | {"content-type": "application/json"}
    half = b'{"datasetName": "capitals", "input": "half \\ud800 pair", "metadata": {"n": 123456789012345678901234567890, "f": 1.0}}'
    answer = api.client.post(url, content=half, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["input"] == "half  pair"
    assert b'"n":123456789012345678901234567890,"f":1.0' in answer.content.replace(b" ", b"")
    nested = "[" * 80 + "]" * 80
    deep = b'{"datasetName": "capitals", "input": ' + nested.encode() + b"}"
    assert api.client.post(url, content=deep, headers=headers).status_code == 400
    assert api.client.post(url, content=b'{"datasetName": "capitals", "input": NaN}', headers=headers).status_code == 400


def test_big_items_pass_and_bigger_ones_do_not(api: Api) -> None:
    dataset(api)
    assert item(api, input="x" * 4_000_000)["input"] == "x" * 4_000_000
    assert api.post("/dataset-items", {"datasetName": "capitals", "input": "x" * 5_000_000}).status_code == 413


def test_concurrent_writes_make_one_chain_of_versions(api: Api) -> None:
    dataset(api)
    item(api, id="i", input=-1)

    def write(number: int):
        return api.post("/dataset-items", {"datasetName": "capitals", "id": "i", "input": number})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(write, range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["version"] for answer in answers}) == 16
    newest = max(answers, key=lambda answer: answer.json()["version"]).json()
    assert api.get("/dataset-items/i").json() == newest


def test_concurrent_creations_are_one_item(api: Api) -> None:
    dataset(api)

    def write(number: int):
        return api.post("/dataset-items", {"datasetName": "capitals", "id": f"new-{number // 4}"})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(write, range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(items(api)) == 4


def test_the_first_generation_shows_items_and_runs(api: Api) -> None:
    made = api.post("/datasets", {"name": "eu/capitals", "description": "old"}).json()
    assert set(made) == DATASET_FIELDS | {"items", "runs"}
    assert (made["items"], made["runs"]) == ([], [])
    got = item(api, "eu/capitals", input=1)
    answer = api.post("/dataset-run-items", {"runName": "first", "datasetItemId": got["id"], "traceId": "t"})
    assert answer.status_code == 200, answer.text
    shown = api.get("/datasets/eu/capitals").json()
    assert (shown["items"], shown["runs"], shown["id"]) == ([got], ["first"], made["id"])
    listed = api.get("/datasets", page=0).json()
    assert listed["data"][0] == {**{key: made[key] for key in DATASET_FIELDS}, "items": [got["id"]], "runs": ["first"]}
    assert api.post("/datasets", {"name": "eu/capitals"}).json() == shown | {
        "updatedAt": api.get("/datasets/eu/capitals").json()["updatedAt"]
    }


def test_changes_are_audited(api: Api) -> None:
    made = dataset(api)
    got = item(api, id="i")
    item(api, id="i", input=1)
    api.send("DELETE", "/dataset-items/i")
    assert [entry.action for entry in factories.audit_log(resource_id=made["id"])] == ["create"]
    assert [entry.action for entry in factories.audit_log(project_id=api.scope.project_id, resource_id=got["id"])] == [
        "create",
        "update",
        "delete",
    ]
