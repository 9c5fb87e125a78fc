"""The OpenAPI document and its page (spec/api.md §3)."""

import re
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from fastapi.testclient import TestClient
from pydantic import BeforeValidator, Strict

from langfuse_app.core.shapes import Body
from langfuse_app.features.scim.schemas import Standing

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document(anonymous: TestClient) -> dict[str, Any]:
    return anonymous.get("/api/public/openapi.json").json()


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{method.upper()} {path}", one) for path, methods in document["paths"].items() for method, one in methods.items()]


def test_its_frame(document: dict[str, Any]) -> None:
    assert (document["openapi"][:3], document["servers"]) == ("3.1", [{"url": "/"}])
    schemes = document["components"]["securitySchemes"]
    assert {name: one["scheme"] for name, one in schemes.items()} == {
        "projectKey": "basic",
        "publicKey": "bearer",
        "organizationKey": "basic",
        "adminKey": "bearer",
    }
    assert document["paths"]["/api/public/scores"]["post"]["security"] == [{"projectKey": []}, {"publicKey": []}]
    assert "security" not in document["paths"]["/api/public/health"]["get"]


def test_nothing_the_framework_made_up(document: dict[str, Any]) -> None:
    assert "ValidationError" not in str(document["components"]["schemas"])
    assert not [name for name, one in operations(document) if "HTTPValidationError" in str(one["responses"])]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    used = set(re.findall(r"#/components/schemas/([^'\"]+)", str(document)))
    assert used <= document["components"]["schemas"].keys()


def test_every_operation_says_what_it_answers(document: dict[str, Any]) -> None:
    vague = []
    for name, one in operations(document):
        good = {status: answer for status, answer in one["responses"].items() if status < "300"}
        typed = [status for status, answer in good.items() for content in answer.get("content", {}).values() if content["schema"] != {}]
        if not typed and "204" not in good and not name.startswith(("GET /api/public/media/files", "PUT /api/public/media/files")):
            vague.append(name)
    assert vague == []


def test_ids_are_unique_and_everything_is_described(document: dict[str, Any]) -> None:
    ids = [one["operationId"] for _, one in operations(document)]
    assert len(ids) == len(set(ids))
    assert [name for name, one in operations(document) if not one.get("description")] == []


def test_what_was_made_or_listed_leads_on(document: dict[str, Any]) -> None:
    queues = document["paths"]["/api/public/annotation-queues"]
    for method, place in (("post", "$response.body#/id"), ("get", "$response.body#/data/0/id")):
        links = queues[method]["responses"]["200"]["links"]
        assert links["annotation_queues_get_queue"]["parameters"] == {"queue_id": place}
        assert links["annotation_queues_list_items"]["parameters"] == {"queue_id": place}
    below = document["paths"]["/api/public/annotation-queues/{queue_id}/items"]["post"]["responses"]["200"]["links"]
    assert below["annotation_queues_remove_item"]["parameters"] == {"queue_id": "$request.path.queue_id", "item_id": "$response.body#/id"}


def test_bodies_that_services_check_themselves_are_stated_too(document: dict[str, Any]) -> None:
    silent = [name for name, one in operations(document) if name.startswith(("POST", "PUT", "PATCH")) and "requestBody" not in one]
    assert silent == ["POST /api/public/otel/v1/metrics"]  # discarded unread
    score = document["paths"]["/api/public/scores"]["post"]["requestBody"]["content"]["application/json"]["schema"]["anyOf"][0]
    assert (score["required"], score["properties"]["traceId"]["anyOf"][0]) == (["value"], {"type": "string", "maxLength": 800})


def test_the_page_works_offline(anonymous: TestClient) -> None:
    answer = anonymous.get("/api/docs")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "connect-src 'self'" in answer.headers["content-security-policy"]
    assert not re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", answer.text)


def test_a_path_names_its_methods(anonymous: TestClient) -> None:
    answer = anonymous.patch("/api/public/models")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert answer.json() == {"message": "Method not allowed", "error": "MethodNotAllowedError"}


@pytest.mark.parametrize("path", ["/api/public/traces/%00", "/api/public/traces?userId=%00", "/api/public/traces/a%0Ab"])
def test_no_nul_characters_and_line_breaks(anonymous: TestClient, path: str) -> None:
    assert anonymous.get(path).status_code == 400


def bodies(kind: type[Body]) -> list[type[Body]]:
    return [kind, *(one for sub in kind.__subclasses__() for one in bodies(sub))]


def test_the_examples_are_accepted(document: dict[str, Any]) -> None:
    shown = {kind.__name__: schema["examples"] for kind in bodies(Body) if "examples" in (schema := kind.model_json_schema())}
    assert {"ProjectRequest", "CreateUserRequest", "ModelInput"} <= shown.keys()
    for kind in bodies(Body):
        for example in shown.get(kind.__name__, []):
            kind.model_validate(example)


def guessing(kind: Any, how: tuple[Any, ...] = ()) -> bool:
    """Whether a type takes a value of another JSON type for its own."""
    if get_origin(kind) is Annotated:
        inner, *marks = get_args(kind)
        return guessing(inner, (*how, *marks))
    if get_origin(kind) in (Union, UnionType, list, dict):
        return any(guessing(one, how) for one in get_args(kind))
    return kind in (bool, int, float) and not any(isinstance(one, Strict | BeforeValidator) for one in how)


# SCIM: identity providers send flags as texts.
@pytest.mark.parametrize("kind", [kind for kind in bodies(Body) if kind is not Standing], ids=lambda kind: kind.__name__)
def test_no_text_is_a_number_and_no_number_a_flag(kind: type[Body]) -> None:
    guessed = [name for name, field in kind.model_fields.items() if guessing(field.annotation, tuple(field.metadata))]
    assert guessed == [], "use StrictBool, StrictFloat or core.shapes.WHOLE"
