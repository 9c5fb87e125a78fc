"""Time ranges of tables, by the word that stands in the URL."""

from datetime import UTC, datetime, timedelta

RANGES: dict[str, tuple[str, timedelta | None]] = {
    "30m": ("Past 30 minutes", timedelta(minutes=30)),
    "1h": ("Past hour", timedelta(hours=1)),
    "6h": ("Past 6 hours", timedelta(hours=6)),
    "24h": ("Past 24 hours", timedelta(days=1)),
    "7d": ("Past 7 days", timedelta(days=7)),
    "30d": ("Past 30 days", timedelta(days=30)),
    "90d": ("Past 90 days", timedelta(days=90)),
    "all": ("All time", None),
}
DEFAULT = "30d"


def known(word: str) -> str:
    """The word, or the default for one that is not there."""
    return word if word in RANGES else DEFAULT


def start(word: str) -> datetime | None:
    """When the range begins, None for all time."""
    length = RANGES[known(word)][1]
    return None if length is None else datetime.now(UTC) - length
