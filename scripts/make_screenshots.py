"""docs/screenshots: every page, light and dark, 1440 and 390 pixels wide, of a product with a sample in it.

`--url` takes a running instance instead of starting one; `--out` another folder; `--only traces,trace` some pages.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser import sample  # noqa: E402
from tests.product import EMAIL, PASSWORD, PROJECT_ID, Product  # noqa: E402

BASE = f"/project/{PROJECT_ID}"
# name → address and what has to be on screen
PAGES = {
    "sign-in": ("/auth/sign-in", "form"),
    "projects": ("/?all=1", ".lf-projectcard"),
    "traces": (f"{BASE}/traces", "tbody tr"),
    "peek": (f"{BASE}/traces?peek={sample.SHOWCASE}&observation=o14", "#lf-panel .lf-msg"),
    "trace": (f"{BASE}/traces/{sample.SHOWCASE}?observation=o14", "#lf-panel .lf-msg"),
    "sessions": (f"{BASE}/sessions", "tbody tr"),
    "scores": (f"{BASE}/scores", "tbody tr"),
    "models": (f"{BASE}/models", "tbody tr"),
    "settings": (f"{BASE}/settings", "tbody tr"),
    "not-found": ("/nowhere", ".lf-empty"),
}
SIZES = {1440: 900, 390: 844}
LATIN = tuple(name for name in sample.NAMES if name != "zh-support")  # not every machine has the fonts


@contextmanager
def instance(url: str) -> Iterator[str]:
    """The address of a product with the sample in it."""
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder) / "data").start()
        try:
            with product.client() as client:
                sample.send(client, 130, names=LATIN)
                sample.wait_for(client, sample.SHOWCASE)
            yield product.url
        finally:
            product.stop()


@contextmanager
def empty_instance() -> Iterator[str]:
    """The address of a product that has not seen a trace."""
    with tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder) / "data").start()
        try:
            yield product.url
        finally:
            product.stop()


def sign_in(page: Page) -> None:
    page.goto("/auth/sign-in?next=/?all=1")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector(".lf-projectcard")


def shoot(browser: Browser, url: str, pages: dict[str, tuple[str, str]], out: Path) -> None:
    for theme in ("light", "dark"):
        for width, height in SIZES.items():
            context = browser.new_context(
                base_url=url, viewport={"width": width, "height": height}, color_scheme=theme, has_touch=width < 500
            )
            page = context.new_page()
            if "sign-in" not in pages or len(pages) > 1:
                sign_in(page)
            for name, (path, ready) in pages.items():
                page.goto(path)
                page.wait_for_selector(ready)
                page.wait_for_timeout(600)  # fonts, the peek's movement
                page.screenshot(path=out / f"{name}-{theme}-{width}.png")
                print(f"{name}-{theme}-{width}.png")
            context.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", default="")
    options.add_argument("--out", type=Path, default=ROOT / "docs" / "screenshots")
    options.add_argument("--only", default="")
    chosen = options.parse_args()
    wanted = chosen.only.split(",") if chosen.only else [*PAGES, "set-up"]
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or sys.exit("Chromium is missing: apt-get install chromium")
    chosen.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        pages = {name: page for name, page in PAGES.items() if name in wanted}
        if pages:
            with instance(chosen.url) as url:
                shoot(browser, url, pages, chosen.out)
        if "set-up" in wanted and not chosen.url:
            with empty_instance() as url:
                shoot(browser, url, {"set-up": (f"{BASE}/traces", "#setup")}, chosen.out)


if __name__ == "__main__":
    main()
