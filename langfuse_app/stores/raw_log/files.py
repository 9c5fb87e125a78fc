"""The raw log as segments on this machine's disk.

One segment is open per process and concurrent requests share one fsync.
A torn tail of a crashed process ends its segment: the crc of the last frame does not fit, and nobody was told "stored".
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import msgspec
import zstandard

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.core.ids import new_id
from langfuse_app.stores.raw_log.frames import (
    MAGIC,
    OPEN,
    PREFIX,
    SEALED,
    Frame,
    FrameHeader,
    Ref,
    decode_header,
    pieces,
    unpack,
    unpack_header,
)
from langfuse_app.stores.raw_log.moved import MovedSegments
from langfuse_app.stores.raw_log.unsealed import UnsealedSegments

log = logging.getLogger(__name__)

_PIECES_PER_WRITE = 512  # the system takes 1 024
_READERS = 64  # files that stay open for reading
LOCK_S = 30  # longer than anything takes with one segment; a holder that was killed is not waited for
RAW_LOG_LOCK = "raw-log-files"  # of stores/locks.py: whoever seals, moves, removes or rewrites segments holds it


class _Waiting(msgspec.Struct):
    pieces: tuple[bytes, bytes]
    done: "Future[Ref]"


class FileRawLog:
    """Segments as files in one folder; sealed ones are moved on where `moved` says whereto."""

    def __init__(
        self, folder: Path, rotate_bytes: int, rotate_seconds: int, reserve_bytes: int, moved: MovedSegments | None = None
    ) -> None:
        self.folder, self.moved = folder, moved
        self._rotate_bytes, self._rotate_seconds, self._reserve_bytes = rotate_bytes, rotate_seconds, reserve_bytes
        self._pending: list[_Waiting] = []
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._fd = -1
        self._segment, self._size, self._opened = "", 0, 0.0
        self._read_fds: dict[str, int] = {}
        self._unsealed = UnsealedSegments()

    async def append(self, header: FrameHeader, body: bytes) -> Ref:
        """Join the next group commit."""
        waiting = _Waiting(pieces(header, body), Future())
        with self._wake:
            if self._closing:
                raise ServiceUnavailableError("The server is stopping")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="raw-log", daemon=True)
                self._thread.start()
            self._pending.append(waiting)
            self._wake.notify()
        return await asyncio.wrap_future(waiting.done)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._pending and not self._closing:
                    self._wake.wait()
                group, self._pending = self._pending, []
                if not group:
                    return
            self._commit(group)

    def _commit(self, group: list[_Waiting]) -> None:
        group = [waiting for waiting in group if waiting.done.set_running_or_notify_cancel()]  # a request may have been given up
        try:
            refs = self._write(group) if group else []
        except Exception as error:  # whatever it is: those who wait are told, and the next group is tried anew
            log.warning("the raw log cannot be written: %r", error)
            self._abandon_segment()
            reason = error.strerror if isinstance(error, OSError) else type(error).__name__
            for waiting in group:
                waiting.done.set_exception(ServiceUnavailableError(f"The raw log cannot be written: {reason}"))
            return
        for waiting, ref in zip(group, refs, strict=True):
            waiting.done.set_result(ref)

    def _write(self, group: list[_Waiting]) -> list[Ref]:
        self._ensure_segment()
        refs: list[Ref] = []
        for waiting in group:
            length = sum(map(len, waiting.pieces))
            refs.append(Ref(self._segment, self._size, length))
            self._size += length
        _write_all(self._fd, [piece for waiting in group for piece in waiting.pieces])
        os.fdatasync(self._fd)
        return refs

    def _ensure_segment(self) -> None:
        stat = os.statvfs(self.folder) if self.folder.exists() else None
        if stat and stat.f_bavail * stat.f_frsize < self._reserve_bytes:
            raise OSError(28, "disk nearly full (LANGFUSE_DISK_RESERVE_BYTES)")
        full = self._size >= self._rotate_bytes or time.monotonic() - self._opened >= self._rotate_seconds
        if self._fd >= 0 and (full or not self._in_place()):
            self._abandon_segment()
        if self._fd < 0:
            self._open_segment()

    def _in_place(self) -> bool:
        """Whether readers would find what is written to the open file: its folder may have been moved or removed under it."""
        try:
            return os.path.samestat((self.folder / (self._segment + OPEN)).stat(), os.fstat(self._fd))
        except OSError:
            return False

    def _open_segment(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._segment = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{new_id()[:8]}"
        self._fd = os.open(self.folder / (self._segment + OPEN), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._size, self._opened = 0, time.monotonic()

    def _abandon_segment(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def close(self) -> None:
        """Commit what waits, then stop the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self._abandon_segment()

    def read(self, ref: Ref) -> Frame:
        """From the open segment's file, the sealed one, or the one in the bucket.

        KeyError when it has expired, ValueError when it is damaged, ServiceUnavailableError when the disk cannot be read.
        """
        return unpack(self._bytes(ref), ref)

    def header(self, ref: Ref) -> FrameHeader:
        """The header alone, also of a frame whose body is damaged; errors as `read`."""
        return unpack_header(self._bytes(ref), ref)

    def _bytes(self, ref: Ref) -> bytes:
        try:
            return self._read(ref)
        except OSError as error:
            raise ServiceUnavailableError(f"The raw log cannot be read: {error.strerror}") from error

    def _read(self, ref: Ref) -> bytes:
        try:
            return os.pread(self._reader(ref.segment), ref.length, ref.offset)
        except FileNotFoundError:
            if not self.exists():
                raise  # nothing of it can have expired
        try:
            return self._unsealed.read(self.folder / (ref.segment + SEALED), ref)
        except FileNotFoundError:
            if self.moved is None:
                raise KeyError(str(ref)) from None
        return self.moved.read(ref)

    def exists(self) -> bool:
        """Whether there is a folder of segments."""
        return self.folder.is_dir()

    def _reader(self, segment: str) -> int:
        """A file that was sealed or removed since, by whomever, is let go: its frames may be rewritten elsewhere, and it holds disk."""
        fd = self._read_fds.get(segment, -1)
        if fd >= 0 and os.fstat(fd).st_nlink:
            return fd
        crowded = len(self._read_fds) >= _READERS
        for other, its in list(self._read_fds.items()):
            if crowded or not os.fstat(its).st_nlink:
                os.close(self._read_fds.pop(other))
        self._read_fds[segment] = os.open(self.folder / (segment + OPEN), os.O_RDONLY)
        return self._read_fds[segment]

    def segments(self) -> list[Path]:
        """Files of segments that are not sealed yet, oldest first."""
        return sorted(self.folder.glob(f"*{OPEN}"))

    def scan(self, path: Path) -> Iterator[tuple[FrameHeader, Ref]]:
        """Headers of a segment's whole frames; a torn tail ends the scan."""
        segment, offset = path.name.removesuffix(OPEN), 0
        with path.open("rb") as file:
            while True:
                head = file.read(PREFIX.size)
                if len(head) < PREFIX.size:
                    return
                magic, head_length, body_length, _crc = PREFIX.unpack(head)
                length = PREFIX.size + head_length + body_length
                header = file.read(head_length)
                if magic != MAGIC or len(header) < head_length or not _has(file.fileno(), offset + length):
                    return
                decoded = decode_header(header)
                length += int(decoded.filler or 0)
                yield decoded, Ref(segment, offset, length)
                offset += length
                file.seek(offset)

    def sealed(self) -> list[Path]:
        """Files of sealed segments, oldest first."""
        return sorted(self.folder.glob(f"*{SEALED}"))

    @staticmethod
    def compress(path: Path, sealed: Path) -> None:
        """Write the sealed form of a segment's file, whole or not at all."""
        beside = sealed.with_name(sealed.name + ".part")
        with path.open("rb") as source, beside.open("wb") as target:
            zstandard.ZstdCompressor(level=3).copy_stream(source, target)
            target.flush()
            os.fsync(target.fileno())
        beside.replace(sealed)

    def seal(self, path: Path) -> Path:
        """Compress a finished segment and remove the open form; its references stay good."""
        sealed = path.with_name(path.name.removesuffix(OPEN) + SEALED)
        self.compress(path, sealed)
        path.unlink()
        return sealed


def _has(fd: int, size: int) -> bool:
    return os.fstat(fd).st_size >= size


def _write_all(fd: int, pieces: list[bytes]) -> None:
    for start in range(0, len(pieces), _PIECES_PER_WRITE):
        some = pieces[start : start + _PIECES_PER_WRITE]
        written = os.writev(fd, some)
        if written < sum(map(len, some)):  # a nearly full disk or a signal
            rest = memoryview(b"".join(some))[written:]
            while rest:
                rest = rest[os.write(fd, rest) :]
