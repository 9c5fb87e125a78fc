"""Docs are tested: generated pages are current, and every setting, command, metric and route is in them."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from langfuse_app.core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["settings", "commands", "routes", "metrics"])
def test_generated_pages_are_current(page: str) -> None:
    assert (ROOT / "docs" / f"{page}.md").read_text() == script("make_docs").PAGES[page](), "run `make docs`"


def test_readme_names_only_settings_that_exist() -> None:
    words = set(re.findall(r"`((?:LANGFUSE|CLICKHOUSE|DATABASE|REDIS|NEXTAUTH)_[A-Z0-9_]+)`", (ROOT / "README.md").read_text()))
    sdk = {"LANGFUSE_BASE_URL", "LANGFUSE_HOST", "LANGFUSE_INIT_"}
    assert words - sdk <= set(Settings.model_fields)


def test_links_of_the_docs_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").glob("**/*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_architecture_stays_short() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text().splitlines()) <= 300
