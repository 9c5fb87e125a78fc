"""The raw log as one object per request, for installations whose web and worker machines share only a bucket.

An object's name tells when the request came, whose it is and which shards it touches:
`rawlog/<year>/<month>/<day>/<hour>/<minute and second>/<project>/<request>.<shards>`, so that the sweep compares names
with the ledger and opens nothing that was stored. A finished hour has a marker and is never listed again.
"""

import asyncio
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote, unquote

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.core.time import to_us
from langfuse_app.stores.blobs import S3Blobs
from langfuse_app.stores.raw_log.bucket import answering
from langfuse_app.stores.raw_log.frames import PREFIX, Frame, FrameHeader, Ref, pack, unpack, unpack_header

FOLDER, FINISHED = "rawlog/", "rawlog-finished/"
PUT_S = 15.0  # a bucket that takes longer is away
PAGE = 1_000  # names per listing
_PUTS = 32  # at once; threads of their own, so that a bucket that hangs holds up nothing else
_HEAD_BYTES = 4_096  # holds nearly every header
_TIME = "%Y/%m/%d/%H"
_HOUR = re.compile(rf"{FOLDER}(\d{{4}}/\d\d/\d\d/\d\d)/")
_NAME = re.compile(rf"{FOLDER}(\d{{4}}/\d\d/\d\d/\d\d/\d{{4}})/([^/]*)/([^/]+)\.([0-9a-f]+)")


class Named(NamedTuple):
    """What an object's name and the listing tell of a request. `received_at` is cut to the second (microseconds)."""

    ref: Ref
    received_at: int
    project_id: str
    request_id: str
    shards: frozenset[int]


def name_of(header: FrameHeader) -> str:
    """The object's name of a request."""
    stamp = time.strftime(f"{_TIME}/%M%S", time.gmtime(header.received_at // 1_000_000))
    mask = sum(1 << shard for shard in header.routes)
    return f"{FOLDER}{stamp}/{quote(header.project_id, safe='')}/{header.request_id}.{mask:x}"


def named(name: str, size: int) -> Named | None:
    """What a name tells; None for a name of another make."""
    found = _NAME.fullmatch(name)
    if not found:
        return None
    stamp, project, request, shards = found.groups()
    received_at = to_us(datetime.strptime(stamp, f"{_TIME}/%M%S").replace(tzinfo=UTC))
    mask = int(shards, 16)
    return Named(
        Ref(name, 0, size),
        received_at,
        unquote(project),
        request,
        frozenset(shard for shard in range(mask.bit_length()) if mask >> shard & 1),
    )


def hour_of(seconds: float) -> str:
    """The folder of an hour; folders sort as their hours do."""
    return time.strftime(_TIME, time.gmtime(seconds))


class Page(NamedTuple):
    """A part of an hour's listing: what the names tell, the last name, and whether more comes behind it."""

    requests: list[Named]
    last: str
    more: bool


class ObjectRawLog:
    """Requests as objects. Everything but `append` blocks; ServiceUnavailableError while the bucket is away."""

    def __init__(self, bucket: S3Blobs) -> None:
        self._bucket = bucket
        self._threads = ThreadPoolExecutor(_PUTS, "raw-log")

    async def append(self, header: FrameHeader, body: bytes) -> Ref:
        """One PUT, on a thread."""
        name, data = name_of(header), pack(header, body)
        try:
            putting = asyncio.get_running_loop().run_in_executor(self._threads, self._bucket.put, name, data)
            await asyncio.wait_for(putting, PUT_S)
        except Exception as error:  # boto3 raises its own family; whichever it is, the client comes again
            raise ServiceUnavailableError("The event bucket does not take data") from error
        return Ref(name, 0, len(data))

    def read(self, ref: Ref) -> Frame:
        """One GET; errors as those of files."""
        with answering():
            data = self._bucket.get(ref.segment)
        return unpack(data, ref)

    def header(self, ref: Ref) -> FrameHeader:
        """The header alone, also of a frame whose body is damaged: its bytes are asked for, the body's are not."""
        with answering():
            data = self._bucket.get(ref.segment, 0, _HEAD_BYTES)
            whole = PREFIX.size + PREFIX.unpack_from(data)[1] if len(data) == _HEAD_BYTES else 0
            if whole > _HEAD_BYTES:
                data += self._bucket.get(ref.segment, _HEAD_BYTES, whole - _HEAD_BYTES)
        return unpack_header(data, ref)

    def replace(self, ref: Ref, data: bytes) -> None:
        """Put another content in a frame's place."""
        with answering():
            self._bucket.put(ref.segment, data)

    def page(self, hour: str, after: str) -> Page:
        """The next names of an hour behind `after`, in the order in which the requests came; '' begins."""
        return self._page(f"{FOLDER}{hour}/", after)

    def _page(self, folder: str, after: str) -> Page:
        with answering():
            found, more = self._bucket.page(folder, after, PAGE)
        told = (named(listed.name, listed.size) for listed in found)
        return Page([one for one in told if one], found[-1].name if found else after, more)

    def requests(self) -> Iterator[Named]:
        """All that there are, oldest first."""
        page = self._page(FOLDER, "")
        yield from page.requests
        while page.more:
            page = self._page(FOLDER, page.last)
            yield from page.requests

    def finish(self, hour: str) -> None:
        """Remember for good that the ledger knows all of an hour."""
        with answering():
            self._bucket.put(FINISHED + hour, b"")

    def finished(self) -> list[str]:
        """Finished hours whose objects are there, oldest first."""
        hours: list[str] = []
        after, more = "", True
        with answering():
            while more:
                found, more = self._bucket.page(FINISHED, after, PAGE)
                hours += [listed.name.removeprefix(FINISHED) for listed in found]
                after = found[-1].name if found else after
        return hours

    def oldest(self) -> str | None:
        """The hour of the oldest object, None where there is none."""
        with answering():
            found, _ = self._bucket.page(FOLDER, FOLDER + "0", limit=1)
        told = _HOUR.match(found[0].name) if found else None
        return told[1] if told else None

    def drop(self, hour: str, until: float) -> bool:
        """Remove an hour, its marker last; False when the monotonic clock passed `until` before all were gone."""
        with answering():
            while True:
                found, more = self._bucket.page(f"{FOLDER}{hour}/", limit=PAGE)
                self._bucket.delete_all([listed.name for listed in found])
                if not more:
                    break
                if time.monotonic() >= until:
                    return False
            self._bucket.delete(FINISHED + hour)
        return True

    def close(self) -> None:
        """Begin nothing new; a PUT that hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
