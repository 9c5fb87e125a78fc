"""The REST edge in this process: one app, one event loop, real engines behind it."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from langfuse_app.api.app import create_app
from langfuse_app.core.scopes import ProjectScope
from tests import factories


@pytest.fixture(scope="session")
def anonymous(engines: object) -> Iterator[TestClient]:
    """A client without credentials."""
    with TestClient(create_app(), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


class Api:
    """Requests with the key of one project."""

    def __init__(self, client: TestClient, scope: ProjectScope) -> None:
        self.client, self.scope = client, scope
        self.headers = factories.basic_auth(scope)

    def get(self, path: str, **params: object):
        return self.client.get(f"/api/public{path}", params=params or None, headers=self.headers)

    def post(self, path: str, body: object):
        return self.client.post(f"/api/public{path}", json=body, headers=self.headers)

    def send(self, method: str, path: str, body: object = None):
        return self.client.request(method, f"/api/public{path}", json=body, headers=self.headers)


@pytest.fixture
def scope(engines: object) -> ProjectScope:
    """A project of its own for each test."""
    return factories.project()


@pytest.fixture
def api(anonymous: TestClient, scope: ProjectScope) -> Api:
    """The API as a client with a key of `scope` sees it."""
    return Api(anonymous, scope)


@pytest.fixture
def stranger(anonymous: TestClient) -> Api:
    """The API as a client of another tenant sees it."""
    return Api(anonymous, factories.project("another project"))


@pytest.fixture
def organization(anonymous: TestClient, scope: ProjectScope) -> TestClient:
    """The API as a client with a key of the organisation of `scope` sees it."""
    client = TestClient(anonymous.app, raise_server_exceptions=False)
    client.headers |= factories.organization_auth(scope)
    return client
