"""W3C trace context: a request belongs to its caller's trace, in its answer and in the log."""

import re

import pytest
from fastapi.testclient import TestClient
from structlog.contextvars import get_contextvars

from langfuse_app.api.app import create_app

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


def test_the_callers_trace_goes_on(anonymous: TestClient) -> None:
    answer = anonymous.get("/api/public/health", headers={"traceparent": PARENT})
    version, trace, span, flags = answer.headers["traceparent"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert span != SPAN


@pytest.mark.parametrize(
    "given", [None, "", "nonsense", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", PARENT[:-3], f"ff{PARENT[2:]}"]
)
def test_a_new_one_begins(anonymous: TestClient, given: str | None) -> None:
    answer = anonymous.get("/api/public/health", headers={} if given is None else {"traceparent": given})
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", answer.headers["traceparent"])
    assert TRACE not in answer.headers["traceparent"]


def test_a_later_version_is_read_as_far_as_it_is_known(anonymous: TestClient) -> None:
    answer = anonymous.get("/api/public/health", headers={"traceparent": f"cc{PARENT[2:]}-what-the-future-brings"})
    assert answer.headers["traceparent"].split("-")[1] == TRACE


def test_the_log_speaks_of_it(engines: object) -> None:
    app = create_app()
    app.add_api_route("/seen", get_contextvars)
    with TestClient(app) as client:
        seen = client.get("/seen", headers={"traceparent": PARENT, "x-request-id": "mine-1"}).json()
    assert seen == {"request_id": "mine-1", "trace_id": TRACE}
