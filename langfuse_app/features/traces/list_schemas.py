"""The traces table as strings: its rows, its filters, the strip above it. Pure."""

import re
from datetime import datetime, timedelta, tzinfo
from typing import TypedDict
from urllib.parse import quote

from langfuse_app.features.traces.schemas import ORDER_COLUMNS, TraceItem, TraceQuery, VolumeBucket
from langfuse_app.ui import format as f
from langfuse_app.ui import ranges
from langfuse_app.ui.listing import Listing

SORTS = tuple(ORDER_COLUMNS)
FILTERS = ("user", "session", "env", "tag", "name", "release", "version")
_TOKEN = re.compile(rf'(?:^|\s)({"|".join(FILTERS)}):(?:"([^"]+)"|(\S+))(?=\s)')


class TraceRow(TypedDict):
    """One line of the table."""

    id: str
    href: str
    peek: str
    starred: bool
    time: str
    age: str
    title: str
    name: str
    input: str
    output: str
    errors: str
    warnings: str
    level: str
    latency: str
    bar: str
    slow: bool
    given: str
    made: str
    total: str
    cost: str
    environment: str
    tags: list[str]
    more: str
    user: str
    session: str
    observations: str
    fresh: bool


class Bucket(TypedDict):
    """One bar of the volume strip; its address is the slice of time."""

    height: str
    errors: str
    title: str
    href: str


class Token(TypedDict):
    """One filter; its address is the list without it."""

    key: str
    value: str
    href: str


def trace_query(asked: Listing) -> TraceQuery:
    """What the service is asked for an address."""
    chosen = {key: asked.query.get(key) or None for key in FILTERS}
    return TraceQuery(
        search=asked.search, from_time=asked.window.start, to_time=asked.window.end, order_by=asked.sort, descending=asked.descending,
        page=asked.page, limit=asked.limit, user_id=chosen["user"], session_id=chosen["session"], name=chosen["name"],
        release=chosen["release"], version=chosen["version"], environments=_many(chosen["env"]), tags=_many(chosen["tag"]),
    )  # fmt: skip


def _many(text: str | None) -> tuple[str, ...]:
    return tuple(value for value in (text or "").split(",") if value)


def tokens_of(asked: Listing) -> list[Token]:
    """The filters of an address."""
    return [
        Token(key=key, value=value, href=asked.href(**{key: ",".join(rest) or None}, page=None))
        for key in FILTERS
        for value, rest in _values(asked.query.get(key, ""), key)
    ]


def filters_typed(text: str) -> tuple[dict[str, str], str]:
    """The filters that are complete in a search text (`user:ada ` with the space after it), and what is left to search."""
    found = {key: quoted or plain for key, quoted, plain in _TOKEN.findall(text)}
    return found, _TOKEN.sub("", text).strip()


def _values(text: str, key: str) -> list[tuple[str, list[str]]]:
    """The values of a filter, each with the others that stay when it goes."""
    values = _many(text) if key in ("env", "tag") else (text,) if text else ()
    return [(value, [other for other in values if other != value]) for value in values]


def trace_row(asked: Listing, base: str, item: TraceItem, zone: tzinfo, *, fresh: bool) -> TraceRow:
    """One trace as a line of the table; fresh: it came in while the reader was there."""
    sides = bool(item.input_tokens or item.output_tokens)
    return TraceRow(
        id=item.id,
        href=f"{base}/traces/{quote(item.id, safe='')}",
        peek=asked.href(peek=item.id, observation=None, view=None),
        starred=item.bookmarked,
        time=f.clock(item.timestamp, zone),
        age=f.age(item.timestamp),
        title=f.absolute(item.timestamp, zone),
        name=(item.name or item.id)[:120],
        input=f.one_line(item.input),
        output=f.one_line(item.output),
        errors=str(item.error_count or ""),
        warnings=str(item.warning_count or ""),
        level="error" if item.error_count else "warning" if item.warning_count else "",
        latency=f.latency(item.latency),
        bar=f.latency_bar(item.latency),
        slow=(item.latency or 0) > f.SLOW_SECONDS,
        given=f"{item.input_tokens:,}" if sides else "",
        made=f"{item.output_tokens:,}" if sides else "",
        total=f"{item.total_tokens:,}" if item.total_tokens and not sides else "",
        cost=f.cost(item.total_cost),
        environment=item.environment,
        tags=item.tags[:2],
        more=f"+{len(item.tags) - 2}" if len(item.tags) > 2 else "",
        user=(item.user_id or "")[:80],
        session=(item.session_id or "")[:80],
        observations=f"{item.observation_count:,}" if item.observation_count else "",
        fresh=fresh,
    )


def buckets_of(volume: list[VolumeBucket], asked: Listing, zone: tzinfo) -> list[Bucket]:
    """The bars of the strip; each leads to its slice of time."""
    most = max((bucket.traces for bucket in volume), default=0) or 1
    width = volume[1].start - volume[0].start if len(volume) > 1 else None
    return [
        Bucket(
            height=_height(bucket.traces - bucket.errors, most),
            errors=_height(bucket.errors, most),
            title=f"{f.absolute(bucket.start, zone)[:16]} · {bucket.traces:,} traces"
            + (f", {bucket.errors:,} with errors" if bucket.errors else ""),
            href=_slice(asked, bucket.start, width) if width and bucket.traces else "",
        )
        for bucket in volume
    ]


def _height(number: int, most: int) -> str:
    return f"{max(5.0, 100 * number / most):.0f}%" if number else "0%"


def _slice(asked: Listing, start: datetime, width: timedelta) -> str:
    return asked.href(**{"from": ranges.iso(start), "to": ranges.iso(start + width)}, past=None, page=None, peek=None)


def axis_of(volume: list[VolumeBucket], zone: tzinfo) -> list[str]:
    """Seven marks below the strip."""
    if len(volume) < 2:
        return []
    span = (volume[-1].start - volume[0].start).total_seconds()
    picked = [volume[round(n * (len(volume) - 1) / 6)].start.astimezone(zone) for n in range(7)]
    return [f"{at:%H:%M}" if span < 2 * 86_400 else f"{at.day} {at:%b}" for at in picked]
