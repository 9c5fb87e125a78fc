"""What a real SDK sent looks right on its page: every observation in its place, with type, model, tokens and cost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import TRACES, sign_in
from tests.clients.environments import NAMES
from tests.clients.openai_double import openai_double
from tests.clients.reading import Target, drive
from tests.product import PUBLIC_KEY, ROOT, SECRET_KEY, Product

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.slow]
PICTURES = ROOT / "tests" / "artifacts"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product of their own, so that the lists of other tests stay as they are."""
    running = Product(tmp_path_factory.mktemp("sdks") / "data").start()
    yield running
    running.stop()


@pytest.fixture
def page(chromium: Browser, target: Product) -> Iterator[Page]:
    context = chromium.new_context(base_url=target.url, viewport={"width": 1440, "height": 900}, color_scheme="light")
    opened = context.new_page()
    sign_in(opened)
    yield opened
    context.close()


@pytest.mark.parametrize("client", NAMES)
def test_the_traces_of_an_sdk(page: Page, target: Product, client: str) -> None:
    with openai_double() as openai_url:
        run = drive(client, Target(target.url, PUBLIC_KEY, SECRET_KEY), f"browser-{client}", openai_url)
    stories = [reading.story for reading in run.readings if 0 < len(reading.story["observations"]) < 60]
    assert stories, run.failure
    story = max(stories, key=lambda story: len(story["observations"]))
    page.goto(f"{TRACES}/{story['trace']['id']}")
    expect(page.locator(".lf-row").first).to_be_visible()
    told = story["observations"]
    shown = page.locator(".lf-row:has(.lf-type:not([data-type=TRACE]))")
    expect(shown).to_have_count(len(told))
    assert sorted(shown.locator(".lf-node-name").all_inner_texts()) == sorted(one["name"] for one in told)
    _open_a_generation(page, told)
    Path(PICTURES).mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"trace-of-{client}.png")


def _open_a_generation(page: Page, told: list[dict[str, object]]) -> None:
    row = page.locator(".lf-row:has([data-type=GENERATION])").first
    if row.count() == 0:
        return
    name = row.locator(".lf-node-name").inner_text()
    row.click()
    expect(page.locator(".lf-detail .lf-panel-head")).to_contain_text(name)
    model = next((str(one["model"]) for one in told if one["name"] == name and one.get("model")), "")
    expect(page.locator(".lf-detail .lf-facts")).to_contain_text(model or "Latency")
    expect(page.locator("#lf-panel .lf-sect").first).to_be_visible()
