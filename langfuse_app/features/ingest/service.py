"""Acceptance: check, make durable, tell the workers, answer (ARCHITECTURE.md, "Main road").

Runs on the event loop of the web process, so it parses no payload and gives big bodies to a thread.
"""

import asyncio
import json
import logging
import re
import time
from collections import defaultdict
from collections.abc import Awaitable
from typing import Any, TypeVar

import msgspec
from redis.exceptions import RedisError

from langfuse_app.core.errors import AppError, InvalidRequestError, ServiceUnavailableError
from langfuse_app.core.ids import new_id
from langfuse_app.core.inflate import InflateError, inflate
from langfuse_app.core.scopes import Access, ProjectScope
from langfuse_app.core.settings import get_settings
from langfuse_app.core.time import now_us
from langfuse_app.features.ingest import repository_redis as streams
from langfuse_app.features.rate_limits.service import RateLimitedError
from langfuse_app.ingestion.json_events import BatchAcceptance, EnvelopeError, accept_batch, with_traces
from langfuse_app.ingestion.otlp import OtlpError, accept_export
from langfuse_app.stores.queue import enqueue
from langfuse_app.stores.raw_log import FrameHeader, raw_log

log = logging.getLogger(__name__)
_T = TypeVar("_T")

QUEUE, DRAIN = "ingestion-queue", "worker.ingestion.drain"
BIG_BODY = 1024 * 1024  # parsing more than this would hold the event loop for milliseconds
BIG_COMPRESSED = 32 * 1024
FAIR_ENTRIES = 2_000  # a project may have this many entries waiting in the live lane; what is more goes to bulk
LATE_US = 3_600_000_000  # a request whose newest time is older than this is a backfill
RETRY_S = 5.0  # when a client that was told 429 should come again
MAX_INGESTION_VERSION = 4


class Delivery(msgspec.Struct, frozen=True):
    """What the client said about the request: body as received, encoding, content, SDK headers."""

    body: bytes
    content: str = "json"  # json, otlp-protobuf, otlp-json
    encoding: str = ""
    sdk_name: str = ""
    sdk_version: str = ""
    ingestion_version: str = ""


class EnvelopeRefusedError(AppError):
    """400 of POST /ingestion, with the contract's list of errors (spec/api.md §5)."""

    status = 400
    name = "InvalidRequestError"

    def __init__(self, errors: list[str]) -> None:
        super().__init__("Invalid request data")
        self.errors = errors

    def body(self) -> dict[str, Any]:
        """`errors` is a list of texts."""
        return {"message": self.message, "errors": self.errors}


class OtlpRefusedError(AppError):
    """400 of the OTLP route (spec/api.md §6.1)."""

    status = 400
    name = "InvalidRequestError"

    def body(self) -> dict[str, Any]:
        """Only `error`."""
        return {"error": self.message}


async def accept_json(scope: ProjectScope, delivery: Delivery) -> dict[str, Any]:
    """Accept a batch of events; the body of the 207 answer (spec/api.md §5).

    Raises EnvelopeRefusedError (400), BodyTooLargeError (413), RateLimitedError (429), ServiceUnavailableError (503).
    """
    request_id = new_id()
    scores_only = scope.access is Access.SCORES
    plain = await _plain(delivery, get_settings().LANGFUSE_INGESTION_MAX_BODY_BYTES)
    try:
        batch = await _off_loop(plain, accept_batch, plain, request_id, scope.project_id, scores_only)
        if batch.nameless and (traces := await _traces_of(scope.project_id, batch)):
            plain = with_traces(plain, traces)
            delivery = msgspec.structs.replace(delivery, body=plain, encoding="")
            batch = await _off_loop(plain, accept_batch, plain, request_id, scope.project_id, scores_only)
    except EnvelopeError as error:
        raise EnvelopeRefusedError(error.errors) from error
    if batch.open and _may_leave_traces_out(delivery):
        await _asking_redis(streams.remember_traces(scope.project_id, {id: batch.named[id] for id in batch.open}))
    routes = _routes(scope.project_id, batch.routes)
    for rejected in batch.dropped:  # acknowledged and dropped still has its ledger row
        routes[streams.shard_of(scope.project_id, rejected.event_id)].append(rejected.index)
    if routes:
        await _store(scope, delivery, request_id, routes, batch.newest)
    return {"successes": batch.successes, "errors": batch.errors}


async def _traces_of(project_id: str, batch: BatchAcceptance) -> dict[int, str]:
    """Event index → trace id for events without one whose observation was named before, in this batch or an earlier one."""
    sought = {id for id in batch.nameless.values() if id not in batch.named}
    known = batch.named | (await _asking_redis(streams.remembered_traces(project_id, sorted(sought))) if sought else {})
    return {place: known[id] for place, id in batch.nameless.items() if id in known}


def _may_leave_traces_out(delivery: Delivery) -> bool:
    """Whether the client may update an observation by its id alone: Python's SDK before 2.30, and whoever does not say."""
    if not delivery.sdk_name:
        return True
    version = re.match(r"(\d+)\.(\d+)", delivery.sdk_version)
    return delivery.sdk_name == "python" and version is not None and (int(version[1]), int(version[2])) < (2, 30)


async def _asking_redis(answer: Awaitable[_T]) -> _T:
    try:
        return await answer
    except RedisError as error:
        raise ServiceUnavailableError("The ingestion queue does not answer") from error


async def accept_otlp(scope: ProjectScope, delivery: Delivery) -> None:
    """Accept an OTLP export (spec/api.md §6.1); the same errors as accept_json, in the shape of that route."""
    _check_ingestion_version(delivery.ingestion_version)
    try:
        plain = await _plain(delivery, get_settings().LANGFUSE_OTEL_MAX_BODY_BYTES)
        export = await _off_loop(plain, accept_export, plain, delivery.content)
    except OtlpError as error:
        raise OtlpRefusedError(str(error)) from error
    except InflateError as error:
        raise OtlpRefusedError(error.message) from error
    if export.trace_ids:
        await _store(scope, delivery, new_id(), _routes(scope.project_id, list(enumerate(export.trace_ids))), export.newest)


async def submit(scope: ProjectScope, events: list[dict[str, Any]]) -> dict[str, Any]:
    """Events made by the server itself (REST writes) take the same road; the answer as accept_json."""
    try:
        body = json.dumps({"batch": events}, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    except RecursionError as error:
        raise InvalidRequestError("The body is nested too deeply") from error
    return await accept_json(scope, Delivery(body))


async def submit_one(scope: ProjectScope, event: dict[str, Any]) -> None:
    """The same for a single event; InvalidRequestError with the reason when it is refused."""
    answer = await submit(scope, [event])
    if answer["errors"]:
        raise InvalidRequestError(str(answer["errors"][0].get("error") or answer["errors"][0].get("message")))


async def _plain(delivery: Delivery, limit: int) -> bytes:
    if delivery.encoding and len(delivery.body) > BIG_COMPRESSED:
        return await asyncio.to_thread(inflate, delivery.body, delivery.encoding, limit)
    return inflate(delivery.body, delivery.encoding, limit)


async def _off_loop(body: bytes, function: Any, *args: Any) -> Any:
    if len(body) <= BIG_BODY:
        return function(*args)
    return await asyncio.to_thread(function, *args)


def _check_ingestion_version(text: str) -> None:
    if not text:
        return
    try:
        supported = float(text) <= MAX_INGESTION_VERSION
    except ValueError:
        supported = False
    if not supported:
        raise OtlpRefusedError(f'Unsupported x-langfuse-ingestion-version: "{text}". Maximum supported: "{MAX_INGESTION_VERSION}".')


def _routes(project_id: str, pairs: list[tuple[int, str]]) -> dict[int, list[int]]:
    routes: dict[int, list[int]] = defaultdict(list)
    known: dict[str, int] = {}
    for index, text in pairs:
        if text not in known:
            known[text] = streams.shard_of(project_id, text)
        routes[known[text]].append(index)
    return routes


async def _store(scope: ProjectScope, delivery: Delivery, request_id: str, routes: dict[int, list[int]], newest: int) -> None:
    """Raw log first, then the streams: a frame without a stream entry is found by the sweep, never the other way."""
    lane = await _lane(scope.project_id, newest)
    header = FrameHeader(
        request_id=request_id,
        project_id=scope.project_id,
        received_at=now_us(),
        content=delivery.content,
        encoding=delivery.encoding,
        routes=routes,
        public_key=scope.public_key,
        sdk_name=delivery.sdk_name,
        sdk_version=delivery.sdk_version,
        ingestion_version=delivery.ingestion_version,
        scores_only=scope.access is Access.SCORES,
    )
    ref = await raw_log().append(header, delivery.body)
    alive = await _asking_redis(streams.publish(ref, scope.project_id, routes, lane))
    _backlog.add(scope.project_id, len(routes), lane)
    if not alive:
        await _asking_redis(asyncio.to_thread(ensure_drain))


def ensure_drain() -> None:
    """Make sure that a worker drains the streams; cheap to call often."""
    if streams.ask_for_drain():
        enqueue(QUEUE, DRAIN, timeout_s=-1)


class _Backlog:
    """The backlog as seen at most a second ago and what was taken since, so that acceptance does not ask for it per request."""

    def __init__(self) -> None:
        self.read_at = 0.0
        self.total = 0
        self.live: dict[str, int] = {}  # by project

    async def refresh(self) -> None:
        if time.monotonic() - self.read_at < 1.0:
            return
        self.read_at = time.monotonic()
        try:
            counts = await asyncio.to_thread(streams.lengths)
            self.live = await asyncio.to_thread(streams.live_by_project)
        except RedisError as error:
            self.read_at = 0.0
            raise ServiceUnavailableError("The ingestion queue does not answer") from error
        self.total = sum(counts.values())

    def add(self, project_id: str, entries: int, lane: str) -> None:
        self.total += entries
        if lane == "live":
            self.live[project_id] = self.live.get(project_id, 0) + entries


_backlog = _Backlog()


async def _lane(project_id: str, newest: int) -> str:
    """`bulk` for a backfill and for a project that has its share of the live lane; RateLimitedError when the backlog is full.

    newest: the latest time that the request states (microseconds), 0 when it states none.
    """
    await _backlog.refresh()
    limit = get_settings().LANGFUSE_INGESTION_BACKLOG_LIMIT
    if _backlog.total >= limit:
        raise RateLimitedError("Too many events are waiting to be processed: try again later", limit, time.time() + RETRY_S)
    if 0 < newest < now_us() - LATE_US:
        return "bulk"
    return "bulk" if _backlog.live.get(project_id, 0) >= FAIR_ENTRIES else "live"


def backlog() -> dict[str, int]:
    """Entries waiting per lane."""
    counts = streams.lengths()
    return {lane: sum(count for (name, _), count in counts.items() if name == lane) for lane in streams.LANES}
