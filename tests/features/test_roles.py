"""What each role may do (spec/features.md §15.1), and that deciding it is nobody's but the services'."""

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from langfuse_app.core.errors import ForbiddenError
from langfuse_app.core.scopes import ProjectScope, Role
from langfuse_app.features.annotation_queues import service as queues
from langfuse_app.features.annotation_queues.schemas import CreateQueue
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.comments import service as comments
from langfuse_app.features.comments.schemas import CreateComment
from langfuse_app.features.llm_connections import service as llm_connections
from langfuse_app.features.llm_connections.schemas import UpsertConnection
from langfuse_app.features.score_configs import service as score_configs
from langfuse_app.features.score_configs.schemas import CreateScoreConfig, ScoreConfigType, UpdateScoreConfig
from langfuse_app.features.traces import service as traces
from tests import factories

ROOT = Path(__file__).resolve().parents[2] / "langfuse_app"
ACTIONS: dict[str, tuple[Role, Callable[[ProjectScope], object]]] = {
    "list keys": (Role.MEMBER, api_keys.list_keys),
    "create a key": (Role.ADMIN, api_keys.create_key),
    "delete a key": (Role.ADMIN, lambda scope: api_keys.delete_key(scope, api_keys.create_key(replace(scope, role=Role.OWNER)).item.id)),
    "bookmark": (Role.MEMBER, lambda scope: traces.set_bookmark(scope, factories.trace(scope), True)),
}


def _config(scope: ProjectScope) -> str:
    new = CreateScoreConfig(name="quality", data_type=ScoreConfigType.NUMERIC)
    return score_configs.create_config(replace(scope, role=Role.OWNER), new).id


def _queue(scope: ProjectScope) -> str:
    return queues.create_queue(replace(scope, role=Role.OWNER), CreateQueue(name="q", score_config_ids=[_config(scope)])).id


def _comment(scope: ProjectScope) -> object:
    trace = {"project_id": "", "object_type": "TRACE", "object_id": factories.trace(scope), "content": "x"}
    return comments.create_comment(scope, CreateComment.model_validate(trace))


def _connection() -> UpsertConnection:
    return UpsertConnection.model_validate({"provider": "p", "adapter": "openai", "secretKey": "sk"})


ACTIONS |= {
    "define a score config": (
        Role.MEMBER,
        lambda scope: score_configs.create_config(scope, CreateScoreConfig(name="a", data_type=ScoreConfigType.TEXT)),
    ),
    "change a score config": (
        Role.MEMBER,
        lambda scope: score_configs.update_config(scope, _config(scope), UpdateScoreConfig(is_archived=True)),
    ),
    "comment": (Role.MEMBER, _comment),
    "make a queue": (Role.MEMBER, lambda scope: queues.create_queue(scope, CreateQueue(name="q", score_config_ids=[_config(scope)]))),
    "assign somebody": (Role.ADMIN, lambda scope: queues.assign(scope, _queue(scope), factories.user(scope).user_id)),
    "put an LLM connection": (Role.ADMIN, lambda scope: llm_connections.put_connection(scope, _connection())),
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
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("ProjectScope", "OrganizationScope", "InstanceScope", "UserScope")
    }
    assert makers <= {"features/accounts/service.py", "features/api_keys/service.py"}
