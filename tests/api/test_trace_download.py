"""GET /api/traces/{id}/download: the link of the trace page, with the session cookie."""

from urllib.parse import quote

from fastapi.testclient import TestClient
from httpx import Response

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.accounts import service as accounts
from tests import factories
from tests.api.conftest import Api


def fetch(client: TestClient, owner: ProjectScope | None, project_id: str, trace_id: str) -> Response:
    headers = {}
    if owner is not None:
        token = accounts.sign_in(factories.user(owner).email, "correct horse battery")
        headers["Cookie"] = f"{accounts.COOKIE}={token}"
    return client.get(f"/api/traces/{quote(trace_id, safe='')}/download", params={"project_id": project_id}, headers=headers)


def test_a_member_gets_what_the_api_shows(api: Api, scope: ProjectScope) -> None:
    trace_id = factories.trace(scope, 'run/1 "ü"', input='{"q":1}')
    factories.observation(scope, trace_id, "o1", input="hello")
    factories.score(scope, "s1", trace_id=trace_id)
    answer = fetch(api.client, scope, scope.project_id, trace_id)
    assert answer.status_code == 200
    assert answer.json() == api.get(f"/traces/{quote(trace_id, safe='')}").json()
    assert answer.headers["content-disposition"] == 'attachment; filename="trace-run1.json"'
    assert answer.headers["cache-control"] == "no-store"


def test_for_everybody_else_it_is_not_there(anonymous: TestClient, scope: ProjectScope) -> None:
    trace_id = factories.trace(scope)
    other = factories.project("another")
    assert fetch(anonymous, None, scope.project_id, trace_id).status_code == 404
    assert fetch(anonymous, other, scope.project_id, trace_id).status_code == 404
    assert fetch(anonymous, other, other.project_id, trace_id).status_code == 404
    assert fetch(anonymous, scope, scope.project_id, "no-such-trace").status_code == 404


def test_a_key_is_no_cookie(api: Api, scope: ProjectScope) -> None:
    trace_id = factories.trace(scope)
    path = f"/api/traces/{trace_id}/download"
    assert api.client.get(path, params={"project_id": scope.project_id}, headers=api.headers).status_code == 404
