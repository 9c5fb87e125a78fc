"""The SDKs' key check and their links to a trace (wire.md §4, api.md §10)."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest

from .reading import Drive, Target

pytestmark = pytest.mark.clients

PYTHON = ["langfuse-python-2.60.10", "langfuse-python-3.15.0", "langfuse-python-4.18.0", "langfuse-python-5.0.4"]
WITH_PROJECT = ["langfuse-python-3.15.0", "langfuse-python-4.18.0", "langfuse-python-5.0.4", "langfuse-js-5.11.1"]
WITHOUT_PROJECT = ["langfuse-python-2.60.10", "langfuse-js-3.39.2"]


@pytest.mark.parametrize("client", PYTHON)
def test_the_key_check(driven: Drive) -> None:
    access = driven.fact("access")
    assert access["authCheck"] is True
    assert access["wrongKeys"] in ("False", "UnauthorizedError", "Exception")


@pytest.mark.parametrize("client", WITH_PROJECT)
def test_the_link_names_project_and_trace(driven: Drive, target: Target) -> None:
    access = driven.fact("access")
    assert access["traceUrl"] == f"{target.base_url}/project/{target.project_id}/traces/{access['traceId']}"


@pytest.mark.parametrize("client", WITHOUT_PROJECT)
def test_the_short_link_leads_by_way_of_the_sign_in_to_the_trace(driven: Drive, target: Target) -> None:
    access = driven.fact("access")
    assert access["traceUrl"].startswith(f"{target.base_url}/trace/")
    answer = httpx.get(access["traceUrl"], timeout=15)
    assert answer.status_code == 303, f"{access['traceUrl']} answers {answer.status_code}"
    to = urlsplit(answer.headers["location"])
    assert to.path == "/auth/sign-in"
    assert unquote(parse_qs(to.query)["next"][0]) == f"/trace/{access['traceId']}"
