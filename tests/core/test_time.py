"""Times on the wire."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from langfuse_app.core.time import iso_ms, parse_iso


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 5, 1, 10, 0, 0, 999_999, tzinfo=UTC), "2026-05-01T10:00:00.999Z"),
        (datetime(2026, 5, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2026-04-30T23:00:00.000Z"),
        (datetime(549, 11, 23, tzinfo=UTC), "0549-11-23T00:00:00.000Z"),  # a year has four digits
    ],
)
def test_a_time_in_milliseconds(moment: datetime, text: str) -> None:
    assert iso_ms(moment) == text


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-05-01T10:00:00", "yesterday"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"timestamp|Invalid isoformat"):
        parse_iso(text)
