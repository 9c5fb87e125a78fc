"""One running product with a team's traces in it, and Chromium in front of it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser import sample
from tests.product import EMAIL, PASSWORD, PROJECT_ID, Product

CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
TRACES = f"/project/{PROJECT_ID}/traces"
expect.set_options(timeout=15_000)  # a busy machine is no failure


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    running = Product(Path(tempfile.mkdtemp(prefix="langfuse-app-browser-")) / "data").start()
    with running.client() as client:
        sample.send(client, 60)
        sample.wait_for(client, sample.SHOWCASE)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    assert CHROMIUM, "browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as play:
        yield play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


def watch(page: Page) -> list[str]:
    """Errors of a page as they come; a missing page logs its own 404."""
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "404" not in message.text:
            errors.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


@pytest.fixture
def context(chromium: Browser, product: Product) -> Iterator[BrowserContext]:
    opened = chromium.new_context(
        base_url=product.url, viewport={"width": 1440, "height": 900}, timezone_id="Europe/Berlin", color_scheme="light"
    )
    opened.set_default_timeout(15_000)
    yield opened
    opened.close()


@pytest.fixture
def stranger(context: BrowserContext) -> Iterator[Page]:
    """A page of someone who has not signed in; no script error may happen on it."""
    page = context.new_page()
    errors = watch(page)
    yield page
    assert errors == []


@pytest.fixture
def page(stranger: Page) -> Page:
    """A page of Ada, who has signed in and sees the table."""
    sign_in(stranger)
    expect(stranger.locator("tbody tr").first).to_be_visible()
    return stranger


def sign_in(page: Page, next_path: str = TRACES, password: str = PASSWORD) -> None:
    page.goto(f"/auth/sign-in?next={next_path}")
    page.fill("#email", EMAIL)
    page.fill("#password", password)
    page.click("button[type=submit]")
    if password == PASSWORD:
        page.wait_for_url(f"**{next_path}")
