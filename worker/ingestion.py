"""The drain: leases shards, takes one batch over all of them per tick, and acknowledges what is stored.

One long-lived RQ job per worker. Killed at any point, its entries are read again by the next owner of the shards.
While more waits than a batch holds, the next batch is read, decoded and merged while the last one is written: one at a
time, in order, and what was merged on top of a batch that could not be written is thrown away.
"""

import gc
import logging
import os
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import NamedTuple

from redis.exceptions import RedisError

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.core.heap import give_back
from langfuse_app.core.ids import token
from langfuse_app.core.settings import get_settings
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.ingest.repository_redis import Entry
from langfuse_app.features.ingest.service import ensure_drain
from langfuse_app.ingestion.changes import Change, Rejected
from langfuse_app.stores import clickhouse
from langfuse_app.stores.raw_log import Ref, raw_log
from worker import dead_letters
from worker.batches import TOKENS, Batch, UncountedError
from worker.fairness import in_turns, shares
from worker.frames import Part, decode
from worker.memory import RowCache, SeenEvents
from worker.stopping import stopping

log = logging.getLogger(__name__)

MAX_RUN_S = 300  # below RQ's worker TTL, so that a drain never looks dead
IDLE_S = 5.0  # an idle drain ends; the next event asks for one
POLL_S = 0.03
ENTRIES_PER_TICK = 3_000
MOST_BACKOFF_S = 4.0  # between two tries while a store is away
RETRY_S = 0.5  # before the second try of an entry that failed
BYTES_PER_TICK = 64 << 20
HELP_ENTRIES = 2_000  # a backlog in which another drain is worth its overhead, where a core is free for it
DRAINS = max(1, (os.cpu_count() or 2) - 1)


class LostLeaseError(Exception):
    """Another worker took over, because this one stood still; what it read belongs to the other one."""


AWAY = (ServiceUnavailableError, RedisError, LostLeaseError)  # a store is away, or a shard: which is nobody's poison


class _Flight(NamedTuple):
    """A batch that is being written."""

    batch: Batch
    done: Future[None]


def drain() -> None:
    """The task of `ingestion-queue`."""
    Drain().run()


class Drain:
    """One drain with its leases and its memory of rows."""

    def __init__(self) -> None:
        settings = get_settings()
        self._token = token()
        self._owned: set[int] = set()
        self._cache, self._seen = RowCache(), SeenEvents()
        self._interval = settings.LANGFUSE_INGESTION_WRITE_INTERVAL_MS / 1000
        self._batch_size = settings.LANGFUSE_INGESTION_WRITE_BATCH_SIZE
        self._attempts = settings.LANGFUSE_INGESTION_MAX_ATTEMPTS
        self._held_at = 0.0
        self._backoff = 0.0
        self._writer = ThreadPoolExecutor(1, "drain-writer")
        self._flight: _Flight | None = None
        self._uncounted: set[tuple[str, int, bytes]] = set()  # entries that wait for the tokenizer
        self._later: dict[tuple[str, int, bytes], float] = {}  # entries that failed, and when to try them again

    def run(self) -> None:
        """Until nothing comes for a while, the time is up or the worker stops."""
        started = busy = time.monotonic()
        gc.disable()  # a batch is a million objects and no cycle: to look for some would cost a tenth of the work
        try:
            while not stopping.is_set() and time.monotonic() - started < MAX_RUN_S and time.monotonic() - busy < IDLE_S:
                if self._step():
                    busy = time.monotonic()
        finally:
            self._leave()
            gc.enable()
            gc.collect()
            give_back()

    def _step(self) -> bool:
        """One tick and the pause after it; True when there was work."""
        begun = time.monotonic()
        try:
            self._hold()
            if self._backoff:
                clickhouse.ping()  # cheaper than to prepare a batch that nobody takes
            taken, full = self._tick()
        except AWAY as error:
            self._backoff = min(MOST_BACKOFF_S, max(0.5, self._backoff * 2))
            log.warning("a store is away, the backlog waits %.1f s: %s", self._backoff, error)
            self._pause(self._backoff)
            return True
        self._backoff = 0.0
        if taken and not full:
            self._pause(self._interval - (time.monotonic() - begun))
        elif not taken:
            self._pause(POLL_S)
        return taken

    def _pause(self, seconds: float) -> None:
        """Wait, keeping the leases."""
        until = time.monotonic() + seconds
        while not stopping.is_set() and (left := until - time.monotonic()) > 0:
            stopping.wait(min(left, streams.LEASE_MS / 3000))
            if left > 1 and self._owned:
                self._keep()

    def _keep(self) -> None:
        try:
            self._hold()
        except RedisError as error:
            log.warning("leases cannot be renewed: %s", error)

    # --- leases -------------------------------------------------------------------------------

    def _hold(self) -> None:
        """Heartbeat once a second: renew, give up what is more than a fair share, take what is free."""
        if time.monotonic() - self._held_at < 1.0:
            return
        self._held_at = time.monotonic()
        drains = max(1, streams.drain_alive(self._token))
        share = -(-streams.SHARDS // drains)
        if drains < DRAINS and sum(streams.lengths().values()) > HELP_ENTRIES:
            ensure_drain()
        self._renew()
        self._give_up(sorted(self._owned)[share:])
        self._take(share)

    def _renew(self) -> None:
        self._lose(self._owned - streams.renew(self._owned, self._token))

    def _lose(self, shards: set[int]) -> None:
        self._owned -= shards
        self._cache.forget_shards(shards)

    def _give_up(self, shards: Sequence[int]) -> None:
        if shards:
            self._settle()  # the next owner must find in the stores what was made of them
            streams.release(shards, self._token)
            self._lose(set(shards))

    def _take(self, share: int) -> None:
        for shard in range(streams.SHARDS):
            if len(self._owned) >= share:
                return
            if shard not in self._owned and streams.lease(shard, self._token):
                self._owned.add(shard)

    def _leave(self) -> None:
        try:
            self._settle()
            self._give_up(sorted(self._owned))
            streams.drain_gone(self._token)
            if not stopping.is_set() and any(streams.lengths().values()):
                ensure_drain()
        except AWAY as error:  # the leases end by themselves
            log.warning("the drain left without releasing its shards: %s", error)
        finally:
            self._writer.shutdown()
            self._cache.clear()

    # --- one tick -----------------------------------------------------------------------------

    def _tick(self) -> tuple[bool, bool]:
        """Process one batch; answers whether there was one and whether more waits than it could hold."""
        entries, more = self._read()
        parts, broken, full = self._decode(entries)
        full = full or more
        self._process(parts)
        del parts
        if not full:
            self._settle()
        elif entries:
            give_back()  # what a batch leaves free would stay with this process otherwise
        for entry, reason in broken:
            self._failed(entry, reason)
        return bool(entries or self._uncounted or self._later), full

    def _read(self) -> tuple[list[Entry], bool]:
        """What waits in the shards of this drain, in the order to take it; and whether more waits than was read."""
        counts = {place: count for place, count in streams.lengths().items() if count and place[1] in self._owned}
        wanted = shares(counts, ENTRIES_PER_TICK)
        if not TOKENS.loading:
            self._uncounted.clear()
        self._later = {entry: due for entry, due in self._later.items() if due > time.monotonic()}
        held = (
            self._uncounted | self._later.keys() | ({_identity(part.entry) for part in self._flight.batch.parts} if self._flight else set())
        )
        for place, count in Counter((lane, shard) for lane, shard, _ in held).items():
            if place in wanted:
                wanted[place] += count
        fresh = [entry for entry in streams.read(wanted) if _identity(entry) not in held]
        return in_turns(fresh), any(counts[place] > wanted[place] for place in wanted)

    def _decode(self, entries: list[Entry]) -> tuple[list[Part], list[tuple[Entry, str]], bool]:
        """Frames in order until the batch is full; each is read and decoded once however many shards it touches."""
        parts: list[Part] = []
        broken: list[tuple[Entry, str]] = []
        by_frame: dict[Ref, list[Entry]] = {}
        for entry in entries:
            by_frame.setdefault(entry.ref, []).append(entry)
        events = size = 0
        for ref, touched in by_frame.items():
            if events >= self._batch_size or size >= BYTES_PER_TICK:
                return parts, broken, True
            try:
                found = decode(touched, raw_log().read(ref))
            except AWAY:
                raise
            except Exception as error:  # whatever a payload does to a decoder, it must not stop its neighbours
                broken += [(entry, f"{type(error).__name__}: {error}") for entry in touched]
                continue
            parts += found
            size += ref.length
            events += sum(len(part.results) for part in found)
        return parts, broken, False

    def _process(self, parts: list[Part]) -> None:
        """Prepare a batch and let it be written behind the one before; what fails is tried entry by entry."""
        if not parts:
            return
        try:
            batch = self._prepared(parts)
            if not self._settle():
                batch = self._prepared(parts)
        except AWAY:
            self._landed()  # its entries are read again if it failed too
            self._cache.clear()
            raise
        except Exception as error:
            self._settle()
            self._separate(parts, error)
            return
        self._cache.pin(batch.places)
        self._flight = _Flight(batch, self._writer.submit(self._write, batch))

    def _prepared(self, parts: list[Part]) -> Batch:
        batch = Batch(parts, self._cache, self._seen)
        try:
            batch.prepare()
        except UncountedError as error:
            late = {_identity(part.entry) for part in error.parts}
            self._uncounted |= late
            return self._prepared([part for part in parts if _identity(part.entry) not in late])
        return batch

    def _write(self, batch: Batch) -> None:
        shards = {part.entry.shard for part in batch.parts}
        if lost := shards - streams.renew(shards, self._token):
            raise LostLeaseError(f"shards {sorted(lost)} have another owner")
        batch.write()
        streams.acknowledge([part.entry for part in batch.parts], self._token)

    def _settle(self) -> bool:
        """Wait for the batch that is being written; False when it failed and was done again in parts.

        Then the memory is empty, and nothing counts that was merged with it. Raises when a store is away.
        """
        flight, error = self._flight, self._landed()
        if flight is None or error is None:
            return True
        self._cache.clear()
        if isinstance(error, AWAY) or not isinstance(error, Exception):
            raise error
        self._separate(list(flight.batch.parts), error)
        return False

    def _landed(self) -> BaseException | None:
        """Wait for the writer, keeping the leases; what went wrong there."""
        if self._flight is None:
            return None
        done = self._flight.done
        while not wait([done], streams.LEASE_MS / 3000).done:
            try:
                self._renew()
            except RedisError as error:
                log.warning("leases cannot be renewed: %s", error)
        self._flight = None
        self._cache.pin({})
        return done.exception()

    def _separate(self, parts: list[Part], error: Exception) -> None:
        """The parts of a batch that failed, one by one, so that only the poisonous one suffers."""
        self._cache.clear()
        if len(parts) == 1:
            log.error("an entry failed: %s", parts[0].entry.ref, exc_info=error)
            self._failed(parts[0].entry, f"{type(error).__name__}: {error}", parts[0].results)
            return
        log.warning("a batch failed, its entries are tried one by one: %s", error)
        for part in parts:
            self._alone(part)

    def _alone(self, part: Part) -> None:
        try:
            self._write(self._prepared([part]))
        except AWAY:
            self._cache.clear()
            raise
        except Exception as error:
            self._separate([part], error)

    def _failed(self, entry: Entry, reason: str, results: Sequence[Change | Rejected] = ()) -> None:
        """Try again later, each time twice as late; after the last attempt the entry goes to the dead letters."""
        [tries] = streams.count_attempts([entry])
        if tries < self._attempts:
            self._later[_identity(entry)] = time.monotonic() + RETRY_S * 2 ** (tries - 1)
            return
        log.error("an entry goes to the dead letters: %s: %s", entry.ref, reason)
        dead_letters.bury(entry, reason, results)
        streams.acknowledge([entry], self._token)


def _identity(entry: Entry) -> tuple[str, int, bytes]:
    return entry.lane, entry.shard, entry.stream_id
