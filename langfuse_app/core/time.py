"""Time as this project keeps it: UTC everywhere, microseconds as int on the hot path."""

from datetime import UTC, datetime, timedelta

MICROSECOND = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# spec: architecture §4 "Clamp": outside of this window one wrong clock could refuse a whole insert.
EARLIEST_US = 946_684_800 * MICROSECOND  # 2000-01-01
LATEST_LEAD_US = 86_400 * MICROSECOND  # a day ahead of the receiving clock


def utcnow() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def now_us() -> int:
    """Microseconds since the epoch."""
    return to_us(utcnow())


def to_us(value: datetime) -> int:
    """Microseconds since the epoch of an aware datetime, exact (no float)."""
    delta = value - EPOCH
    return (delta.days * 86_400 + delta.seconds) * MICROSECOND + delta.microseconds


def from_us(value: int) -> datetime:
    """The aware UTC datetime of microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=value)


def iso_ms(value: datetime) -> str:
    """ISO 8601 with milliseconds and Z, as every response writes it (spec/api.md, notation)."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_iso(text: str) -> datetime:
    """An ISO 8601 time that names its offset; ValueError when it is malformed or has none."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError("timestamp has no UTC offset")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("timestamp is outside of the years 1 to 9999 in UTC") from None
