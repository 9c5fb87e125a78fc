"""The frame: palette, themes, sidebar, narrow screens, settings, and the first minutes of a project."""

import re

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import TRACES, sign_in
from tests.browser.sample import SHOWCASE
from tests.browser.test_traces import arrive
from tests.product import PROJECT_ID, Product

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BASE = f"/project/{PROJECT_ID}"


def test_the_palette_finds_pages_and_traces(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("sett", delay=30)
    expect(page.locator("#lf-palette [role=option]").first).to_contain_text("Settings")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{BASE}/settings")
    expect(page.locator("main")).to_contain_text("API keys")
    page.keyboard.press("Control+k")
    page.keyboard.type(SHOWCASE, delay=10)
    expect(page.locator("#lf-palette [role=option]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/traces/{SHOWCASE}")
    expect(page.locator("#lf-palette[open]")).to_have_count(0)


def test_dark_stays_dark(page: Page) -> None:
    page.click(".lf-side .lf-user")
    page.click(".lf-side >> text=Dark")
    expect(page.locator("html")).to_have_class(re.compile("dark"))
    page.reload()
    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page.locator("html")).to_have_class(re.compile("dark"))
    assert page.evaluate("getComputedStyle(document.querySelector('.lf-main')).backgroundColor") == "rgb(16, 17, 21)"


def test_the_sidebar_becomes_a_rail(page: Page) -> None:
    page.keyboard.press("Control+b")
    expect(page.locator(".lf-shell")).to_have_attribute("data-side", "rail")


def test_a_phone_has_cards_and_a_drawer(chromium: Browser, product: Product) -> None:
    phone = chromium.new_context(base_url=product.url, viewport={"width": 390, "height": 844}, has_touch=True)
    page = phone.new_page()
    sign_in(page)
    expect(page.locator("tbody tr").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing may stick out sideways"
    assert page.locator("thead").is_hidden()
    page.tap("[aria-label=Menu]")
    page.tap("#lf-drawer >> text=Scores")
    page.wait_for_url(f"**{BASE}/scores")
    expect(page.locator("#lf-drawer")).to_be_hidden()
    phone.close()


@pytest.mark.parametrize(
    ("path", "text"), [("/sessions", "s_9f2c"), ("/scores", "helpfulness"), ("/models", "/ 1M"), ("/settings", "pk-lf-test-0001")]
)
def test_every_place_of_the_sidebar_is_real(page: Page, path: str, text: str) -> None:
    expect(page.locator(f".lf-shell > .lf-side a[href='{BASE}{path}']")).to_be_visible()
    page.goto(BASE + path)
    expect(page.locator("main")).to_contain_text(text)
    expect(page.locator(f".lf-shell > .lf-side a[href='{BASE}{path}']")).to_have_attribute("aria-current", "page")


def test_a_key_is_made_used_and_revoked(page: Page, product: Product) -> None:
    page.goto(f"{BASE}/settings")
    page.fill("input[name=note]", "made in a browser")
    page.click("text=Create key")
    shown = page.locator("#new-key .lf-mono")
    expect(shown).to_have_count(2)
    public, secret = shown.all_inner_texts()
    health = lambda: httpx.get(f"{product.url}/api/public/projects", auth=(public, secret)).status_code  # noqa: E731
    assert health() == 200
    page.reload()
    expect(page.locator("#new-key")).to_have_count(0)
    page.locator("tbody tr", has_text="made in a browser").locator("[title=Revoke]").click()
    page.click("#revoke footer >> text=Revoke")
    expect(page.locator("tbody tr", has_text="made in a browser")).to_have_count(0)
    page.wait_for_timeout(1_100)
    assert health() == 401


def test_the_set_up_page_turns_into_the_table(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = Product(tmp_path_factory.mktemp("empty") / "data").start()
    context = chromium.new_context(base_url=empty.url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    try:
        sign_in(page)
        expect(page.locator("#setup")).to_contain_text("Waiting for the first event")
        expect(page.locator("#setup pre").first).to_contain_text(empty.url)
        expect(page.locator("#setup pre").first).to_contain_text("pk-lf-test-0001")
        page.get_by_role("button", name="OpenTelemetry").click()
        expect(page.locator("#setup pre").nth(1)).to_contain_text("/api/public/otel")
        arrive(empty, "the-first-trace")
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator("tbody tr")).to_contain_text("the-first-trace")
        assert page.url.endswith(TRACES)
    finally:
        context.close()
        empty.stop()
