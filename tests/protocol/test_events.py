"""The event socket gives nothing away: to strangers, to members of other projects, to the next person at the same tab.

Invariant 3: no event handler reaches another tenant's object: it answers as if the object did not exist.
"""

import inspect
import json
from typing import Any

import pytest
import socketio.exceptions
from reflex_base.registry import RegistrationContext

import langfuse_app.langfuse_app  # noqa: F401 - registers every page and every handler
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.traces import service as traces
from tests.protocol.conftest import Tenant
from tests.protocol.socket import ROOT, EventSocket

pytestmark = pytest.mark.slow  # builds the UI and starts a web process


def handlers() -> dict[str, Any]:
    """Every handler that a client can name, but Reflex's own."""
    known = RegistrationContext.get().event_handlers
    ours = {name: entry for name, entry in known.items() if name.startswith(f"{ROOT}.langfuse_app") or name.endswith(".setvar")}
    assert len(ours) > 25, "the registry of handlers was not found"
    return ours


def arguments(entry: Any, tenant: Tenant) -> dict[str, Any]:
    """Something plausible for each parameter: ids of the tenant where ids are asked for."""
    function = getattr(entry, "handler", entry).fn
    known = {"id": f"{tenant.trace_id.split('-')[0]}-observation-id", "starred": True, "form": {"note": "made by a test"}, "scrolled": 0}
    names = list(inspect.signature(function).parameters)[1:]
    return {name: tenant.trace_id if "trace" in name else known.get(name, "0") for name in names}


def pages(tenant: Tenant) -> list[str]:
    base = f"/project/{tenant.scope.project_id}"
    below = (
        "/traces?past=all",
        f"/traces?past=all&peek={tenant.trace_id}",
        f"/traces/{tenant.trace_id}",
        "/sessions",
        "/scores",
        "/models",
        "/settings",
    )
    return [base + path for path in below]


def leaked(updates: list[dict[str, Any]], tenant: Tenant) -> list[str]:
    text = json.dumps(updates)
    return [secret for secret in tenant.secrets if secret in text]


def redirected(updates: list[dict[str, Any]]) -> bool:
    return any(
        event["name"] == "_redirect" and "/auth/sign-in" in json.dumps(event) for update in updates for event in update.get("events", [])
    )


def test_a_member_sees_their_own_pages(web: str, ours: Tenant) -> None:
    """The other tests mean something only if there is something to see."""
    with EventSocket(web, ours.session) as tab:
        for path in pages(ours)[:3]:
            assert "ours-trace-name" in leaked(tab.open(path), ours), path


def test_strangers_get_nothing_from_any_handler(web: str, ours: Tenant) -> None:
    with EventSocket(web) as tab:
        for name, entry in handlers().items():
            updates = tab.send(name, arguments(entry, ours), path=f"{ours.traces}/{ours.trace_id}", quiet_s=0.15)
            assert leaked(updates, ours) == [], name
            assert redirected(updates), name
    assert traces.get_trace(ours.scope, ours.trace_id).bookmarked is False
    assert not any(key.note == "made by a test" for key in api_keys.list_keys(ours.scope))


@pytest.mark.slow
def test_strangers_get_nothing_from_any_page(web: str, ours: Tenant) -> None:
    for path in pages(ours):
        with EventSocket(web) as tab:
            updates = tab.open(path)
            assert leaked(updates, ours) == [], path
            assert redirected(updates), path


@pytest.mark.slow
def test_members_of_another_project_get_nothing(web: str, ours: Tenant, theirs: Tenant) -> None:
    for path in pages(ours):
        with EventSocket(web, theirs.session) as tab:
            assert leaked(tab.open(path), ours) == [], path
    with EventSocket(web, theirs.session) as tab:
        tab.open(f"{theirs.traces}/{theirs.trace_id}")
        for name, entry in handlers().items():
            for path in (
                f"{ours.traces}/{ours.trace_id}",
                f"{theirs.traces}/{ours.trace_id}",
                f"{theirs.traces}?past=all&peek={ours.trace_id}",
            ):
                updates = tab.send(name, arguments(entry, ours), path=path, quiet_s=0.1)
                assert leaked(updates, ours) == [], (name, path)
    assert traces.get_trace(ours.scope, ours.trace_id).bookmarked is False
    assert not any(key.note == "made by a test" for key in api_keys.list_keys(ours.scope))


@pytest.mark.slow
@pytest.mark.parametrize("next_session", ["", "theirs"])
def test_a_tab_forgets_what_it_showed_when_its_session_is_over(web: str, ours: Tenant, theirs: Tenant, next_session: str) -> None:
    with EventSocket(web, ours.session) as tab:
        assert leaked(tab.open(f"{ours.traces}/{ours.trace_id}"), ours)
        token = tab.token
    with EventSocket(web, theirs.session if next_session else "", token=token) as tab:
        for path in ("/", f"{theirs.traces}?past=all", f"{ours.traces}/{ours.trace_id}"):
            assert leaked(tab.open(path), ours) == [], path


def test_only_pages_of_this_installation_open_the_socket(web: str, ours: Tenant) -> None:
    with EventSocket(web, ours.session, origin=web):
        pass
    with pytest.raises(socketio.exceptions.ConnectionError), EventSocket(web, ours.session, origin="https://evil.example"):
        pass
