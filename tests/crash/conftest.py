"""One product for the crash tests, and the figures of long ones: they are printed, and written where LONG_RUN_REPORT says."""

import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.crash.looking import Inside
from tests.product import Product

FIGURES: dict[str, dict[str, Any]] = {}


@pytest.fixture(scope="module")  # what hostile requests leave behind would disturb those who count everything
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    running = Product(tmp_path_factory.mktemp("crash") / "data").start()
    yield running
    running.stop()


@pytest.fixture
def inside(product: Product) -> Inside:
    return Inside(product)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What a test measured, by name."""
    return FIGURES.setdefault(request.node.name, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures; keep them where they are wanted."""
    measured = {name: found for name, found in FIGURES.items() if found}
    if not measured:
        return
    outcomes = {report.nodeid.rpartition("::")[2]: kind for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)}
    lines = [f"| {name} | {outcomes.get(name, '')} | {_told(found)} |" for name, found in measured.items()]
    table = "\n".join(["| test | outcome | figures |", "|---|---|---|", *lines])
    terminalreporter.write_line(table)
    if target := os.environ.get("LONG_RUN_REPORT"):
        Path(target).write_text(f"# The last long run\n\n`make long` wrote this page. {_machine()}\n\n{table}\n")


def _told(found: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value:,.2f}" if isinstance(value, float) else f"{name} {value}" for name, value in found.items())


def _machine() -> str:
    memory = psutil.virtual_memory().total >> 30
    return f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, {os.cpu_count()} cores, {memory} GB, {platform.system()} {platform.release()}."
