"""Numbers and times as people read them (ui/format.py)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from langfuse_app.ui import format as f

NOW = datetime(2026, 9, 21, 14, 13, 20, 412_000, tzinfo=UTC)


@pytest.mark.parametrize(("usd", "text"), [(None, "—"), (0.0, "$0"), (1234.5, "$1,234.50"), (0.0613, "$0.0613"), (0.000004, "$0.000004")])
def test_cost(usd: float | None, text: str) -> None:
    assert f.cost(usd) == text


def test_full_cost_shows_every_digit() -> None:
    assert f.full_cost(0.025703) == "$0.025703"
    assert f.full_cost(None) == "—"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "—"), (0, "0ms"), (0.0004, "0.4ms"), (0.642, "642ms"), (8.42, "8.42s"), (65.2, "1m 05s"), (600, "10m"), (7_800, "2h 10m")],
)
def test_latency(seconds: float | None, text: str) -> None:
    assert f.latency(seconds) == text


def test_tokens() -> None:
    assert f.tokens(14_208, 3_184, 17_392) == "14,208 → 3,184"
    assert f.tokens(0, 0, 99) == "99"
    assert f.tokens(0, 0, 0) == "—"


def test_times_are_those_of_the_viewer() -> None:
    oslo = ZoneInfo("Europe/Oslo")
    assert f.clock(NOW, oslo, NOW) == "16:13:20"
    assert f.clock(NOW - timedelta(days=1), oslo, NOW) == "20 Sep 16:13"
    assert f.clock(NOW - timedelta(days=400), oslo, NOW) == "17 Aug 2025"
    assert f.moment(NOW, oslo) == "21 Sep 16:13:20.412"
    assert f.absolute(NOW, oslo) == "2026-09-21 16:13:20.412 CEST"


def test_one_line_is_short_and_plain() -> None:
    assert f.one_line('"quoted\n  text"') == "quoted text"
    assert f.one_line("x" * 500, 10) == "x" * 9 + "…"
    assert f.one_line(None) == ""


def test_initials() -> None:
    assert f.initials("Ada Reyes") == "AR"
    assert f.initials("ada@example.com") == "AE"
    assert f.initials("") == "?"
