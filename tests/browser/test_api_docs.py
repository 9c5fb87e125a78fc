"""The page of the API: it reads the document, and tries an operation out with the keys of the reader."""

import pytest
from playwright.sync_api import Page, expect

from tests.product import PUBLIC_KEY, SECRET_KEY

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_an_operation_can_be_read_and_tried(stranger: Page) -> None:
    stranger.goto("/api/docs")
    expect(stranger.locator("section > details").first).to_be_visible()
    stranger.fill("#search", "project of the key, as a list")
    stranger.fill("#public", PUBLIC_KEY)
    stranger.fill("#secret", SECRET_KEY)
    operation = stranger.locator("section > details:visible").first
    operation.locator("summary").first.click()
    expect(operation).to_contain_text("retentionDays?: integer | null")
    expect(operation).to_contain_text("projectKey: The public key of a project as user")
    operation.get_by_role("button", name="Send").click()
    expect(operation.locator("pre").last).to_contain_text("200 OK")
    expect(operation.locator("pre").last).to_contain_text("support-copilot")


def test_nothing_comes_from_another_host(stranger: Page) -> None:
    hosts: set[str] = set()
    stranger.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    stranger.goto("/api/docs")
    expect(stranger.locator("section > details").first).to_be_visible()
    assert hosts == {stranger.url.split("/")[2]}
