"""Signing in with a form, and the cookie that comes of it."""

import time

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.errors import NotFoundError
from langfuse_app.core.scopes import ProjectScope, Role
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.accounts.api import safe_next
from langfuse_app.features.projects import service as projects
from tests import factories

PASSWORD = "correct horse battery"


def test_a_session_begins_and_ends(anonymous: TestClient, scope: ProjectScope) -> None:
    user = factories.user(scope)
    form = {"email": f" {user.email.upper()} ", "password": PASSWORD, "next": "/project/x?tab=1"}
    answer = anonymous.post("/api/auth/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/project/x?tab=1")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    pair = cookie.partition(";")[0]
    found = accounts.user_from_cookie(f"other=1; {pair}")
    assert found is not None
    assert found.user_id == user.user_id
    assert accounts.project_scope(found, scope.project_id).role is Role.OWNER
    assert [project.id for project in projects.list_for_user(found)] == [scope.project_id]
    assert anonymous.get("/api/auth/sign-out", headers={"Cookie": pair}).status_code == 303
    time.sleep(1)
    assert accounts.user_from_cookie(pair) is None


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password_says_nothing_more(anonymous: TestClient, scope: ProjectScope, password: str) -> None:
    for email in (factories.user(scope).email, "nobody@example.com"):
        answer = anonymous.post("/api/auth/sign-in", data={"email": email, "password": password, "next": "//evil.example"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/auth/sign-in?error=credentials&next=%2F")
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}])
def test_a_form_of_another_site_is_refused(anonymous: TestClient, scope: ProjectScope, headers: dict[str, str]) -> None:
    form = {"email": factories.user(scope).email, "password": PASSWORD}
    assert anonymous.post("/api/auth/sign-in", data=form, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("target", "kept"),
    [("/project/a", "/project/a"), ("//evil", "/"), ("/\\evil", "/"), ("https://evil", "/"), ("", "/"), ("/a\r\nb", "/")],
)
def test_only_paths_of_ours_are_gone_on_to(target: str, kept: str) -> None:
    assert safe_next(target) == kept


def test_no_cookie_no_person(engines: object) -> None:
    for header in (None, "", "a=b", f"{accounts.COOKIE}=", f"{accounts.COOKIE}=unknown", f'{accounts.COOKIE}="\x00'):
        assert accounts.user_from_cookie(header) is None


def test_strangers_have_no_project_scope(scope: ProjectScope) -> None:
    with pytest.raises(NotFoundError):
        accounts.project_scope(factories.user(factories.project()), scope.project_id)
