"""The OpenAPI document and its page (spec/api.md §3)."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

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


def test_the_page_works_offline(anonymous: TestClient) -> None:
    answer = anonymous.get("/api/docs")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "connect-src 'self'" in answer.headers["content-security-policy"]
    assert not re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", answer.text)


def test_a_path_names_its_methods(anonymous: TestClient) -> None:
    answer = anonymous.patch("/api/public/models")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert answer.json() == {"message": "Method not allowed", "error": "MethodNotAllowedError"}


@pytest.mark.parametrize("path", ["/api/public/traces/%00", "/api/public/traces?userId=%00"])
def test_no_nul_characters(anonymous: TestClient, path: str) -> None:
    assert anonymous.get(path).status_code == 400


class TestTraceContext:
    PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    def test_the_callers_trace_goes_on(self, anonymous: TestClient) -> None:
        version, trace, span, flags = (
            anonymous.get("/api/public/health", headers={"traceparent": self.PARENT}).headers["traceparent"].split("-")
        )
        assert (version, trace, flags) == ("00", "4bf92f3577b34da6a3ce929d0e0e4736", "01")
        assert span != "00f067aa0ba902b7"

    @pytest.mark.parametrize("given", [None, "", "nonsense", PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32), PARENT[:-3]])
    def test_a_new_one_begins(self, anonymous: TestClient, given: str | None) -> None:
        answer = anonymous.get("/api/public/health", headers={"traceparent": given} if given is not None else {})
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", answer.headers["traceparent"])
        assert "4bf92f3577b34da6a3ce929d0e0e4736" not in answer.headers["traceparent"]
