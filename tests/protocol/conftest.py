"""The web process on the engines of this run, and two projects that must not see each other."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from langfuse_app.core.scopes import ProjectScope, UserScope
from langfuse_app.core.settings import Settings
from langfuse_app.features.accounts import service as accounts
from langfuse_app.runtime import bundle
from tests import factories
from tests.product import ROOT, free_port

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
    port = free_port()
    log = Path(tempfile.mkdtemp(prefix="langfuse-app-web-")) / "web.log"
    command = [sys.executable, "-m", "langfuse_app.runtime.web", "all", "127.0.0.1", str(port), "1"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PORT": str(port)}, stdout=output, stderr=output)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/api/public/health", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(f"the web process did not answer:\n{log.read_text(errors='replace')[-3000:]}")


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
