"""What a real SDK sent looks right on its page: every observation in its place, with type, model, tokens and cost."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import TRACES
from tests.clients.environments import NAMES
from tests.clients.openai_double import openai_double
from tests.clients.reading import Target, drive
from tests.product import PUBLIC_KEY, ROOT, SECRET_KEY, Product

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.slow]
PICTURES = ROOT / "tests" / "artifacts"


@pytest.mark.parametrize("client", NAMES)
def test_the_traces_of_an_sdk(page: Page, product: Product, client: str) -> None:
    with openai_double() as openai_url:
        run = drive(client, Target(product.url, PUBLIC_KEY, SECRET_KEY), f"browser-{client}", openai_url)
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
