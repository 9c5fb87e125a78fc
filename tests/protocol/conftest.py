"""The web process on the engines of this run, and two projects that must not see each other."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from langfuse_app.core.scopes import ProjectScope, UserScope
from langfuse_app.core.settings import Settings
from langfuse_app.features.accounts import service as accounts
from langfuse_app.runtime import bundle
from tests import factories
from tests.web import web_process

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Tenant:
    """A project with a trace, its owner and the owner's session."""

    scope: ProjectScope
    user: UserScope
    session: str
    trace_id: str
    secrets: tuple[str, ...]  # texts that only members may ever see

    @property
    def traces(self) -> str:
        return f"/project/{self.scope.project_id}/traces"


@pytest.fixture(scope="session")
def web(engines: Settings) -> Iterator[str]:
    """The address of a web process of the role `all`."""
    bundle.ensure()
    with web_process() as url:
        yield url


def _tenant(name: str) -> Tenant:
    scope = factories.project(f"project {name}")
    user = factories.user(scope, PASSWORD)
    words = tuple(f"{name}-{what}" for what in ("trace-name", "question", "answer", "observation", "session", "user", "score"))
    trace, question, answer, observation, session, person, score = words
    trace_id = factories.trace(scope, id=f"{name}-trace", name=trace, input=question, output=answer, session_id=session, user_id=person)
    factories.observation(scope, trace_id, id=f"{name}-observation-id", name=observation, input=question, output=answer)
    factories.score(scope, trace_id=trace_id, name=score, value=1.0)
    public_key = factories.public_key(scope)
    return Tenant(scope, user, accounts.sign_in(user.email, PASSWORD), trace_id, (*words, public_key, f"project {name}", user.email))


@pytest.fixture(scope="session")
def ours(web: str) -> Tenant:
    return _tenant("ours")


@pytest.fixture(scope="session")
def theirs(web: str) -> Tenant:
    return _tenant("theirs")
