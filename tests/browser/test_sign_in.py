"""Nobody sees anything without signing in, and what one wanted to see comes after it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import TRACES, sign_in
from tests.browser.sample import SHOWCASE
from tests.product import EMAIL, PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_stranger_is_sent_to_the_form_and_back(stranger: Page) -> None:
    stranger.goto(f"{TRACES}/{SHOWCASE}")
    stranger.wait_for_url(re.compile("/auth/sign-in"))
    stranger.fill("#email", EMAIL)
    stranger.fill("#password", PASSWORD)
    stranger.click("button[type=submit]")
    stranger.wait_for_url(f"**{TRACES}/{SHOWCASE}")
    expect(stranger.locator(".lf-crumb[aria-current]")).to_have_text("support-agent")
    assert stranger.evaluate("document.cookie").find("session") == -1, "scripts must not see the session"


def test_a_wrong_password_says_so(stranger: Page) -> None:
    sign_in(stranger, password="wrong")
    expect(stranger.locator("[role=alert]")).to_contain_text("wrong")


def test_signing_out_ends_it(page: Page) -> None:
    page.click(".lf-side .lf-user")
    page.click(".lf-side >> text=Sign out")
    page.wait_for_url(re.compile("/auth/sign-in"))
    page.goto(TRACES)
    page.wait_for_url(re.compile("/auth/sign-in"))
    assert page.locator("tbody tr").count() == 0


def test_a_project_of_others_looks_as_if_it_did_not_exist(page: Page) -> None:
    page.goto("/project/someone-elses/traces")
    expect(page.locator(".lf-empty")).to_contain_text("Not found")
    page.goto(f"{TRACES}/no-such-trace")
    expect(page.locator(".lf-empty")).to_contain_text("Not found")


def test_an_address_that_leads_nowhere(page: Page) -> None:
    page.goto("/nowhere/at/all")
    expect(page.locator(".lf-empty")).to_contain_text("Not found")
