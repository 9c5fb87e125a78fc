"""Taking accepted events out of the raw log: frames are rewritten in their place, so that every reference stays good."""

import os
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

import msgspec
import zstandard

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.stores.locks import exclusive
from langfuse_app.stores.raw_log import BucketRawLog
from langfuse_app.stores.raw_log.files import LOCK_S, RAW_LOG_LOCK, FileRawLog
from langfuse_app.stores.raw_log.frames import SEALED, Frame, FrameHeader, Ref, pack, unpack
from langfuse_app.stores.raw_log.moved import MovedSegments
from langfuse_app.stores.raw_log.objects import Named, ObjectRawLog
from langfuse_app.stores.raw_log.unsealed import unseal

MOVED_LOCK, MOVED_LOCK_S = "raw-log-moved", 300  # whoever rewrites a segment in the bucket: a download and an upload
_READS = 8  # objects at once


class Stamp(Protocol):
    """What decides whether a frame is wanted: a header has it, and an object's name."""

    @property
    def project_id(self) -> str:
        """Whose it is."""
        ...

    @property
    def received_at(self) -> int:
        """When it came (microseconds), or the second of it."""
        ...


Wanted = Callable[[Stamp], bool]
Rewrite = Callable[[Frame], tuple[FrameHeader, bytes] | None]
"""What becomes of a frame: its new header and body, or None to leave it as it is."""


def rewrite_all(log: FileRawLog | BucketRawLog, wanted: Wanted, rewrite: Rewrite) -> int:
    """Rewrite frames that are wanted, wherever they lie; how many.

    ServiceUnavailableError when a segment stays in other hands or the bucket is away; what was rewritten then needs it no more.
    """
    files = log.files if isinstance(log, BucketRawLog) else log
    # A segment goes from open to sealed to moved, and each is listed after those before it were done: none slips through.
    count = sum(_in_hand(path, partial(_rewrite_open, files, path, wanted, rewrite)) for path in files.segments())
    count += sum(_in_hand(path, partial(_rewrite_sealed, files, path, wanted, rewrite)) for path in files.sealed())
    if files.moved:
        count += sum(_rewrite_moved(files, files.moved, segment, wanted, rewrite) for segment in files.moved.segments())
    if isinstance(log, BucketRawLog):
        count += _rewrite_objects(log.objects, wanted, rewrite)
    return count


def _in_hand(path: Path, rewrite: Callable[[], int]) -> int:
    """Nothing to do for a file that is gone: its segment was sealed, was moved, or has expired."""
    with exclusive(RAW_LOG_LOCK, hold_s=LOCK_S, wait_s=2 * LOCK_S) as mine:
        if not mine:
            raise ServiceUnavailableError("The raw log's files are in other hands")
        return rewrite() if path.exists() else 0


def _rewrite_sealed(log: FileRawLog, path: Path, wanted: Wanted, rewrite: Rewrite) -> int:
    with _beside(path) as plain:
        with plain.open("wb") as file:
            unseal(path, file)
        count = _rewrite_open(log, plain, wanted, rewrite)
        if count:
            stamp = path.stat()
            log.compress(plain, path)
            os.utime(path, (stamp.st_atime, stamp.st_mtime))  # its age decides when it expires
        return count


def _rewrite_moved(log: FileRawLog, moved: MovedSegments, segment: str, wanted: Wanted, rewrite: Rewrite) -> int:
    with exclusive(MOVED_LOCK, hold_s=MOVED_LOCK_S, wait_s=2 * LOCK_S) as mine, _beside(log.folder / (segment + SEALED)) as plain:
        if not mine:
            raise ServiceUnavailableError("The raw log's segments are in other hands")
        try:
            with plain.open("wb") as file:
                moved.unpack(segment, file)
        except KeyError:  # it has expired
            return 0
        count = _rewrite_open(log, plain, wanted, rewrite)
        if count:
            with _beside(plain) as sealed:
                log.compress(plain, sealed)
                moved.replace(segment, sealed)
        return count


@contextmanager
def _beside(path: Path) -> Generator[Path]:
    """A file beside a segment's for as long as it is needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name.removesuffix(SEALED) + ".erasing")
    try:
        yield beside
    finally:
        beside.unlink(missing_ok=True)


def _rewrite_open(log: FileRawLog, path: Path, wanted: Wanted, rewrite: Rewrite) -> int:
    """In place: whoever appends to the file only touches its end."""
    count = 0
    with path.open("r+b") as file:
        for header, ref in list(log.scan(path)):
            if not wanted(header):
                continue
            changed = rewrite(unpack(os.pread(file.fileno(), ref.length, ref.offset), ref))
            if changed:
                _write(file.fileno(), ref, *changed)
                count += 1
        os.fdatasync(file.fileno())
    return count


def _write(fd: int, ref: Ref, header: FrameHeader, body: bytes) -> None:
    data = fitted(header, body, ref.length)
    view, at = memoryview(data), ref.offset
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written


def _rewrite_objects(objects: ObjectRawLog, wanted: Wanted, rewrite: Rewrite) -> int:
    count = 0
    for frame in _frames(objects, filter(wanted, objects.requests())):
        changed = rewrite(frame)
        if changed:
            objects.replace(frame.ref, fitted(*changed, frame.ref.length))
            count += 1
    return count


def _frames(objects: ObjectRawLog, requests: Iterator[Named]) -> Iterator[Frame]:
    """A few are read at once; those that have expired are left out."""

    def read(request: Named) -> Frame | None:
        try:
            return objects.read(request.ref)
        except KeyError:
            return None

    with ThreadPoolExecutor(_READS) as pool:
        while some := list(islice(requests, _READS)):
            yield from (frame for frame in pool.map(read, some) if frame)


def fitted(header: FrameHeader, body: bytes, length: int) -> bytes:
    """The frame in exactly `length` bytes: plain, else compressed, else (what a fraction needs more than the whole) empty."""
    for encoding, packed, routes in (("", body, header.routes), ("zstd", zstandard.compress(body, 19), header.routes), ("", b"", {})):
        short = msgspec.structs.replace(header, encoding=encoding, routes=routes, filler=FrameHeader.fill(0))
        missing = length - len(pack(short, packed))
        if missing >= 0:
            return pack(msgspec.structs.replace(short, filler=FrameHeader.fill(missing)), packed) + b"\0" * missing
    raise ValueError(f"a frame of {length} bytes has no room for its own header")
