"""Prompts (spec/api.md §4.6)."""

import threading
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.prompts.schemas import PromptOut, PromptsOut, ResolvedPromptOut
from tests import factories
from tests.api.conftest import Api
from tests.draining import drain

ROUTES = [
    ("GET", "/v2/prompts"), ("POST", "/v2/prompts"), ("GET", "/v2/prompts/x"), ("DELETE", "/v2/prompts/x"),
    ("PATCH", "/v2/prompts/x/versions/1"), ("GET", "/prompts?name=x"), ("POST", "/prompts"),
]  # fmt: skip
FIELDS = {
    *("id", "createdAt", "updatedAt", "projectId", "createdBy", "prompt", "name", "version", "type", "isActive", "config", "tags"),
    *("labels", "commitMessage"),
}


def send(api: Api, method: str, path: str, body: Any = None):
    return api.client.request(method, f"/api/public{path}", json=body, headers=api.headers)


def make(api: Api, name: str = "greeting", **more: Any) -> dict[str, Any]:
    answer = api.post("/v2/prompts", {"name": name, "prompt": "Hello {{name}}"} | more)
    assert answer.status_code == 201, answer.text
    PromptOut.model_validate(answer.json())
    return answer.json()


def get(api: Api, name: str = "greeting", **params: Any):
    return api.get(f"/v2/prompts/{quote(name, safe='')}", **params)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_who_may_come_in(anonymous: TestClient, scope: ProjectScope, method: str, path: str) -> None:
    answer = anonymous.request(method, f"/api/public{path}", json={})
    assert (answer.status_code, answer.json()["error"]) == (401, "UnauthorizedError")
    browser = {"Authorization": f"Bearer {factories.public_key(scope)}"}
    assert anonymous.request(method, f"/api/public{path}", json={}, headers=browser).status_code == 403


def test_a_version_has_all_its_fields(api: Api, scope: ProjectScope) -> None:
    made = make(api, labels=["production"], tags=["a"], config={"temperature": 1}, commitMessage="first")
    assert made.keys() == FIELDS
    assert (made["version"], made["labels"], made["tags"], made["type"]) == (1, ["production", "latest"], ["a"], "text")
    assert (made["createdBy"], made["projectId"], made["isActive"]) == ("API", scope.project_id, None)
    found = get(api).json()
    ResolvedPromptOut.model_validate(found)
    assert found.keys() == FIELDS | {"resolutionGraph"}
    assert (found["isActive"], found["resolutionGraph"], found["prompt"]) == (True, None, "Hello {{name}}")


def test_labels_move_and_tags_are_of_the_name(api: Api) -> None:
    make(api, labels=["production", "staging"], tags=["a"])
    second = make(api, labels=["staging"])
    assert (second["version"], second["tags"]) == (2, ["a"])
    assert get(api).json()["version"] == 1
    assert get(api, label="staging").json()["version"] == get(api, label="latest").json()["version"] == 2
    assert get(api, version=1).json()["labels"] == ["production"]
    make(api, tags=["b"])
    assert get(api, version=1).json()["tags"] == ["b"]
    moved = send(api, "PATCH", "/v2/prompts/greeting/versions/2", {"newLabels": ["production"]})
    assert (moved.status_code, moved.json()["labels"]) == (200, ["staging", "production"])
    assert get(api).json()["version"] == 2  # at once, whatever was cached


@pytest.mark.parametrize(
    ("params", "which"),
    [({}, "label 'production'"), ({"label": "x"}, "label 'x'"), ({"version": 7}, "version 7")],
)
def test_the_exact_words_of_a_404(api: Api, stranger: Api, params: dict[str, Any], which: str) -> None:
    make(api)
    answer = get(api, **params)
    assert (answer.status_code, answer.json()) == (
        404,
        {"message": f"Prompt not found: 'greeting' with {which}", "error": "LangfuseNotFoundError"},
    )
    assert get(stranger, label="latest").status_code == 404


def test_version_and_label_exclude_each_other(api: Api) -> None:
    answer = get(api, version=1, label="x")
    assert (answer.status_code, answer.json()["message"]) == (400, "Cannot specify both version and label")


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""}, {"name": "a|b"}, {"name": "<b>x</b>"}, {"name": "/a"}, {"name": "a/"}, {"name": "a//b"}, {"name": "new"},
        {"labels": ["Upper"]}, {"labels": ["x" * 37]}, {"type": "chat"}, {"prompt": [{"role": "user", "content": "x"}]},
        {"commitMessage": "x" * 501}, {"prompt": None}, {"type": "image"},
        {"type": "chat", "prompt": [{"role": "user", "content": "{{x}}"}, {"type": "placeholder", "name": "x"}]},
        {"prompt": "@@@langfusePrompt:name=nobody|label=production@@@"},
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(api: Api, change: dict[str, Any]) -> None:
    answer = api.post("/v2/prompts", {"name": "greeting", "prompt": "x"} | change)
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"]


def test_a_name_keeps_its_type(api: Api) -> None:
    make(api)
    answer = api.post("/v2/prompts", {"name": "greeting", "type": "chat", "prompt": []})
    assert answer.status_code == 400
    assert "different prompt type" in answer.json()["message"]


def test_folders_and_chat(api: Api) -> None:
    parts = [
        {"role": "system", "content": "Be kind."},
        {"type": "placeholder", "name": "history"},
        {"type": "chatmessage", "role": "user", "content": "{{q}}"},
    ]
    make(api, "support/de/answer", type="chat", prompt=parts, labels=["production"])
    assert get(api, "support/de/answer").json()["prompt"] == parts
    assert api.get("/v2/prompts/support/de/answer").json()["type"] == "chat"


def test_composition_is_resolved_and_guarded(api: Api) -> None:
    make(api, "tone", prompt="Be kind.", labels=["production"])
    make(api, "rules", prompt="Rules: @@@langfusePrompt:name=tone|label=production@@@")
    made = make(api, prompt="@@@langfusePrompt:name=rules|version=1@@@ Hello", labels=["production"])
    found = get(api).json()
    assert found["prompt"] == "Rules: Be kind. Hello"
    graph = found["resolutionGraph"]
    assert (graph["root"]["id"], [one["name"] for one in graph["dependencies"][made["id"]]]) == (made["id"], ["rules"])
    raw = get(api, resolve="false").json()
    assert (raw["prompt"], raw["resolutionGraph"]) == (made["prompt"], None)
    make(api, "tone", prompt="Be brief.", labels=["production"])
    assert get(api).json()["prompt"] == "Rules: Be brief. Hello"
    for name, text, word in (
        ("tone", "@@@langfusePrompt:name=greeting|label=production@@@", "Circular"),
        ("self", "@@@langfusePrompt:name=self|label=production@@@", "not found"),
    ):
        answer = api.post("/v2/prompts", {"name": name, "prompt": text})
        assert (answer.status_code, word in answer.json()["message"]) == (400, True), answer.text
    refused = send(api, "DELETE", "/v2/prompts/rules")
    assert (refused.status_code, "greeting version 1" in refused.json()["message"]) == (400, True)


def test_references_go_five_deep_at_most(api: Api) -> None:
    make(api, "p0", prompt="end")
    for depth in range(1, 6):
        make(api, f"p{depth}", prompt=f"@@@langfusePrompt:name=p{depth - 1}|label=latest@@@")
    answer = api.post("/v2/prompts", {"name": "p6", "prompt": "@@@langfusePrompt:name=p5|label=latest@@@"})
    assert (answer.status_code, "depth" in answer.json()["message"]) == (400, True)


def test_the_list(api: Api, stranger: Api) -> None:
    make(api, "b", labels=["production"], tags=["x"], config={"v": 1})
    make(api, "b", config={"v": 2})
    make(api, "a")
    found = api.get("/v2/prompts").json()
    PromptsOut.model_validate(found)
    assert [row["name"] for row in found["data"]] == ["a", "b"]
    row = found["data"][1]
    assert row.keys() == {"name", "type", "versions", "labels", "tags", "lastUpdatedAt", "lastConfig"}
    assert (row["versions"], row["labels"], row["tags"], row["lastConfig"]) == ([1, 2], ["latest", "production"], ["x"], {"v": 2})
    assert found["meta"] == found["pagination"] == {"page": 1, "limit": 10, "totalItems": 2, "totalPages": 1}
    labelled = api.get("/v2/prompts", label="production").json()["data"]
    assert [(one["name"], one["versions"], one["lastConfig"]) for one in labelled] == [("b", [1], {"v": 1})]
    assert [one["name"] for one in api.get("/v2/prompts", tag="x").json()["data"]] == ["b"]
    assert [one["name"] for one in api.get("/v2/prompts", name="a", version=1).json()["data"]] == ["a"]
    assert api.get("/v2/prompts", fromUpdatedAt="2100-01-01T00:00:00Z").json()["data"] == []
    assert api.get("/v2/prompts", limit=1, page=2).json()["data"][0]["name"] == "b"
    assert api.get("/v2/prompts", limit=101).status_code == 400
    assert stranger.get("/v2/prompts").json()["data"] == []


def test_patch_is_guarded(api: Api, stranger: Api) -> None:
    make(api)
    path = "/v2/prompts/greeting/versions/1"
    assert send(api, "PATCH", path, {"newLabels": ["latest"]}).status_code == 400
    assert send(api, "PATCH", path, {}).status_code == 400
    missing = send(api, "PATCH", "/v2/prompts/greeting/versions/9", {"newLabels": ["x"]})
    assert (missing.status_code, missing.json()["message"]) == (404, "Prompt 'greeting' version 9 not found in project")
    assert send(stranger, "PATCH", path, {"newLabels": ["x"]}).status_code == 404


def test_deleting_versions(api: Api, stranger: Api) -> None:
    for label in ("a", "b", "c"):
        make(api, labels=[label])
    assert send(stranger, "DELETE", "/v2/prompts/greeting").status_code == 404
    assert send(api, "DELETE", "/v2/prompts/greeting?version=3").status_code == 204
    assert get(api, label="latest").json()["version"] == 2
    assert send(api, "DELETE", "/v2/prompts/greeting?label=a").status_code == 204
    assert get(api, version=1).status_code == 404
    assert send(api, "DELETE", "/v2/prompts/greeting").status_code == 204
    assert send(api, "DELETE", "/v2/prompts/greeting").status_code == 404


def test_the_first_generation(api: Api) -> None:
    made = api.post("/prompts", {"name": "old", "prompt": "x", "isActive": True})
    assert (made.status_code, made.json()["isActive"], made.json()["labels"]) == (201, True, ["production", "latest"])
    make(api, "old", prompt="y")
    assert (api.get("/prompts", name="old").json()["version"], api.get("/prompts", name="old", version=2).json()["isActive"]) == (1, False)
    assert api.get("/prompts").status_code == 400


def test_versions_made_at_once_are_numbered(api: Api) -> None:
    threads = [threading.Thread(target=make, args=(api,), kwargs={"labels": ["production"]}) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = api.get("/v2/prompts").json()["data"]
    assert found[0]["versions"] == list(range(1, 9))
    assert get(api).json()["version"] == get(api, label="latest").json()["version"] == 8


def test_a_generation_knows_its_prompt(api: Api) -> None:
    made = make(api)
    stamp = {"timestamp": "2026-05-01T10:00:00Z", "type": "generation-create"}
    events = [
        stamp | {"id": "e1", "body": {"id": "g1", "traceId": "t", "promptName": "greeting", "promptVersion": 1}},
        stamp | {"id": "e2", "body": {"id": "g2", "traceId": "t", "promptName": "nobody", "promptVersion": 1}},
    ]
    api.post("/ingestion", {"batch": events})
    drain()
    known, unknown = api.get("/observations/g1").json(), api.get("/observations/g2").json()
    assert (known["promptId"], known["promptName"], known["promptVersion"]) == (made["id"], "greeting", 1)
    assert (unknown["promptId"], unknown["promptName"]) == (None, "nobody")
