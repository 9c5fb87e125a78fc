"""Numbers and times as people read them (the rules of the visual reference). Pure; a missing value is an em dash."""

import math
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

MISSING = "—"
SLOW_SECONDS = 10.0


def cost(usd: float | None) -> str:
    """Four decimals below a dollar, two above; six where four would show nothing."""
    if usd is None:
        return MISSING
    if usd == 0:
        return "$0"
    if usd >= 1:
        return f"${usd:,.2f}"
    return f"${usd:.4f}" if usd >= 0.0001 else f"${usd:.6f}"


def full_cost(usd: float | None) -> str:
    """All digits that are there, for the popover."""
    if usd is None:
        return MISSING
    return f"${usd:.9f}".rstrip("0").rstrip(".") if usd else "$0"


def per_million(usd: Decimal | float | None) -> str:
    """A unit price as price lists have it: `$3.00 / 1M`."""
    if usd is None:
        return MISSING
    text = f"{float(usd) * 1_000_000:,.6f}".rstrip("0")
    whole, _, digits = text.partition(".")
    return f"${whole}.{digits.ljust(2, '0')} / 1M"


def latency(seconds: float | None) -> str:
    """`0.4ms`, `642ms`, `8.42s`, `3m 05s`, `45m`, `2h 10m`."""
    if seconds is None:
        return MISSING
    if seconds < 0.01:
        return f"{seconds * 1000:.1f}".removesuffix(".0") + "ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 60:
        return f"{seconds:.2f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 10:
        return f"{minutes}m {rest:02d}s"
    return f"{minutes}m" if minutes < 60 else f"{minutes // 60:,}h {minutes % 60:02d}m"


def latency_bar(seconds: float | None) -> str:
    """The length of the micro bar on a log scale from 10 ms to 100 s."""
    if not seconds or seconds <= 0.01:
        return "2%"
    return f"{min(100.0, math.log10(seconds / 0.01) * 25):.0f}%"


def tokens(given: int, made: int, total: int) -> str:
    """`14,208 → 3,184`, the total alone where the sides are unknown."""
    if given or made:
        return f"{given:,} → {made:,}"
    return f"{total:,}" if total else MISSING


def clock(value: datetime, zone: tzinfo, now: datetime | None = None) -> str:
    """Time of day; the day and the minute when that is not today; the day alone in other years."""
    local, today = value.astimezone(zone), (now or datetime.now(UTC)).astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M:%S}"
    return f"{local.day} {local:%b %H:%M}" if local.year == today.year else f"{local.day} {local:%b %Y}"


def moment(value: datetime, zone: tzinfo) -> str:
    """`21 Sep 14:13:20.412`, for the head of a trace."""
    local = value.astimezone(zone)
    return f"{local.day} {local:%b %H:%M:%S}.{local.microsecond // 1000:03d}"


def absolute(moment: datetime, zone: tzinfo) -> str:
    """The whole time with its zone, for tooltips."""
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d} {local.tzname() or ''}".strip()


def age(moment: datetime) -> str:
    """`12s`, `5m`, `3h`, `4d` ago."""
    seconds = max(0, (datetime.now(UTC) - moment).total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size:.0f}{unit}"
    return f"{seconds:.0f}s"


def one_line(text: str | None, length: int = 140) -> str:
    """The beginning of a payload without its line breaks; a JSON string without its quotes."""
    plain = " ".join((text or "")[: length * 2].split())
    if len(plain) > 1 and plain.startswith('"') and plain.endswith('"'):
        plain = plain[1:-1]
    return plain if len(plain) <= length else plain[: length - 1] + "…"


def size(length: int) -> str:
    """`412 B`, `18 KB`, `2.1 MB`."""
    if length < 1_000:
        return f"{length} B"
    return f"{length / 1_000:,.0f} KB" if length < 1_000_000 else f"{length / 1_000_000:,.1f} MB"


def initials(name: str) -> str:
    """Two letters for an avatar."""
    words = [word for word in name.replace(".", " ").replace("@", " ").split() if word]
    return "".join(word[0] for word in words[:2]).upper() or "?"
