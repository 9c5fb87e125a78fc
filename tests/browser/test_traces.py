"""The traces table and the trace beside it. Invariant 6: the URL holds a page's state; a reload shows the same page."""

import re
import uuid
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import TRACES
from tests.browser.sample import SHOWCASE
from tests.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def names(page: Page) -> list[str]:
    return page.locator("tbody tr td:nth-child(3)").all_inner_texts()


def settled(page: Page, address: str) -> None:
    """The address was reached and its rows are there."""
    page.wait_for_url(f"**{address}")
    expect(page.locator("tbody tr").first).to_be_visible()


def arrive(product: Product, name: str) -> str:
    """Send a trace as any SDK would; its id."""
    trace_id, now = f"live-{uuid.uuid4().hex[:8]}", datetime.now(UTC).isoformat()
    event = {"id": str(uuid.uuid4()), "type": "trace-create", "timestamp": now, "body": {"id": trace_id, "name": name, "timestamp": now}}
    with product.client() as client:
        client.post("/api/public/ingestion", json={"batch": [event]}).raise_for_status()
    return trace_id


def test_the_table_shows_what_was_sent(page: Page) -> None:
    row = page.locator("tbody tr", has_text="support-agent").first
    expect(row).to_contain_text("My invoice for March")
    expect(row).to_contain_text("production")
    expect(row.locator(".lf-lat")).to_contain_text("8.42s")
    assert row.get_attribute("data-level") == "error"
    assert 61 <= int(page.locator("#lf-total").inner_text()) < 70
    assert page.locator(".lf-bars a").count() > 0


def test_search_is_in_the_address_and_survives_a_reload(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("triage", delay=30)
    settled(page, "?q=triage")
    page.wait_for_function("[...document.querySelectorAll('tbody tr td:nth-child(3)')].every(x => x.innerText === 'ticket-triage')")
    page.reload()
    settled(page, "?q=triage")
    assert set(names(page)) == {"ticket-triage"}
    assert page.locator("[data-search]").input_value() == "triage"


def test_a_trace_is_found_by_its_id(page: Page) -> None:
    page.fill("[data-search]", SHOWCASE[:8])
    settled(page, f"?q={SHOWCASE[:8]}")
    page.wait_for_function("document.querySelectorAll('tbody tr').length === 1")
    assert names(page) == ["support-agent"]


def test_words_become_filters(page: Page) -> None:
    page.focus("[data-search]")
    page.keyboard.type("env:staging ", delay=20)
    settled(page, "?env=staging")
    expect(page.locator(".lf-token")).to_have_text("env:staging")
    expect(page.locator("[data-search]")).to_have_value("")
    assert set(page.locator("tbody .lf-env").all_inner_texts()) == {"staging"}
    page.click(".lf-token a")
    settled(page, TRACES)
    expect(page.locator(".lf-token")).to_have_count(0)


def test_order_and_pages(page: Page) -> None:
    page.click("thead >> text=Name")
    settled(page, "?sort=name.desc")
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Name")
    page.click("thead >> text=Name")
    settled(page, "?sort=name.asc")
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Name")
    assert names(page) == sorted(names(page))
    page.click("#next-page")
    settled(page, "?sort=name.asc&page=2")
    expect(page.locator(".lf-pager b")).to_have_text(re.compile("51–6[1-9]"))
    page.go_back()
    expect(page.locator(".lf-pager b")).to_have_text("1–50")


def test_a_range_without_traces_offers_a_wider_one(page: Page) -> None:
    page.goto(f"{TRACES}?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z")
    expect(page.locator(".lf-empty")).to_contain_text("No trace matches")
    expect(page.locator("#range")).to_contain_text("1 Jan")
    page.click(".lf-empty a")
    settled(page, "?past=all")


def test_the_peek_goes_through_the_list(page: Page) -> None:
    page.locator("tbody tr", has_text="support-agent").first.click()
    page.wait_for_url(f"**?peek={SHOWCASE}")
    expect(page.locator("#lf-peek .lf-panel-head b").first).to_have_text("support-agent")
    page.keyboard.press("ArrowDown")
    page.wait_for_url("**observation=o2")
    page.reload()
    expect(page.locator("#lf-peek .lf-row[aria-selected=true] .lf-node-name")).to_have_text("input-safety")
    page.keyboard.press("j")
    page.wait_for_function(f"!location.search.includes('{SHOWCASE}')")
    expect(page.locator("#lf-peek .lf-row").first).to_be_visible()
    page.wait_for_timeout(700)  # nothing on the page says that the neighbours of the new trace have come
    page.keyboard.press("k")
    page.wait_for_url(f"**?peek={SHOWCASE}*")
    page.keyboard.press("Escape")
    page.wait_for_url(f"**{TRACES}")
    expect(page.locator("#lf-peek")).to_have_count(0)


def test_a_row_opens_in_a_new_tab(page: Page, context: BrowserContext) -> None:
    with context.expect_page() as opened:
        page.locator("tbody tr").nth(2).click(modifiers=["Control"])
    assert "/traces/" in opened.value.url
    assert page.url.endswith(TRACES)


def test_a_star_stays(page: Page) -> None:
    star = page.locator("tbody tr .lf-star").nth(4)
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.locator("tbody tr .lf-star").nth(4)).to_have_attribute("aria-pressed", "true")


def test_new_traces_come_in_at_the_top_and_are_announced_to_who_reads_further_down(page: Page, product: Product) -> None:
    arrive(product, "arrived-first")
    expect(page.locator("tbody tr").first).to_contain_text("arrived-first")
    page.evaluate("document.querySelector('.lf-tablewrap').scrollTop = 300")
    before = names(page)
    arrive(product, "arrived-second")
    expect(page.locator("#show-new")).to_contain_text("1 new")
    assert names(page) == before, "what is being read must not move"
    page.click("#show-new")
    expect(page.locator("tbody tr").first).to_contain_text("arrived-second")
    assert page.evaluate("document.querySelector('.lf-tablewrap').scrollTop") == 0
