"""The first start of an installation (spec/backend.md §15.2), in a database of its own."""

import base64
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from langfuse_app.core.ids import new_id
from langfuse_app.core.settings import Settings, get_settings, load_settings
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.projects import service
from langfuse_app.stores import postgres
from langfuse_app.stores.migrations import migrate_postgres


@pytest.fixture
def empty(engines: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installation without any account."""
    name = f"first_{new_id().replace('-', '')}"
    with postgres.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    monkeypatch.setenv("DATABASE_URL", os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}")
    _forget()
    migrate_postgres()
    yield
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    postgres.engine().dispose()
    get_settings.cache_clear()
    postgres.engine.cache_clear()


def basic(public_key: str, secret_key: str | None) -> str:
    return "Basic " + base64.b64encode(f"{public_key}:{secret_key}".encode()).decode()


def test_somebody_can_sign_in_and_send(empty: None) -> None:
    first = service.ensure_first(load_settings())
    assert first.created
    assert first.password
    assert accounts.sign_in(first.email, first.password)
    assert api_keys.authenticate(basic(first.public_key, first.secret_key)).project_id == first.project_id


def test_secrets_are_told_once(empty: None) -> None:
    first = service.ensure_first(load_settings())
    again = service.ensure_first(load_settings())
    assert (again.secret_key, again.password, again.created) == (None, None, False)
    assert (again.project_id, again.public_key, again.email) == (first.project_id, first.public_key, first.email)


def test_two_starts_at_once_make_one_project(empty: None) -> None:
    with ThreadPoolExecutor(4) as pool:
        starts = list(pool.map(service.ensure_first, [load_settings()] * 4))
    assert len({start.project_id for start in starts}) == 1
    assert [start.created for start in starts].count(True) == 1


def test_what_the_settings_name(empty: None) -> None:
    named = load_settings().model_copy(
        update={
            "LANGFUSE_INIT_ORG_ID": "org",
            "LANGFUSE_INIT_ORG_NAME": "Acme",
            "LANGFUSE_INIT_PROJECT_ID": "proj",
            "LANGFUSE_INIT_PROJECT_NAME": "Copilot",
            "LANGFUSE_INIT_PROJECT_RETENTION": 30,
            "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": "pk-lf-given",
            "LANGFUSE_INIT_PROJECT_SECRET_KEY": "sk-lf-given",
            "LANGFUSE_INIT_USER_EMAIL": "Ada@Example.com",
            "LANGFUSE_INIT_USER_PASSWORD": "secret-of-ada",
        }
    )
    assert service.ensure_first(named).created
    renamed = named.model_copy(update={"LANGFUSE_INIT_PROJECT_NAME": "Other", "LANGFUSE_INIT_USER_PASSWORD": "another"})
    assert not service.ensure_first(renamed).created
    scope = api_keys.authenticate(basic("pk-lf-given", "sk-lf-given"))
    project = service.get(scope)
    assert (project.id, project.name, project.org_name, project.retention_days) == ("proj", "Copilot", "Acme", 30)
    user = accounts.user_from_cookie(f"{accounts.COOKIE}={accounts.sign_in('ada@example.com', 'secret-of-ada')}")
    assert user is not None
    assert accounts.project_scope(user, "proj").role == "OWNER"


def test_given_keys_move_to_the_project_of_the_settings(empty: None) -> None:
    for project_id in ("one", "two"):
        named = load_settings().model_copy(
            update={
                "LANGFUSE_INIT_ORG_ID": "org",
                "LANGFUSE_INIT_PROJECT_ID": project_id,
                "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": "pk-lf-moved",
                "LANGFUSE_INIT_PROJECT_SECRET_KEY": "sk-lf-moved",
            }
        )
        service.ensure_first(named)
        assert api_keys.authenticate(basic("pk-lf-moved", "sk-lf-moved")).project_id == project_id
