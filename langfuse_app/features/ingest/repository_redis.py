"""The streams between acceptance and the workers: references in, leases, acknowledgement, dead letters.

A shard has one owner at a time (a lease with a token), so entries are read with XRANGE and deleted when they are
stored: killed at any point, they are read again by the next owner.
"""

import re
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from langfuse_app.stores.raw_log import Ref
from langfuse_app.stores.redis import aredis, key, redis

SHARDS = 32  # never to change: a shard number is part of what streams and ledger remember
LANES = ("live", "bulk")
LEASE_MS = 15_000
DAY_S = 86_400
MOST_REMEMBERED = 200_000  # some 30 MB of a project in a day
ALIVE_MS = 15_000  # a tick may take seconds on a busy machine; a dead drain is replaced after this

# Deletes entries only while the caller still owns the shard (fencing).
_ACK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('xdel', KEYS[2], unpack(ARGV, 2)) else return -1 end"
# One command for all streams that a request touches: packing a command for each costs more than the rest of acceptance.
_PUBLISH = """
for place = 3, #KEYS do redis.call('xadd', KEYS[place], '*', 'r', ARGV[1], 'p', ARGV[2]) end
if ARGV[3] == 'live' then redis.call('hincrby', KEYS[1], ARGV[2], #KEYS - 2) end
return redis.call('exists', KEYS[2])
"""
_LENGTHS = "local found = {} for place = 1, #KEYS do found[place] = redis.call('xlen', KEYS[place]) end return found"
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"
_RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end"


_LETTER_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")


class Entry(NamedTuple):
    """One request's part in one shard, waiting."""

    stream_id: bytes
    lane: str
    shard: int
    ref: Ref
    project_id: str


def shard_of(project_id: str, text: str) -> int:
    """The shard of a trace (or whatever else keeps an entity's events together)."""
    return zlib.crc32(f"{project_id}\x1f{text}".encode("utf-8", "surrogatepass")) % SHARDS


def stream(lane: str, shard: int) -> str:
    """The stream's key."""
    return key(lane, shard)


def _fields(ref: Ref, project_id: str) -> dict[bytes, bytes]:
    return {b"r": msgspec.msgpack.encode(ref), b"p": project_id.encode()}


async def publish(ref: Ref, project_id: str, shards: Iterable[int], lane: str) -> bool:
    """Tell the workers of a frame; True when a drain is alive to see it."""
    lane_key = key(lane)
    keys = [key("pending"), key("drain", "alive"), *(f"{lane_key}:{shard}" for shard in shards)]
    arguments: list[Any] = [*keys, msgspec.msgpack.encode(ref), project_id, lane]
    alive: Any = await aredis().eval(_PUBLISH, len(keys), *arguments)  # pyright: ignore[reportGeneralTypeIssues] - a coroutine
    return bool(alive)


async def remember_traces(project_id: str, traces: Mapping[str, str]) -> None:
    """Keep for a day or two of which trace observations are; no more of them in a day than `MOST_REMEMBERED`."""
    name = _traces_key(project_id, 0)
    held: int = await aredis().hlen(name)  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType] - redis-py types it for both clients
    if held >= MOST_REMEMBERED:
        return
    pipe = aredis().pipeline(transaction=False)
    pipe.hset(name, mapping=dict(traces))
    pipe.expire(name, 2 * DAY_S)
    await pipe.execute()


async def remembered_traces(project_id: str, ids: list[str]) -> dict[str, str]:
    """Observation id → trace id, for those that are remembered; the later day counts."""
    pipe = aredis().pipeline(transaction=False)
    for days_ago in (1, 0):
        pipe.hmget(_traces_key(project_id, days_ago), ids)
    answers: list[list[bytes | None]] = await pipe.execute()
    return {id: trace.decode() for answer in answers for id, trace in zip(ids, answer, strict=True) if trace is not None}


def _traces_key(project_id: str, days_ago: int) -> str:
    return key("traces", project_id, int(time.time() // DAY_S) - days_ago)


def republish(ref: Ref, project_id: str, shards: Iterable[int]) -> None:
    """The sweep's and the replay's way in: the bulk lane, so that live traffic goes first."""
    pipe = redis().pipeline(transaction=False)
    for shard in shards:
        pipe.xadd(stream("bulk", shard), _fields(ref, project_id))  # pyright: ignore[reportArgumentType]
    pipe.execute()


def ask_for_drain() -> bool:
    """True for the one caller that should enqueue a drain job now."""
    return bool(redis().set(key("drain", "asked"), b"1", nx=True, px=ALIVE_MS))


def drain_alive(token: str) -> int:
    """Heartbeat of a running drain; answers how many drains run."""
    now: Any = redis().time()
    stamp = now[0] * 1000 + now[1] // 1000
    pipe = redis().pipeline(transaction=False)
    pipe.set(key("drain", "alive"), b"1", px=ALIVE_MS)
    pipe.zadd(key("drain", "members"), {token: stamp})
    pipe.zremrangebyscore(key("drain", "members"), 0, stamp - LEASE_MS)
    pipe.zcard(key("drain", "members"))
    return int(pipe.execute()[-1])


def drain_gone(token: str) -> None:
    """A drain ends: others may be asked for at once."""
    pipe = redis().pipeline()
    pipe.zrem(key("drain", "members"), token)
    pipe.zcard(key("drain", "members"))
    pipe.delete(key("drain", "asked"))
    if pipe.execute()[1] == 0:
        redis().delete(key("drain", "alive"))


def lease(shard: int, token: str) -> bool:
    """Take the shard if nobody has it."""
    return bool(redis().set(key("lease", shard), token, nx=True, px=LEASE_MS))


def renew(shards: Iterable[int], token: str) -> set[int]:
    """Prolong leases; answers those that are still ours."""
    owned = list(shards)
    pipe = redis().pipeline(transaction=False)
    for shard in owned:
        pipe.eval(_RENEW, 1, key("lease", shard), token, LEASE_MS)
    return {shard for shard, kept in zip(owned, pipe.execute(), strict=True) if kept}


def release(shards: Iterable[int], token: str) -> None:
    """Give shards back."""
    pipe = redis().pipeline(transaction=False)
    for shard in shards:
        pipe.eval(_RELEASE, 1, key("lease", shard), token)
    pipe.execute()


def lengths() -> dict[tuple[str, int], int]:
    """Entries waiting per lane and shard."""
    names = [(lane, shard) for lane in LANES for shard in range(SHARDS)]
    counts: Any = redis().eval(_LENGTHS, len(names), *(stream(lane, shard) for lane, shard in names))
    return dict(zip(names, counts, strict=True))


def oldest_waiting() -> float | None:
    """When the oldest waiting entry was queued (seconds since the epoch, Redis' clock); None when nothing waits."""
    pipe = redis().pipeline(transaction=False)
    for lane in LANES:
        for shard in range(SHARDS):
            pipe.xrange(stream(lane, shard), count=1)
    first = [int(rows[0][0].partition(b"-")[0]) for rows in pipe.execute() if rows]
    return min(first) / 1000 if first else None


def read(wanted: Mapping[tuple[str, int], int]) -> list[Entry]:
    """The oldest entries of each lane and shard, at most as many as wanted there."""
    names = list(wanted)
    pipe = redis().pipeline(transaction=False)
    for lane, shard in names:
        pipe.xrange(stream(lane, shard), count=wanted[(lane, shard)])
    answers = pipe.execute()
    return [
        Entry(stream_id, lane, shard, msgspec.msgpack.decode(fields[b"r"], type=Ref), fields[b"p"].decode())
        for (lane, shard), entries in zip(names, answers, strict=True)
        for stream_id, fields in entries
    ]


def acknowledge(entries: Iterable[Entry], token: str) -> None:
    """Delete stored entries, shard by shard, where the lease is still ours."""
    by_stream: dict[tuple[str, int], list[Entry]] = {}
    for entry in entries:
        by_stream.setdefault((entry.lane, entry.shard), []).append(entry)
    pipe = redis().pipeline(transaction=False)
    for (lane, shard), group in by_stream.items():
        for start in range(0, len(group), 1000):  # Lua's unpack has a limit
            ids = [entry.stream_id for entry in group[start : start + 1000]]
            pipe.eval(_ACK, 2, key("lease", shard), stream(lane, shard), token, *ids)  # pyright: ignore[reportArgumentType]
            pipe.hdel(
                key("attempts"),
                *[  # pyright: ignore[reportArgumentType]
                    _attempt_field(entry) for entry in group[start : start + 1000]
                ],
            )
    live = (entry.project_id for (lane, _), group in by_stream.items() if lane == "live" for entry in group)
    for project_id, count in Counter(live).items():
        pipe.hincrby(key("pending"), project_id, -count)
    pipe.execute()


def _attempt_field(entry: Entry) -> bytes:
    return f"{entry.lane}:{entry.shard}:".encode() + entry.stream_id


def count_attempts(entries: list[Entry]) -> list[int]:
    """Count one more failed try of each entry; answers how many there were."""
    pipe = redis().pipeline(transaction=False)
    for entry in entries:
        pipe.hincrby(key("attempts"), _attempt_field(entry), 1)  # pyright: ignore[reportArgumentType]
    return [int(answer) for answer in pipe.execute()]


def bury(entry: Entry, reason: str) -> None:
    """Move a poison entry to the dead letters."""
    fields = {**_fields(entry.ref, entry.project_id), b"s": str(entry.shard).encode(), b"e": reason[:2000].encode("utf-8", "replace")}
    redis().xadd(key("dead"), fields)  # pyright: ignore[reportArgumentType]


class DeadLetter(NamedTuple):
    """An entry that failed for good."""

    id: str
    project_id: str
    shard: int
    ref: Ref
    reason: str


def dead_letters(count: int | None = None, after: str = "") -> list[DeadLetter]:
    """The oldest dead letters, or the oldest behind that one; all of them without a count."""
    rows: Any = redis().xrange(key("dead"), min=f"({after}" if after else "-", count=count)
    return [_dead_letter(stream_id, fields) for stream_id, fields in rows]


def dead_letters_of(ids: Iterable[str]) -> list[DeadLetter]:
    """Those of the ids; whatever is no id of a dead letter is left out."""
    pipe = redis().pipeline(transaction=False)
    for id in filter(is_letter_id, dict.fromkeys(ids)):
        pipe.xrange(key("dead"), id, id)
    return [_dead_letter(stream_id, fields) for rows in pipe.execute() for stream_id, fields in rows]


def is_letter_id(text: str) -> bool:
    """Whether it has the form of an id: milliseconds and a number."""
    return _LETTER_ID.fullmatch(text) is not None


def _dead_letter(stream_id: bytes, fields: dict[bytes, bytes]) -> DeadLetter:
    ref = msgspec.msgpack.decode(fields[b"r"], type=Ref)
    return DeadLetter(stream_id.decode(), fields[b"p"].decode(), int(fields[b"s"]), ref, fields[b"e"].decode())


def drop_dead_letters(ids: list[str]) -> int:
    """Remove dead letters; answers how many were there."""
    return int(redis().xdel(key("dead"), *ids)) if ids else 0  # pyright: ignore[reportArgumentType]


def live_by_project() -> dict[str, int]:
    """Entries waiting in the live lane per project, about."""
    rows: Any = redis().hgetall(key("pending"))
    return {project.decode(): int(count) for project, count in rows.items() if int(count) > 0}


def forget_pending() -> None:
    """The streams are empty: whatever the counters say has drifted."""
    redis().delete(key("pending"))
