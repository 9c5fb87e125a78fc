"""Invariant 3, for every route: who comes in with which credentials, and that nothing of another tenant is seen or changed.

Each row of tests/api/matrix.py is asked with every kind of credentials. A route without a row fails.
"""

import base64
import itertools
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from langfuse_app.api.app import create_app
from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import ProjectScope, Right
from langfuse_app.core.settings import get_settings
from tests import factories
from tests.api.matrix import BODIES, OBJECTS, QUERIES, RENAMED, ROUTES

ADMIN_KEY = "the-admin-key-of-the-matrix"
IN, READING = "in", "in for reading"
# What each kind of route answers to each kind of credentials, 401 where nothing is said.
ADMITTED: dict[str, dict[str, str]] = {
    "open": dict.fromkeys(("none", "malformed", "wrong", "public", "project", "reader", "organization", "admin"), IN),
    "project": {"project": IN, "reader": READING, "public": "403", "organization": "403"},
    "tools": {"project": IN, "reader": IN, "public": "403", "organization": "403"},  # each tool asks again
    "scores": {"project": IN, "reader": READING, "public": IN, "organization": "403"},
    "organization": {"organization": IN, "public": "403", "project": "403", "reader": "403"},
    "scim": {"organization": IN, "project": "403", "reader": "403"},
    "admin": {"admin": IN},
}


class Row(NamedTuple):
    """A line of the matrix."""

    kind: str
    method: str
    path: str
    mine: int
    shows: bool  # whether the owner reads the marker there; nobody else may
    theirs: int

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def rows() -> list[Row]:
    cells = [line.split() for line in ROUTES.splitlines() if line.strip()]
    return [Row(kind, method, path, int(mine[:3]), mine.endswith("*"), int(theirs)) for kind, method, path, mine, theirs in cells]


ROWS = rows()
CREDENTIALS = ("none", "malformed", "wrong", "public", "project", "reader", "organization", "admin")
# What is deleted last: parents after their children, and the project after everything.
_LAST = ["DELETE /api/public/unstable/dashboard-widgets/{widget_id}"]
_LAST += ["DELETE /api/public/organizations/memberships", "DELETE /api/public/scim/Users/{user_id}"]
_LAST += ["DELETE /api/admin/organizations/{organization_id}", "DELETE /api/public/projects/{project_id}"]


def in_order() -> list[Row]:
    """Reads, then writes, then deletions from the leaves to the roots."""
    return sorted(
        ROWS, key=lambda row: (row.name in _LAST and _LAST.index(row.name) + 1, row.method == "DELETE", row.method != "GET", -len(row.path))
    )


def filled(value: Any, ids: dict[str, str]) -> Any:
    """The value with {names} replaced by ids, all the way down."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], value)
    if isinstance(value, dict):
        return {key: filled(one, ids) for key, one in value.items()}
    return [filled(one, ids) for one in value] if isinstance(value, list) else value


def found(body: Any, place: str) -> str:
    """What stands at a dotted path."""
    for step in place.split("."):
        body = body[int(step) if step.isdigit() else step]
    return body


class Tenant:
    """An organisation with one project, all its keys, and one object of every kind."""

    def __init__(self, client: TestClient) -> None:
        self.client, self.scope = client, factories.project()
        self.keys = {
            "none": {},
            "malformed": {"Authorization": "Basic ???"},
            "wrong": {"Authorization": "Basic " + base64.b64encode(b"pk-lf-x:sk-lf-x").decode()},
            "public": {"Authorization": f"Bearer {factories.public_key(self.scope)}"},
            "project": factories.basic_auth(self.scope),
            "reader": factories.basic_auth(self.scope, Right.READ),
            "organization": factories.organization_auth(self.scope),
            "admin": {"Authorization": f"Bearer {ADMIN_KEY}"},
        }
        self.ids = stored(self.scope)
        for name, kind, route, body, place in OBJECTS:
            method, path = route.split()
            answer = client.request(method, filled(path, self.ids), json=filled(body, self.ids), headers=self.keys[kind])
            assert answer.is_success, (route, answer.text)
            if name:
                self.ids[name] = found(answer.json(), place)

    def ask(self, row: Row, credentials: str, ids: dict[str, str] | None = None) -> Any:
        known = (ids or self.ids) | {"new": new_id()}
        body = filled(BODIES.get(row.name), known)
        content = {"json": body} if body is not None else {}
        path = f"{filled(row.path, known)}?{filled(QUERIES.get(row.name, ''), known)}"
        return self.client.request(row.method, path, **content, headers=self.keys[credentials])

    def own_key(self, row: Row) -> str:
        return {"scores": "project", "tools": "project", "scim": "organization", "open": "none"}.get(row.kind, row.kind)


def stored(scope: ProjectScope) -> dict[str, str]:
    """Measured things, and a person who is no member yet. The marker stands in every text."""
    marker = f"marker-{new_id()}"
    session_id = f"session-{marker}"
    trace_id = factories.trace(scope, name=marker, session_id=session_id, input=marker)
    return {
        "marker": marker,
        "sha256": base64.b64encode(sha256(marker.encode()).digest()).decode(),
        "trace_id": trace_id,
        "observation_id": factories.observation(scope, trace_id, name=marker, output=marker),
        "session_id": session_id,
        "score_id": factories.score(scope, trace_id=trace_id, comment=marker),
        "project_id": scope.project_id,
        "organization_id": scope.org_id,
        "organization_key_id": factories.organization_key(scope),
        "user_id": factories.person(marker),
        "prompt_version": "1",
        "skill_version": "1",
        "skill_md": (skill := f"---\nname: {marker}\ndescription: {marker}\n---\n"),
        "skill_hash": quote(base64.b64encode(sha256(skill.encode()).digest()), safe=""),
        "token": "no-such-token",
    }


@pytest.fixture(scope="module")
def client(engines: object) -> Iterator[TestClient]:
    settings = get_settings()
    before, settings.ADMIN_API_KEY = settings.ADMIN_API_KEY, ADMIN_KEY
    with TestClient(create_app(), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client
    settings.ADMIN_API_KEY = before


@pytest.fixture(scope="module")
def mine(client: TestClient) -> Tenant:
    return Tenant(client)


@pytest.fixture(scope="module")
def theirs(client: TestClient) -> Tenant:
    return Tenant(client)


@pytest.fixture(scope="module")
def seen(mine: Tenant) -> dict[str, Any]:
    """Everything of mine, as I read it before anybody else asked for anything."""
    return everything(mine)


def everything(tenant: Tenant) -> dict[str, Any]:
    reads = [row for row in ROWS if row.method == "GET" and row.kind in ("project", "organization", "scim") and "{" in row.path]
    return {row.name: _still(tenant.ask(row, tenant.own_key(row)).json()) for row in reads}


def _still(body: Any) -> Any:
    """Without what changes by being looked at: links that are signed anew, and when a key was used last."""
    return json.loads(re.sub(r'"(url|urlExpiry|lastUsedAt)": ("[^"]*"|null)', r'"\1": null', json.dumps(body)))


def test_every_route_has_its_row() -> None:
    app = create_app()
    routes = {
        f"{method} {RENAMED.get(path, path)}"
        for context in iter_route_contexts(app.routes)
        for path in [context.path.replace(":path}", "}")]
        for method in context.methods or ()
        if path != "/api/{path}" and not (method == "HEAD" and path.endswith("openapi.json"))
    }
    assert routes - {row.name for row in ROWS} == set(), "routes without a row in tests/api/matrix.py"
    assert {row.name for row in ROWS} - routes == set(), "rows without a route"
    assert len(ROWS) == len({row.name for row in ROWS})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_who_comes_in(row: Row, mine: Tenant, seen: dict[str, Any]) -> None:
    """Whoever has the right credentials is let in by the other tests; here are those who are not."""
    for credentials in CREDENTIALS:
        expected = ADMITTED[row.kind].get(credentials, "401")
        if expected == READING:
            expected = IN if row.method in ("GET", "HEAD") else "403"
        if expected != IN:
            answer = mine.ask(row, credentials)
            assert str(answer.status_code) == expected, (credentials, answer.text)
            assert mine.ids["marker"] not in answer.text


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_another_tenant(row: Row, mine: Tenant, theirs: Tenant, seen: dict[str, Any]) -> None:
    """Asks for my objects by their ids, and sees as little as if they did not exist."""
    ids = mine.ids | {"sha256": theirs.ids["sha256"]}  # a file's id is its hash: who has the same bytes has the same id
    answer = theirs.ask(row, "organization" if row.kind == "admin" else theirs.own_key(row), ids)
    assert answer.status_code == row.theirs, answer.text
    if row.kind not in ("open", "admin") and answer.is_success and row.method == "GET":
        assert mine.ids["marker"] not in answer.text


def test_another_tenant_has_changed_nothing(mine: Tenant, seen: dict[str, Any]) -> None:
    for name, before in seen.items():
        assert everything(mine)[name] == before


@pytest.mark.parametrize("row", in_order(), ids=lambda row: row.name)
def test_the_owner(row: Row, mine: Tenant) -> None:
    """Is let in, and finds what is theirs; deletions come last, from the leaves to the roots."""
    answer = mine.ask(row, mine.own_key(row))
    assert answer.status_code == row.mine, answer.text
    if row.method == "GET":
        assert (mine.ids["marker"] in answer.text) == row.shows


def test_the_table_is_in_itself_right() -> None:
    assert {row.kind for row in ROWS} == ADMITTED.keys()
    names = set(itertools.chain.from_iterable(re.findall(r"\{(\w+)\}", row.path) for row in ROWS))
    assert BODIES.keys() | QUERIES.keys() <= {row.name for row in ROWS}
    assert names
