"""Writes of prompts at the same time: no circle of references, no label on two versions, no reference to what is gone."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from langfuse_app.core.errors import InvalidRequestError, NotFoundError
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.prompts import repository, service
from langfuse_app.features.prompts.composition import Reference
from langfuse_app.features.prompts.models import Prompt
from langfuse_app.features.prompts.schemas import CreatePrompt
from tests import factories

ROUNDS = 8


@pytest.fixture
def scope(engines: object) -> ProjectScope:
    return factories.project()


def make(scope: ProjectScope, name: str, text: str = "plain", *labels: str) -> Prompt:
    body: dict[str, Any] = {"name": name, "prompt": text, "labels": list(labels)}
    return service.create(scope, CreatePrompt.model_validate(body))


def refers(name: str, label: str = "production") -> str:
    return f"@@@langfusePrompt:name={name}|label={label}@@@"


def at_once(*works: Callable[[], Any]) -> list[Exception | None]:
    """What each of them raised, all begun in the same moment."""
    start = threading.Barrier(len(works))
    raised: list[Exception | None] = [None] * len(works)

    def run(number: int, work: Callable[[], Any]) -> None:
        start.wait(10)
        try:
            work()
        except Exception as error:
            raised[number] = error

    threads = [threading.Thread(target=run, args=given) for given in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


def reads(scope: ProjectScope, *names: str) -> None:
    for name in names:
        service.read(scope, name, None, "production")


def test_two_at_once_make_no_circle(scope: ProjectScope) -> None:
    for number in range(ROUNDS):
        a, b = f"a{number}", f"b{number}"
        make(scope, a, "plain", "production")
        make(scope, b, "plain", "production")
        raised = at_once(partial(make, scope, a, refers(b), "production"), partial(make, scope, b, refers(a), "production"))
        assert [type(error) for error in raised if error] == [InvalidRequestError]
        reads(scope, a, b)


def test_labels_that_move_at_once_make_no_circle(scope: ProjectScope) -> None:
    for number in range(ROUNDS):
        a, b = f"a{number}", f"b{number}"
        make(scope, a, "plain", "production")
        make(scope, b, "plain", "production")
        make(scope, a, refers(b))
        make(scope, b, refers(a))
        raised = at_once(
            partial(service.add_labels, scope, a, 2, ["production"]),
            partial(service.add_labels, scope, b, 2, ["production"]),
        )
        assert [type(error) for error in raised if error] == [InvalidRequestError]
        reads(scope, a, b)


def test_a_label_that_would_close_a_circle_stays(scope: ProjectScope) -> None:
    make(scope, "a", "plain", "production")
    make(scope, "b", "plain", "production")
    make(scope, "a", refers("b"))
    make(scope, "b", refers("a"), "production")
    with pytest.raises(InvalidRequestError, match="Circular dependency"):
        service.add_labels(scope, "a", 2, ["production", "new"])
    assert [prompt.labels for prompt in repository.versions(scope, "a", None, None)] == [["production"], ["latest"]]
    reads(scope, "a", "b")


def test_a_label_is_on_one_version(scope: ProjectScope) -> None:
    for _ in range(4):
        make(scope, "one")
    for _ in range(ROUNDS):
        raised = at_once(
            *(partial(service.add_labels, scope, "one", version, ["x", "production"]) for version in (1, 2, 3)),
            partial(make, scope, "one", "more", "x"),
        )
        assert raised == [None] * 4
        labels = [label for prompt in repository.versions(scope, "one", None, None) for label in prompt.labels]
        assert sorted(labels) == ["latest", "production", "x"]


def test_nothing_refers_to_what_is_deleted_meanwhile(scope: ProjectScope) -> None:
    for number in range(ROUNDS):
        child, parent = f"child{number}", f"parent{number}"
        make(scope, child, "plain", "production")
        raised = at_once(partial(make, scope, parent, refers(child), "production"), partial(service.delete, scope, child, None, None))
        assert len([error for error in raised if error]) == 1
        assert (repository.find(scope, Reference(parent, None, "production")) is None) == (raised[0] is not None)
        if raised[0] is None:
            reads(scope, parent)


def test_a_deletion_by_label_takes_the_version_that_has_it(scope: ProjectScope) -> None:
    for number in range(ROUNDS):
        name = f"name{number}"
        make(scope, name, "first", "x")
        make(scope, name, "second")
        at_once(partial(service.delete, scope, name, None, "x"), partial(service.add_labels, scope, name, 2, ["x"]))
        left = {prompt.version: prompt.labels for prompt in repository.versions(scope, name, None, None)}
        # deleted before the move: the second has the label; after it: the first is there without
        assert left in ({2: ["latest", "x"]}, {1: ["latest"]})


def test_many_writers_wait_for_each_other_and_not_for_connections(scope: ProjectScope) -> None:
    make(scope, "base", "plain", "production")
    raised = at_once(*(partial(make, scope, f"p{number % 3}", refers("base"), "production") for number in range(24)))
    assert raised == [None] * 24
    with pytest.raises(NotFoundError):
        service.delete(scope, "nothing", None, None)
