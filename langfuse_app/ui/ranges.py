"""Time ranges of lists: a word in the URL (`past=24h`), or two ends (`from=…&to=…`, ISO 8601)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from langfuse_app.core.time import parse_iso
from langfuse_app.ui.text import t

PAST: dict[str, timedelta | None] = {
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "all": None,
}
DEFAULT = "30d"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """What a list is limited to; `end` is exclusive, None is open. word: of PAST, '' for two ends."""

    word: str
    start: datetime | None
    end: datetime | None = None

    def label(self, zone: tzinfo) -> str:
        """What the button says."""
        return t(f"range.{self.word}") if self.word else f"{_short(self.start, zone)} – {_short(self.end, zone)}"


def from_url(query: Mapping[str, str], now: datetime | None = None) -> TimeRange:
    """The range that the URL names; the default where it names none, or nonsense."""
    start, end = _moment(query.get("from", "")), _moment(query.get("to", ""))
    if start or end:
        return TimeRange("", start, end)
    word = query.get("past", DEFAULT)
    word = word if word in PAST else DEFAULT
    length = PAST[word]
    return TimeRange(word, None if length is None else (now or datetime.now(UTC)) - length)


def local_moment(text: str, zone: tzinfo) -> datetime | None:
    """What a datetime-local field holds, in the viewer's zone; None when it is empty."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None


def iso(value: datetime) -> str:
    """The form in which a moment stands in a URL."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _moment(text: str) -> datetime | None:
    try:
        return parse_iso(text)
    except ValueError:
        return None


def _short(value: datetime | None, zone: tzinfo) -> str:
    if value is None:
        return "…"
    local = value.astimezone(zone)
    return f"{local.day} {local:%b %H:%M}"
