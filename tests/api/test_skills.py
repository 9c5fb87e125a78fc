"""Skills (spec/api.md §11.1)."""

import base64
import hashlib
import threading
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.skills.models import SkillBlob
from langfuse_app.features.skills.schemas import FileContentsOut, SkillsOut, SkillVersionOut
from langfuse_app.stores.postgres import session
from tests import factories
from tests.api.conftest import Api
from tests.api.doors import needs_a_project_key

SKILLS = "/unstable/skills"
ROUTES = [
    ("GET", SKILLS), ("POST", SKILLS), ("GET", f"{SKILLS}/x"), ("PATCH", f"{SKILLS}/x"), ("GET", f"{SKILLS}/files/content"),
    ("PATCH", f"{SKILLS}/x/versions/1"), ("DELETE", f"{SKILLS}/x/versions/1"),
]  # fmt: skip
FIELDS = {
    *("id", "createdAt", "updatedAt", "projectId", "createdBy", "name", "description", "frontmatter", "version", "tags", "labels"),
    *("commitMessage", "files"),
}


def manifest(name: str = "triage", description: str = "Sorts tickets.", more: str = "") -> str:
    return f"---\nname: {name}\ndescription: {description}\n{more}---\n# How to\n"


def hashed(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def post(api: Api, *files: dict[str, Any], content: str | None = None, **more: Any):
    return api.post(SKILLS, {"files": [{"path": "SKILL.md", "content": content or manifest()}, *files]} | more)


def make(api: Api, *files: dict[str, Any], content: str | None = None, **more: Any) -> dict[str, Any]:
    answer = post(api, *files, content=content, **more)
    assert answer.status_code == 200, answer.text
    SkillVersionOut.model_validate(answer.json())
    return answer.json()


def get(api: Api, name: str = "triage", **params: Any):
    return api.get(f"{SKILLS}/{name}", **params)


def label(api: Api, version: int, *labels: str, name: str = "triage"):
    return api.send("PATCH", f"{SKILLS}/{name}/versions/{version}", {"labels": list(labels)})


def contents(api: Api, *hashes: str):
    return api.get(f"{SKILLS}/files/content", sha256Hashes=",".join(hashes))


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_who_may_come_in(anonymous: TestClient, scope: ProjectScope, method: str, path: str) -> None:
    needs_a_project_key(anonymous, scope, method, path, {})
    answer = anonymous.request(method, f"/api/public{path}", json={})
    assert answer.json() == {"message": "No authorization header", "code": "authentication_failed"}


def test_a_version_has_all_its_fields(api: Api, scope: ProjectScope) -> None:
    text = manifest(more="license: MIT\nsince: 2026-01-01\nmetadata:\n  stable: true\n  level: 3\n  yes: no\n")
    made = make(api, {"path": "references/words.json", "content": '["Grüße"]'}, content=text, commitMessage="first")
    assert made.keys() == FIELDS
    assert (made["name"], made["description"], made["version"], made["labels"]) == ("triage", "Sorts tickets.", 1, ["latest"])
    assert (made["tags"], made["commitMessage"], made["createdBy"], made["projectId"]) == ([], "first", "API", scope.project_id)
    assert made["frontmatter"] == {
        "name": "triage",
        "description": "Sorts tickets.",
        "license": "MIT",
        "since": "2026-01-01",
        "metadata": {"stable": True, "level": 3, "yes": "no"},
    }
    first, second = made["files"]
    assert (first["path"], first["sha256Hash"], first["contentType"]) == ("SKILL.md", hashed(text), "text/markdown")
    assert first.keys() == second.keys() == {"id", "path", "blobId", "sha256Hash", "contentType", "contentLength"}
    assert (second["contentLength"], second["contentType"]) == (len('["Grüße"]'.encode()), "application/json")
    assert get(api, version=1).json() == get(api, label="latest").json() == made
    [entry] = factories.audit_log(resource_type="skill", resource_id=made["id"])
    assert (entry.action, entry.project_id) == ("create", scope.project_id)


def test_production_is_the_default(api: Api) -> None:
    make(api)
    missing = get(api)
    assert (missing.status_code, missing.json()) == (
        404,
        {"message": "Skill not found: 'triage' with label 'production'", "code": "resource_not_found"},
    )
    assert label(api, 1, "production", "team-a").json()["labels"] == ["production", "team-a", "latest"]
    assert get(api).json()["version"] == 1
    both = get(api, version=1, label="latest")
    assert (both.status_code, both.json()["code"]) == (400, "invalid_query")
    assert get(api, version=0).status_code == 400


def test_labels_move_and_latest_follows(api: Api) -> None:
    make(api)
    label(api, 1, "production", "a")
    second = make(api, content=manifest(description="Sorts tickets faster."))
    assert (second["version"], second["labels"]) == (2, ["latest"])
    assert get(api, version=1).json()["labels"] == ["production", "a"]
    moved = label(api, 2, "production")
    assert (moved.status_code, moved.json()["labels"]) == (200, ["production", "latest"])
    assert get(api, version=1).json()["labels"] == ["a"]
    assert label(api, 1).json()["labels"] == []
    for wrong in (["latest"], ["Upper"], ["x" * 37]):
        answer = label(api, 1, *wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body")
    missing = label(api, 9, "a")
    assert (missing.status_code, missing.json()["message"]) == (404, "Skill 'triage' version 9 not found in project")


def test_tags_are_of_the_name(api: Api) -> None:
    make(api)
    make(api)
    changed = api.send("PATCH", f"{SKILLS}/triage", {"tags": ["b", " a ", "b"]})
    assert (changed.status_code, changed.json()["version"], changed.json()["tags"]) == (200, 2, ["b", "a"])
    assert get(api, version=1).json()["tags"] == make(api)["tags"] == ["b", "a"]
    assert api.send("PATCH", f"{SKILLS}/triage", {"tags": []}).json()["tags"] == []
    assert api.send("PATCH", f"{SKILLS}/triage", {"tags": [" "]}).status_code == 400
    assert api.send("PATCH", f"{SKILLS}/triage", {}).status_code == 400
    assert api.send("PATCH", f"{SKILLS}/nobody", {"tags": []}).status_code == 404


def test_contents_are_stored_once_and_referred_to(api: Api, stranger: Api, scope: ProjectScope) -> None:
    words = {"path": "words.txt", "content": "one"}
    first = make(api, words, {"path": "same.txt", "content": "one"})
    by_path = {file["path"]: file for file in first["files"]}
    assert by_path["words.txt"]["blobId"] == by_path["same.txt"]["blobId"]
    reference = {"path": "words.txt", "sha256Hash": hashed("one")}
    second = api.post(SKILLS, {"files": [{"path": "SKILL.md", "sha256Hash": hashed(manifest())}, reference]}).json()
    assert {file["blobId"] for file in second["files"]} <= {file["blobId"] for file in first["files"]}
    with session() as current:
        assert len(current.exec(select(SkillBlob.id).where(SkillBlob.project_id == scope.project_id)).all()) == 2
    for unknown in (api, stranger):
        files = [{"path": "SKILL.md", "content": manifest()}, {"path": "x", "sha256Hash": hashed("two")}]
        answer = unknown.post(SKILLS, {"files": files})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body")
        assert hashed("two") in answer.json()["message"]
    assert stranger.post(SKILLS, {"files": [{"path": "SKILL.md", "sha256Hash": hashed(manifest())}]}).status_code == 400
    assert stranger.get(SKILLS).json()["data"] == []


def test_reading_contents(api: Api, stranger: Api) -> None:
    make(api, {"path": "a", "content": ""}, {"path": "b", "content": "\ufeffÜ"})
    found = contents(api, hashed("Ü"), hashed(""), hashed("Ü"))
    FileContentsOut.model_validate(found.json())
    assert found.json() == {"data": [{"sha256Hash": hashed("Ü"), "content": "Ü"}, {"sha256Hash": hashed(""), "content": ""}]}
    assert found.headers["cache-control"] == "no-store"
    for who, hash in ((api, hashed("nothing")), (stranger, hashed("Ü"))):
        answer = contents(who, hash)
        assert (answer.status_code, answer.json()["code"]) == (404, "resource_not_found")
        assert hash in answer.json()["message"]
    for wrong in ([], ["x"], [hashed("")[:-2] + "B="], [hashed(str(number)) for number in range(51)]):
        answer = contents(api, *wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_query")


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ([], "files"),
        ([{"path": "a.md", "content": "x"}], "SKILL.md"),
        ([{"path": "SKILL.md", "content": manifest()}] * 2, "SKILL.md"),
        ([{"path": "SKILL.md"}], "sha256Hash"),
        ([{"path": "SKILL.md", "content": "x", "sha256Hash": hashed("x")}], "sha256Hash"),
        ([{"path": "SKILL.md", "sha256Hash": "A" * 44}], "base64"),
        ([{"path": "SKILL.md", "content": manifest()}, {"path": "big", "content": "x" * (1 << 20) + "x"}], "1048576"),
        ([{"path": "SKILL.md", "content": manifest()}, *({"path": str(n), "content": ""} for n in range(100))], "100"),
        *(
            ([{"path": "SKILL.md", "content": manifest()}, {"path": path, "content": ""}], "path")
            for path in ("/a", "../a", "a/../b", "a\\b", "a//b", "a/", "./a", "a\nb", "", "x" * 501)
        ),
        *(
            ([{"path": "SKILL.md", "content": text}], word)
            for text, word in (
                ("# no front matter", "---"),
                ("---\nname: a\ndescription: b\n", "---"),
                ("---\n---\n", "mapping"),
                ("---\n- a\n---\n", "mapping"),
                ("---\nname: [a\n---\n", "YAML"),
                ("---\nname: a\nname: b\ndescription: c\n---\n", "twice"),
                ("---\nname: a\ndescription: b\nx: &x [1]\ny: *x\n---\n", "aliases"),
                ("---\nname: a\ndescription: b\nx: " + "[" * 5000 + "]" * 5000 + "\n---\n", "YAML"),
                ("---\nname: a\ndescription: b\nx: 1e999\n---\n", "finite"),
                ("---\ndescription: b\n---\n", "name"),
                ("---\nname: 7\ndescription: b\n---\n", "name"),
                (manifest("Upper"), "name"),
                (manifest("a--b"), "name"),
                (manifest("a" * 65), "name"),
                ("---\nname: a\n---\n", "description"),
                (manifest(description="x" * 1025), "description"),
                (manifest(more="x: " + "y" * 17_000 + "\n"), "16384"),
            )
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(api: Api, files: list[dict[str, Any]], word: str) -> None:
    answer = api.post(SKILLS, {"files": files})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body"), answer.text
    assert word in answer.text


def test_a_skill_is_large_at_most(api: Api) -> None:
    chunks = [{"path": f"{name}.txt", "content": name * (1 << 20)} for name in "abcd"]
    for chunk in chunks[:3]:
        make(api, chunk, content=manifest("large"))
    references = [{"path": chunk["path"], "sha256Hash": hashed(chunk["content"])} for chunk in chunks[:3]]
    make(api, *references, content=manifest("large"))
    answer = post(api, *references, chunks[3], content=manifest("large"))
    assert (answer.status_code, "4194304" in answer.json()["message"]) == (400, True)
    too_much = [{"path": str(number), "content": "x" * 1_000_000} for number in range(5)]
    assert post(api, *too_much).status_code == 413


def test_the_list(api: Api) -> None:
    make(api, content=manifest("b", "Counts 100% of beans"))
    make(api, content=manifest("a"))
    label(api, 1, "production", name="b")
    make(api, content=manifest("b", "Counts BEANS twice"))
    api.send("PATCH", f"{SKILLS}/a", {"tags": ["x"]})
    found = api.get(SKILLS).json()
    SkillsOut.model_validate(found)
    assert [row["name"] for row in found["data"]] == ["a", "b"]  # the last changed first
    assert found["meta"] == {"page": 1, "limit": 10, "totalItems": 2, "totalPages": 1, "hasNextPage": False}
    row = found["data"][1]
    assert row.keys() == {
        *("name", "description", "tags", "latestVersion", "latestVersionCreatedAt", "latestVersionLastUpdatedAt", "productionVersion"),
    }
    assert (row["description"], row["latestVersion"], row["productionVersion"]) == ("Counts BEANS twice", 2, 1)
    assert found["data"][0]["productionVersion"] is None

    def names(**params: Any) -> list[str]:
        return [row["name"] for row in api.get(SKILLS, **params).json()["data"]]

    assert (names(name="b"), names(tag="x"), names(search="beans"), names(search="100%"), names(search="A")) == (
        ["b"], ["a"], ["b"], [], ["a", "b"],
    )  # fmt: skip
    assert (names(fromUpdatedAt="2100-01-01T00:00:00Z"), names(toUpdatedAt="2100-01-01T00:00:00Z")) == ([], ["a", "b"])
    paged = api.get(SKILLS, limit=1).json()
    assert (paged["meta"]["hasNextPage"], names(limit=1, page=2)) == (True, ["b"])
    assert api.get(SKILLS, limit=101).json()["code"] == "invalid_query"


def test_deleting_versions(api: Api, stranger: Api, scope: ProjectScope) -> None:
    words = {"path": "words.txt", "content": "kept"}
    make(api, words)
    made = make(api, words, {"path": "gone.txt", "content": "gone"})
    path = f"{SKILLS}/triage/versions/2"
    assert stranger.send("DELETE", path).status_code == 404
    gone = api.send("DELETE", path)
    assert (gone.status_code, gone.json()) == (200, {"deleted": True})
    assert get(api, label="latest").json()["version"] == 1
    assert (contents(api, hashed("gone")).status_code, contents(api, hashed("kept")).status_code) == (404, 200)
    assert api.send("DELETE", path).json()["message"] == "Skill 'triage' version 2 not found in project"
    assert [entry.action for entry in factories.audit_log(resource_id=made["id"])] == ["create", "delete"]
    assert api.send("DELETE", f"{SKILLS}/triage/versions/1").status_code == 200
    with session() as current:
        assert current.exec(select(SkillBlob.id).where(SkillBlob.project_id == scope.project_id)).all() == []


def test_another_tenant_finds_nothing(api: Api, stranger: Api) -> None:
    make(api)
    assert get(stranger, label="latest").status_code == 404
    assert label(stranger, 1, "production").status_code == 404
    assert stranger.send("PATCH", f"{SKILLS}/triage", {"tags": ["x"]}).status_code == 404
    assert make(stranger)["version"] == 1


def test_versions_made_at_once_are_numbered(api: Api) -> None:
    threads = [threading.Thread(target=make, args=(api, {"path": "same", "content": "same"})) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert get(api, label="latest").json()["version"] == 6
