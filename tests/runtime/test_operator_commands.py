"""Commands for the person at the machine: a lost password, a first key."""

import base64
import json
import os
import subprocess
import sys

import pytest

from langfuse_app.core.errors import UnauthorizedError
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.api_keys import service as api_keys
from tests import factories


def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "langfuse_app.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), input=given, check=False, timeout=60)


@pytest.fixture
def scope(engines: object) -> ProjectScope:
    return factories.project()


def test_a_new_password(scope: ProjectScope) -> None:
    person = factories.user(scope)
    done = run("reset-password", person.email)
    assert done.returncode == 0, done.stderr
    assert accounts.sign_in(person.email, done.stdout.strip().rpartition(" ")[2])
    with pytest.raises(UnauthorizedError):
        accounts.sign_in(person.email, "correct horse battery")
    assert run("reset-password", person.email, "--stdin", given="another one\n").stdout == "The password was changed.\n"
    assert accounts.sign_in(person.email, "another one")


def test_nobody_and_short_passwords(scope: ProjectScope) -> None:
    nobody = run("reset-password", "nobody@example.com")
    assert (nobody.returncode, nobody.stderr) == (2, "langfuse-app: Nobody has the e-mail nobody@example.com\n")
    assert run("reset-password", factories.user(scope).email, "--stdin", given="short\n").returncode == 2


def test_keys(scope: ProjectScope) -> None:
    made = json.loads(run("create-key", "--project", scope.project_id, "--note", "ci", "--scope", "read", "--if-missing", "--json").stdout)
    assert (made["note"], made["scopes"]) == ("ci", ["read"])
    token = base64.b64encode(f"{made['publicKey']}:{made['secretKey']}".encode()).decode()
    assert api_keys.authenticate(f"Basic {token}").project_id == scope.project_id
    again = json.loads(run("create-key", "--project", scope.project_id, "--if-missing", "--json").stdout)
    assert (again["id"], "secretKey" in again) == (made["id"], False)
    assert [key.id for key in api_keys.list_keys(scope)] == [made["id"]]
    assert run("create-key", "--organization", scope.org_id).stdout.startswith("publicKey  pk-lf-")
    assert len(api_keys.list_keys(factories.organization(scope))) == 1


def test_the_owner_must_be_known(scope: ProjectScope) -> None:
    assert "Project not found" in run("create-key", "--project", "no-such").stderr
    assert run("create-key").stderr == "langfuse-app: name either --project or --organization\n"
