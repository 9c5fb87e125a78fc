"""What each role may do (spec/features.md §15.1), and that deciding it is nobody's but the services'."""

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from langfuse_app.core.errors import ForbiddenError
from langfuse_app.core.scopes import ProjectScope, Role
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.traces import service as traces
from tests import factories

ROOT = Path(__file__).resolve().parents[2] / "langfuse_app"
ACTIONS: dict[str, tuple[Role, Callable[[ProjectScope], object]]] = {
    "list keys": (Role.MEMBER, api_keys.list_keys),
    "create a key": (Role.ADMIN, api_keys.create_key),
    "delete a key": (Role.ADMIN, lambda scope: api_keys.delete_key(scope, api_keys.create_key(replace(scope, role=Role.OWNER)).item.id)),
    "bookmark": (Role.MEMBER, lambda scope: traces.set_bookmark(scope, factories.trace(scope), True)),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", Role)
def test_the_least_role(engines: object, action: str, role: Role) -> None:
    least, act = ACTIONS[action]
    scope = replace(factories.project(), actor_kind="user", role=role)
    if list(Role).index(role) <= list(Role).index(least):
        act(scope)
    else:
        with pytest.raises(ForbiddenError):
            act(scope)


def test_only_authentication_makes_scopes() -> None:
    """Invariant 3: a scope is the proof of a sign-in or a key; who else builds one has let himself in."""
    makers = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("ProjectScope", "OrganizationScope", "InstanceScope", "UserScope")
    }
    assert makers <= {"features/accounts/service.py", "features/api_keys/service.py"}
