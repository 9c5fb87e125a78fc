"""Numbers and times as people read them (the rules of the visual reference). Pure; a missing value is an em dash."""

import math
from datetime import UTC, datetime, tzinfo

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


def latency(seconds: float | None) -> str:
    """`642ms`, `8.42s`, `3m 05s`."""
    if seconds is None:
        return MISSING
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 60:
        return f"{seconds:.2f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest:02d}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02d}m"


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


def clock(moment: datetime, zone: tzinfo) -> str:
    """Time of day, with the day in front of it when that is not today."""
    local = moment.astimezone(zone)
    today = datetime.now(zone).date()
    if local.date() == today:
        return f"{local:%H:%M:%S}"
    return f"{local:%-d %b %H:%M:%S}" if local.year == today.year else f"{local:%-d %b %Y %H:%M}"


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


def preview(text: str | None, length: int = 160) -> str:
    """One line of a payload."""
    return " ".join((text or "").split())[:length]


def initials(name: str) -> str:
    """Two letters for an avatar."""
    words = [word for word in name.replace(".", " ").split() if word]
    return "".join(word[0] for word in words[:2]).upper() or "?"
