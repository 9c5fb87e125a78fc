"""The trace page: one selection drives tree, waterfall and panel, and the address."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import TRACES
from tests.browser.sample import SHOWCASE

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PATH = f"{TRACES}/{SHOWCASE}"


def test_the_tree_shows_names_types_and_levels(page: Page) -> None:
    page.goto(PATH)
    expect(page.locator(".lf-row")).to_have_count(20)
    types = page.locator(".lf-row .lf-type").evaluate_all("icons => icons.map(icon => icon.dataset.type)")
    assert set(types) == {"AGENT", "GUARDRAIL", "CHAIN", "EMBEDDING", "RETRIEVER", "TOOL", "GENERATION", "SPAN", "EVALUATOR", "EVENT"}
    expect(page.locator(".lf-row[data-level=error]")).to_have_count(1)
    facts = page.locator(".lf-facts").first
    for text in ("8.42s", "s_9f2c", "u_48213", "2026.09.3", "production", "billing", "1 error", "1 warning"):
        expect(facts).to_contain_text(text)


def test_an_observation_is_in_the_address_with_all_it_did(page: Page) -> None:
    page.goto(f"{PATH}?observation=o14")
    panel = page.locator("#lf-panel")
    expect(page.locator(".lf-row[aria-selected=true]")).to_contain_text("final-answer")
    expect(panel.locator(".lf-msg")).to_have_count(5)
    expect(panel.locator(".lf-toolcall").first).to_contain_text("billing.create_refund")
    expect(panel).to_contain_text("refund RF-20418")
    facts = page.locator(".lf-detail .lf-facts")
    for text in ("780ms", "190ms", "claude-sonnet-4-5", "6,214 → 1,208", "billing-answer v14"):
        expect(facts).to_contain_text(text)
    facts.locator("summary").first.click()
    cost = facts.locator(".lf-pop").first
    expect(cost).to_contain_text("2,118")
    expect(cost).to_contain_text("/ 1M")
    page.click("text=JSON")
    expect(panel.locator(".lf-json").first).to_be_visible()
    page.click("[role=tab] >> text=Scores")
    expect(panel).to_contain_text("helpfulness")
    expect(panel).to_contain_text("0.94")


def test_arrow_keys_walk_the_tree(page: Page) -> None:
    page.goto(PATH)
    expect(page.locator(".lf-row[aria-selected=true]")).to_contain_text("support-agent")
    for key, name in (("ArrowDown", "input-safety"), ("ArrowDown", "load-context"), ("ArrowUp", "input-safety")):
        page.keyboard.press(key)
        expect(page.locator(".lf-row[aria-selected=true] .lf-node-name")).to_have_text(name)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".lf-row")).to_have_count(17)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".lf-row")).to_have_count(20)


def test_the_short_link_of_the_sdks_leads_here(page: Page) -> None:
    page.goto(f"/trace/{SHOWCASE}")
    page.wait_for_url(f"**{PATH}")
    expect(page.locator(".lf-row").first).to_be_visible()
