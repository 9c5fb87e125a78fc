"""GET and POST /api/public/comments (spec/api.md §3.1)."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.comments.schemas import CommentOut
from tests import factories
from tests.api.conftest import Api
from tests.api.doors import needs_a_project_key

PATH = "/comments"
BODY: dict[str, Any] = {"projectId": "ignored", "objectType": "TRACE", "objectId": "t1", "content": "  well **done**\n"}
FIELDS = {"id", "projectId", "createdAt", "updatedAt", "objectType", "objectId", "content", "authorUserId"}


@pytest.fixture
def traced(api: Api) -> Api:
    """A project with a trace of a session, and an observation."""
    factories.trace(api.scope, "t1", session_id="s1")
    factories.observation(api.scope, "t1", "o1")
    return api


def test_a_comment_comes_back(traced: Api) -> None:
    author = factories.user(traced.scope).user_id
    created = traced.post(PATH, BODY | {"authorUserId": author})
    assert created.status_code == 200
    assert created.json().keys() == {"id"}
    comment = traced.get(f"{PATH}/{created.json()['id']}").json()
    assert comment.keys() == FIELDS
    CommentOut.model_validate(comment)
    assert comment["content"] == "well **done**"
    assert (comment["projectId"], comment["authorUserId"]) == (traced.scope.project_id, author)
    assert traced.get(PATH).json() == {"data": [comment], "meta": {"page": 1, "limit": 50, "totalItems": 1, "totalPages": 1}}


def test_lists_can_be_narrowed(traced: Api) -> None:
    objects = (("TRACE", "t1"), ("OBSERVATION", "o1"), ("SESSION", "s1"))
    ids = {kind: traced.post(PATH, BODY | {"objectType": kind, "objectId": id}).json()["id"] for kind, id in objects}

    def found(**params: str) -> list[str]:
        return [comment["id"] for comment in traced.get(PATH, **params).json()["data"]]

    assert found() == list(ids.values())[::-1]
    assert found(objectType="SESSION") == [ids["SESSION"]]
    assert found(objectType="OBSERVATION", objectId="o1") == [ids["OBSERVATION"]]
    assert found(objectType="OBSERVATION", objectId="t1") == []
    assert found(authorUserId="nobody") == []
    assert traced.get(f"{PATH}/{ids['TRACE']}").json()["authorUserId"] is None


@pytest.mark.parametrize("kind", ["TRACE", "OBSERVATION", "SESSION", "PROMPT"])
def test_the_object_must_exist(traced: Api, stranger: Api, kind: str) -> None:
    prompt = traced.post("/v2/prompts", {"name": "greeting", "prompt": "hello"}).json()["id"]
    id = {"TRACE": "t1", "OBSERVATION": "o1", "SESSION": "s1", "PROMPT": prompt}[kind]
    assert traced.post(PATH, BODY | {"objectType": kind, "objectId": id}).status_code == 200
    for caller, wanted in ((traced, "nothing"), (stranger, id)):
        answer = caller.post(PATH, BODY | {"objectType": kind, "objectId": wanted})
        assert (answer.status_code, answer.json()["error"]) == (404, "LangfuseNotFoundError")


def test_the_author_must_be_a_member(traced: Api) -> None:
    foreigner = factories.user(factories.project()).user_id
    answer = traced.post(PATH, BODY | {"authorUserId": foreigner})
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequestError")
    assert "authorUserId" in answer.json()["message"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"content": "  "}, ["content"]),
        ({"content": "x" * 5001}, ["content"]),
        ({"content": "nul\x00"}, []),
        ({"objectType": "DATASET"}, ["objectType"]),
        ({"objectId": None}, ["objectId"]),
        ({"projectId": None}, ["projectId"]),
        ({"mentions": []}, ["mentions"]),
    ],
)
def test_wrong_bodies_say_where(traced: Api, wrong: dict[str, Any], path: list[str]) -> None:
    answer = traced.post(PATH, BODY | wrong)
    assert answer.status_code == 400
    assert path in [issue["path"] for issue in answer.json()["error"]]
    assert traced.post(PATH, BODY | {"content": "x" * 5000}).status_code == 200


@pytest.mark.parametrize("query", [{"objectId": "t1"}, {"objectType": "trace"}, {"limit": 0}, {"unknown": 1}])
def test_wrong_queries(api: Api, query: dict[str, Any]) -> None:
    assert api.get(PATH, **query).status_code == 400


def test_other_tenants_see_nothing(traced: Api, stranger: Api) -> None:
    id = traced.post(PATH, BODY).json()["id"]
    assert stranger.get(f"{PATH}/{id}").status_code == 404
    assert stranger.get(PATH).json()["data"] == []


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("POST", PATH), ("GET", PATH + "/x")])
def test_every_route_needs_a_key(anonymous: TestClient, scope: ProjectScope, method: str, path: str) -> None:
    needs_a_project_key(anonymous, scope, method, path, BODY)
