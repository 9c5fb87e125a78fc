"""Operating dead letters: who may, what is listed, what a replay and a drop leave behind, and that it is written down."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from langfuse_app.cli import cli
from langfuse_app.core.errors import ForbiddenError, InvalidRequestError
from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import InstanceScope, ProjectScope, UserScope
from langfuse_app.core.settings import Settings
from langfuse_app.core.time import now_us, parse_iso, to_us
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest import service as ingest
from langfuse_app.features.ledger import service as ledger
from langfuse_app.features.projects import service as projects
from langfuse_app.stores.raw_log import Ref
from langfuse_app.stores.redis import redis
from tests import factories


@pytest.fixture(autouse=True)
def empty_redis(engines: Settings) -> Iterator[None]:
    redis().flushdb()
    yield
    redis().flushdb()


@pytest.fixture
def scope(engines: Settings) -> ProjectScope:
    return factories.project()


@pytest.fixture
def admin(scope: ProjectScope) -> UserScope:
    user = factories.user(scope)
    accounts.make_admin(user.email.upper())
    return user


def bury(project_id: str, count: int = 1) -> list[str]:
    """So many dead letters of the project; their ids."""
    for number in range(count):
        entry = streams.Entry(b"1-0", "live", number % streams.SHARDS, Ref("segment", number, 10), project_id)
        streams.bury(entry, f"ValueError: number {number}")
    return [letter.id for letter in streams.dead_letters() if letter.project_id == project_id]


def waiting() -> list[streams.Entry]:
    return streams.read({("bulk", shard): 2_000 for shard in range(streams.SHARDS)})


def test_only_administrators_of_the_instance_get_in(scope: ProjectScope, admin: UserScope) -> None:
    owner = factories.user(scope)
    with pytest.raises(ForbiddenError):
        accounts.instance_scope(owner)
    with pytest.raises(ForbiddenError):
        accounts.instance_scope(UserScope(user_id="nobody", email="", name="", session_id=""))
    assert accounts.instance_scope(admin) == InstanceScope(actor_id=admin.user_id, actor_kind="user")


def test_whoever_the_first_start_names_is_one(engines: Settings) -> None:
    email = f"{new_id()}@example.com"
    wanted = {"LANGFUSE_INIT_ORG_ID": new_id(), "LANGFUSE_INIT_USER_EMAIL": email, "LANGFUSE_INIT_USER_PASSWORD": "correct horse battery"}
    projects.ensure_first(engines.model_copy(update=wanted))
    user_id = accounts.user_id(email)
    assert user_id
    assert accounts.instance_scope(UserScope(user_id=user_id, email=email, name="", session_id="")).actor_id == user_id


def test_letters_are_listed_oldest_first_page_by_page(scope: ProjectScope, admin: UserScope) -> None:
    instance = accounts.instance_scope(admin)
    ids = bury(scope.project_id, 5)
    first = ledger.dead_letters(instance, limit=3)
    rest = ledger.dead_letters(instance, limit=3, after=first[-1].id)
    assert [letter.id for letter in first + rest] == ids
    assert (first[1].project_id, first[1].shard, first[1].payload) == (scope.project_id, 1, "segment@1+10")
    assert first[1].reason == "ValueError: number 1"
    assert abs(to_us(first[1].died_at) - now_us()) < 60_000_000
    with pytest.raises(InvalidRequestError):
        ledger.dead_letters(instance, after="- +")


def test_chosen_letters_are_queued_again_and_written_down(scope: ProjectScope, admin: UserScope) -> None:
    instance, stranger = accounts.instance_scope(admin), factories.project()
    one, two, _ = bury(scope.project_id, 3)
    [theirs] = bury(stranger.project_id)
    assert ledger.replay(instance, [two, theirs, two, "1-1", "no id", "* 5"]) == 2
    assert {entry.project_id for entry in waiting()} == {scope.project_id, stranger.project_id}
    assert len(waiting()) == 2
    assert streams.dead_letters(1)[0].id == one
    assert len(streams.dead_letters()) == 2
    for project, id in ((scope, two), (stranger, theirs)):
        [entry] = factories.audit_log(project_id=project.project_id, resource_type="deadLetter")
        assert (entry.action, entry.resource_id, entry.user_id, entry.org_id) == ("replay", id, admin.user_id, project.org_id)


def test_all_letters_are_replayed_however_many(scope: ProjectScope) -> None:
    bury(scope.project_id, 1_200)
    assert ledger.replay(api_keys.operator()) == 1_200
    assert (streams.dead_letters(), len(waiting())) == ([], 1_200)
    log = factories.audit_log(project_id=scope.project_id, resource_type="deadLetter")
    assert (len(log), {entry.user_id for entry in log}) == (1_200, {"operator"})


def test_dropped_letters_are_gone_and_written_down(scope: ProjectScope, admin: UserScope) -> None:
    instance = accounts.instance_scope(admin)
    ids = bury(scope.project_id, 3)
    assert ledger.drop(instance, ids[:1]) == 1
    assert ledger.drop(instance, ids[:1]) == 0
    assert ledger.drop(instance) == 2
    assert (streams.dead_letters(), sum(ingest.backlog().values())) == ([], 0)
    log = factories.audit_log(project_id=scope.project_id, resource_type="deadLetter")
    assert sorted((entry.action, entry.resource_id) for entry in log) == [("delete", id) for id in sorted(ids)]


def test_letters_of_a_project_that_is_gone_are_written_down_for_the_instance(admin: UserScope) -> None:
    [id] = bury("no project")
    assert ledger.drop(accounts.instance_scope(admin)) == 1
    [entry] = factories.audit_log(resource_type="deadLetter", resource_id=id)
    assert (entry.org_id, entry.project_id, entry.user_id) == ("", None, admin.user_id)


def test_the_command_line_operates_them(scope: ProjectScope) -> None:
    one, two = bury(scope.project_id, 2)
    listed = json.loads(CliRunner().invoke(cli, ["dead-letters", "list", "--json"]).output)
    assert [letter["id"] for letter in listed] == [one, two]
    assert parse_iso(listed[0]["died_at"])
    assert CliRunner().invoke(cli, ["dead-letters", "replay", one]).output == "1 queued again\n"
    assert CliRunner().invoke(cli, ["dead-letters", "drop"]).output == "1 dropped\n"
    assert {entry.user_id for entry in factories.audit_log(project_id=scope.project_id, resource_type="deadLetter")} == {"operator"}
