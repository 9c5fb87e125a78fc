"""GET, POST, PUT and DELETE /api/public/models (spec/api.md §3.1, §4.10, §11)."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.api.app import create_app
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.models import service
from tests import factories

PATH = "/api/public/models"
BODY: dict[str, Any] = {
    "modelName": "acme-1",
    "matchPattern": "(?i)^(acme-1)$",
    "unit": "TOKENS",
    "inputPrice": 0.000001,
    "outputPrice": 0.000002,
    "tokenizerId": "openai",
    "tokenizerConfig": {"tokenizerModel": "gpt-4o", "tokensPerMessage": 3, "tokensPerName": 1},
}
FIELDS = {
    *("id", "modelName", "matchPattern", "startDate", "unit", "inputPrice", "outputPrice", "totalPrice", "tokenizerId"),
    *("tokenizerConfig", "isLangfuseManaged", "createdAt", "prices", "pricingTiers"),
}


@pytest.fixture(scope="module")
def app(engines: object) -> Iterator[TestClient]:
    service.seed_defaults()
    with TestClient(create_app()) as client:
        yield client


@pytest.fixture
def scope(engines: object) -> ProjectScope:
    return factories.project()


@pytest.fixture
def client(app: TestClient, scope: ProjectScope) -> TestClient:
    """The app as a client with a key of `scope` sees it."""
    client = TestClient(app.app)
    client.headers |= factories.basic_auth(scope)
    return client


def test_a_model_lives_its_life(client: TestClient) -> None:
    created = client.post(PATH, json=BODY)
    assert created.status_code == 200
    model = created.json()
    assert model.keys() == FIELDS
    assert (model["modelName"], model["inputPrice"], model["totalPrice"], model["isLangfuseManaged"]) == ("acme-1", 0.000001, None, False)
    assert client.get(f"{PATH}/{model['id']}").json() == model

    changed = client.put(f"{PATH}/{model['id']}", json=BODY | {"inputPrice": 0.5})
    assert (changed.status_code, changed.json()["prices"]) == (200, {"input": {"price": 0.5}, "output": {"price": 0.000002}})

    deleted = client.delete(f"{PATH}/{model['id']}")
    assert (deleted.status_code, deleted.json()) == (200, {"message": "Model successfully deleted"})
    assert client.get(f"{PATH}/{model['id']}").status_code == 404


def test_lists_are_paged(client: TestClient) -> None:
    client.post(PATH, json=BODY)
    page = client.get(PATH, params={"page": 2, "limit": 100}).json()
    assert page["meta"] == {"page": 2, "limit": 100, "totalItems": 168, "totalPages": 2}
    assert len(page["data"]) == 68
    assert all(model.keys() == FIELDS and model["isLangfuseManaged"] for model in page["data"])
    assert client.get(PATH, params={"page": 9}).json()["data"] == []


@pytest.mark.parametrize("query", [{"page": "0"}, {"limit": "101"}, {"limit": "0"}, {"page": "x"}])
def test_wrong_pages_are_refused(client: TestClient, query: dict[str, str]) -> None:
    answer = client.get(PATH, params=query)
    assert answer.status_code == 400
    assert answer.json()["message"] == "Invalid request data"


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"matchPattern": "("}, ["matchPattern"]),
        ({"unit": None}, ["unit"]),
        ({"modelName": None}, ["modelName"]),
        ({"totalPrice": 1}, ["totalPrice"]),
        ({"pricingTiers": []}, ["pricingTiers"]),
        ({"inputPrice": "cheap"}, ["inputPrice"]),
    ],
)
def test_wrong_bodies_say_where(client: TestClient, wrong: dict[str, Any], path: list[str]) -> None:
    answer = client.post(PATH, json=BODY | wrong)
    assert answer.status_code == 400
    assert answer.json()["message"] == "Invalid request data"
    assert path in [issue["path"] for issue in answer.json()["error"]]


def test_a_taken_name_is_refused(client: TestClient) -> None:
    client.post(PATH, json=BODY)
    answer = client.post(PATH, json=BODY)
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequestError")


def test_models_of_other_projects_and_default_ones_answer_404(client: TestClient) -> None:
    foreign = service.create_model(factories.project(), service.ModelInput.model_validate(BODY)).id
    default = client.get(PATH, params={"limit": 1}).json()["data"][0]["id"]
    assert client.get(f"{PATH}/{default}").status_code == 200
    assert client.get(f"{PATH}/{foreign}").status_code == 404
    for model_id in (foreign, default, "no-such-id"):
        for answer in (client.delete(f"{PATH}/{model_id}"), client.put(f"{PATH}/{model_id}", json=BODY)):
            assert (answer.status_code, answer.json()["error"]) == (404, "LangfuseNotFoundError")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", PATH), ("POST", PATH), ("GET", PATH + "/x"), ("PUT", PATH + "/x"), ("DELETE", PATH + "/x")]
)
def test_every_route_needs_a_key_of_the_project(app: TestClient, scope: ProjectScope, method: str, path: str) -> None:
    assert app.request(method, path, json=BODY).status_code == 401
    assert app.request(method, path, json=BODY, headers={"Authorization": "Basic cGs6c2s="}).status_code == 401
    browser = {"Authorization": f"Bearer {factories.public_key(scope)}"}
    assert app.request(method, path, json=BODY, headers=browser).status_code == 403
