"""A list's address says everything about it (ui/listing.py, ui/ranges.py; invariant 6)."""

from datetime import UTC, datetime, timedelta

import pytest

from langfuse_app.ui import listing, ranges

PATH = "/project/p/traces"


def read(**query: str) -> listing.Listing:
    return listing.read(PATH, query, sorts=("name", "timestamp"), default_sort="timestamp")


def test_defaults() -> None:
    asked = read()
    assert (asked.page, asked.limit, asked.sort, asked.descending, asked.search, asked.window.word) == (
        1,
        50,
        "timestamp",
        True,
        "",
        ranges.DEFAULT,
    )


@pytest.mark.parametrize(
    "query",
    [{"page": "-3"}, {"page": "x"}, {"page": "9" * 30}, {"limit": "7"}, {"sort": "'; drop.asc"}, {"past": "1y"}, {"from": "yesterday"}],
)
def test_nonsense_is_the_default(query: dict[str, str]) -> None:
    asked, plain = read(**query), read()
    assert (asked.page, asked.limit, asked.sort, asked.descending, asked.window.word) == (
        plain.page,
        plain.limit,
        plain.sort,
        plain.descending,
        plain.window.word,
    )


def test_pages_lead_to_each_other_and_keep_the_rest() -> None:
    view = read(page="2", q="ada", limit="25").view(total=60, shown=25, zone=UTC)
    assert (view.shown, view.total) == ("26–50", "60")
    assert view.previous == f"{PATH}?q=ada&limit=25"
    assert view.next == f"{PATH}?page=3&q=ada&limit=25"
    assert read(page="3", limit="25").view(total=60, shown=10, zone=UTC).next == ""


def test_a_second_click_turns_the_order() -> None:
    sorts = read(sort="name.desc", page="4").view(9, 9, UTC, ("name", "timestamp")).sorts
    assert sorts["name"] == f"{PATH}?sort=name.asc"
    assert sorts["timestamp"] == f"{PATH}?sort=timestamp.desc"


def test_ranges() -> None:
    now = datetime(2026, 9, 21, tzinfo=UTC)
    assert ranges.from_url({"past": "1h"}, now).start == now - timedelta(hours=1)
    assert ranges.from_url({"past": "all"}, now).start is None
    own = ranges.from_url({"from": "2026-09-01T00:00:00Z", "to": "2026-09-02T00:00:00Z", "past": "1h"}, now)
    assert (own.word, own.start, own.end) == ("", datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 2, tzinfo=UTC))
    assert own.label(UTC) == "1 Sep 00:00 – 2 Sep 00:00"
    assert ranges.local_moment("", UTC) is None
