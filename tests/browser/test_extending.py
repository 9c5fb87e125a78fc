"""docs/extending.md, followed to the letter: the page that it adds is built, found, routed and shown."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from langfuse_app.core.settings import Settings
from langfuse_app.core.time import now_us
from tests import factories
from tests.product import ROOT
from tests.web import web_process

pytestmark = [pytest.mark.browser, pytest.mark.slow]
KEPT = ("langfuse_app", "assets", "reflex.lock", "rxconfig.py")


def modules() -> dict[str, str]:
    """The files that the page tells to write."""
    text = (ROOT / "docs" / "extending.md").read_text()
    return dict(re.findall(r"^`(langfuse_app/\S+\.py)`:\n\n```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """This repository with the new page in it, and its UI built."""
    for name in KEPT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    written = modules()
    assert sorted(Path(name).name for name in written) == ["page.py", "state.py"], "one module pair and nothing else"
    for name, text in written.items():
        (tmp_path / name).write_text(text)
    build = "from langfuse_app.runtime import bundle; bundle.ensure()"
    subprocess.run([sys.executable, "-c", build], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)}, check=True)
    return tmp_path


def test_the_documented_page_works(engines: Settings, copy: Path, chromium: Browser) -> None:
    scope = factories.project("extended")
    user = factories.user(scope, "correct horse battery")
    trace_id = factories.trace(scope, name="with-steps", timestamp=now_us())
    for number in range(60):
        factories.observation(scope, trace_id, name=f"step-{number:02d}", start_time=now_us() + number)
    with web_process(copy) as url:
        page = chromium.new_context(base_url=url, viewport={"width": 1440, "height": 900}).new_page()
        page.goto(f"/auth/sign-in?next=/project/{scope.project_id}/traces")
        page.fill("#email", user.email)
        page.fill("#password", "correct horse battery")
        page.click("button[type=submit]")
        page.click(".lf-side a[title=Observations]")
        page.wait_for_url("**/observations")
        expect(page.locator("tbody tr")).to_have_count(50)
        expect(page.locator("#lf-total")).to_have_text("60")
        page.click("#next-page")
        expect(page.locator("tbody tr")).to_have_count(10)
        page.locator("tbody tr a").first.click()
        page.wait_for_url(f"**/traces/{trace_id}?observation=*")
        page.context.close()


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_the_documented_page_keeps_the_rules_of_this_house(command: list[str]) -> None:
    for name, text in modules().items():
        linter = [sys.executable, "-m", "ruff", *command, "--stdin-filename", name, "-"]
        done = subprocess.run(linter, cwd=ROOT, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
