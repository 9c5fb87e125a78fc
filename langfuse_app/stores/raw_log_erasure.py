"""Taking accepted events out of the raw log: frames are rewritten in their place, so that every reference stays good."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import zstandard

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.stores.locks import exclusive
from langfuse_app.stores.raw_log import LOCK_S, OPEN, RAW_LOG_LOCK, SEALED, FileRawLog, Frame, FrameHeader, Ref, pack, unpack

Rewrite = Callable[[Frame], tuple[FrameHeader, bytes] | None]
"""What becomes of a frame: its new header and body, or None to leave it as it is."""


def rewrite_all(log: FileRawLog, wanted: Callable[[FrameHeader], bool], rewrite: Rewrite) -> int:
    """Rewrite frames of all segments whose header is wanted; how many. ServiceUnavailableError when a segment stays in other hands."""
    count = 0
    for one, paths in ((_rewrite_open, log.segments()), (_rewrite_sealed, log.sealed())):
        for path in paths:
            with exclusive(RAW_LOG_LOCK, hold_s=LOCK_S, wait_s=2 * LOCK_S) as mine:
                if not mine:
                    raise ServiceUnavailableError("The raw log's files are in other hands")
                count += one(log, path, wanted, rewrite) if path.exists() else _sealed_meanwhile(log, path, wanted, rewrite)
    return count


def _sealed_meanwhile(log: FileRawLog, path: Path, wanted: Callable[[FrameHeader], bool], rewrite: Rewrite) -> int:
    """An open segment that was sealed since it was listed; a sealed one that has expired needs nothing."""
    sealed = path.with_name(path.name.removesuffix(OPEN) + SEALED)
    return _rewrite_sealed(log, sealed, wanted, rewrite) if path.name.endswith(OPEN) and sealed.exists() else 0


def _rewrite_sealed(log: FileRawLog, path: Path, wanted: Callable[[FrameHeader], bool], rewrite: Rewrite) -> int:
    with _unsealed(path) as plain:
        count = _rewrite_open(log, plain, wanted, rewrite)
        if count:
            stamp = path.stat()
            log.compress(plain, path)
            os.utime(path, (stamp.st_atime, stamp.st_mtime))  # its age decides when it expires
        return count


@contextmanager
def _unsealed(path: Path) -> Generator[Path]:
    """The segment's frames in a file beside it."""
    plain = path.with_name(path.name.removesuffix(SEALED) + ".erasing")
    try:
        with path.open("rb") as source, plain.open("wb") as target:
            zstandard.ZstdDecompressor().copy_stream(source, target)
        yield plain
    finally:
        plain.unlink(missing_ok=True)


def _rewrite_open(log: FileRawLog, path: Path, wanted: Callable[[FrameHeader], bool], rewrite: Rewrite) -> int:
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


def fitted(header: FrameHeader, body: bytes, length: int) -> bytes:
    """The frame in exactly `length` bytes: plain, else compressed, else (what a fraction needs more than the whole) empty."""
    for encoding, packed, routes in (("", body, header.routes), ("zstd", zstandard.compress(body, 19), header.routes), ("", b"", {})):
        short = msgspec.structs.replace(header, encoding=encoding, routes=routes, filler=FrameHeader.fill(0))
        missing = length - len(pack(short, packed))
        if missing >= 0:
            return pack(msgspec.structs.replace(short, filler=FrameHeader.fill(missing)), packed) + b"\0" * missing
    raise ValueError(f"a frame of {length} bytes has no room for its own header")
