"""The raw log: every accepted body, durable before its answer (invariant 1). Readers find it by reference.

A frame is `magic, header length, body length, crc32c` and then header (msgpack) and body, as it was received.
With files, one segment is open per process and concurrent requests share one fsync; with a bucket, a frame is an object.
A torn tail of a crashed process ends its segment: the crc of the last frame does not fit, and nobody was told "stored".
"""

import asyncio
import logging
import os
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import crc32c
import msgspec
import zstandard

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.core.ids import new_id
from langfuse_app.core.settings import get_settings
from langfuse_app.stores.blobs import Blobs, blobs

log = logging.getLogger(__name__)

_PREFIX = struct.Struct("<4sIII")
_MAGIC = b"LFR1"
_PIECES_PER_WRITE = 512  # the system takes 1 024
PUT_S = 15.0  # a bucket that takes longer is away
_PUTS = 32  # at once; threads of their own, so that a bucket that hangs holds up nothing else
OPEN, SEALED = ".log", ".log.zst"
LOCK_S = 30  # longer than anything takes with one segment; a holder that was killed is not waited for
RAW_LOG_LOCK = "raw-log-files"  # of stores/locks.py: whoever seals, removes or rewrites segments holds it


class FrameHeader(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a request without its body. `routes` maps a shard to the event indexes that belong to it."""

    request_id: str
    project_id: str
    received_at: int
    content: str  # json, otlp-protobuf, otlp-json
    encoding: str  # '', gzip, zstd, deflate: the body is kept as it came
    routes: dict[int, list[int]]
    public_key: str = ""
    sdk_name: str = ""
    sdk_version: str = ""
    ingestion_version: str = ""
    scores_only: bool = False
    filler: str = ""  # bytes behind the body of a frame that lost events, in digits of fixed width

    @staticmethod
    def fill(length: int) -> str:
        """`length` as `filler` holds it: every length takes the same room."""
        return f"{length:010d}"


class Ref(msgspec.Struct, frozen=True, array_like=True):
    """Where a frame lies: the only thing the streams carry."""

    segment: str
    offset: int
    length: int

    def __str__(self) -> str:
        return f"{self.segment}@{self.offset}+{self.length}"


class Frame(msgspec.Struct, frozen=True):
    """A frame as read back."""

    header: FrameHeader
    body: bytes
    ref: Ref


_header_encoder = msgspec.msgpack.Encoder()
_header_decoder = msgspec.msgpack.Decoder(FrameHeader)


def _pieces(header: FrameHeader, body: bytes) -> tuple[bytes, bytes]:
    """The bytes of a frame in two pieces, so that a big body is never copied."""
    head = _header_encoder.encode(header)
    crc = crc32c.crc32c(body, crc32c.crc32c(head))
    return _PREFIX.pack(_MAGIC, len(head), len(body), crc) + head, body


def pack(header: FrameHeader, body: bytes) -> bytes:
    """The bytes of a frame."""
    return b"".join(_pieces(header, body))


def unpack_header(data: bytes, ref: Ref) -> FrameHeader:
    """The header alone, also where the body is torn or damaged; ValueError when it is damaged itself."""
    if len(data) < _PREFIX.size:
        raise ValueError(f"torn frame at {ref}")
    magic, head_length, _body_length, _crc = _PREFIX.unpack_from(data)
    if magic != _MAGIC:
        raise ValueError(f"torn frame at {ref}")
    return _header_decoder.decode(data[_PREFIX.size : _PREFIX.size + head_length])


def unpack(data: bytes, ref: Ref) -> Frame:
    """The frame in `data`; ValueError when it is torn or damaged."""
    if len(data) < _PREFIX.size:
        raise ValueError(f"torn frame at {ref}")
    magic, head_length, body_length, crc = _PREFIX.unpack_from(data)
    end = _PREFIX.size + head_length + body_length
    if magic != _MAGIC or len(data) < end:
        raise ValueError(f"torn frame at {ref}")
    head, body = data[_PREFIX.size : _PREFIX.size + head_length], data[_PREFIX.size + head_length : end]
    if crc32c.crc32c(body, crc32c.crc32c(head)) != crc:
        raise ValueError(f"damaged frame at {ref}")
    return Frame(_header_decoder.decode(head), body, ref)


class _Waiting(msgspec.Struct):
    pieces: tuple[bytes, bytes]
    done: "Future[Ref]"


class FileRawLog:
    """Segments as files in one folder."""

    def __init__(self, folder: Path, rotate_bytes: int, rotate_seconds: int, reserve_bytes: int) -> None:
        self._folder = folder
        self._rotate_bytes, self._rotate_seconds, self._reserve_bytes = rotate_bytes, rotate_seconds, reserve_bytes
        self._pending: list[_Waiting] = []
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._fd = -1
        self._segment, self._size, self._opened = "", 0, 0.0
        self._read_fds: dict[str, int] = {}

    async def append(self, header: FrameHeader, body: bytes) -> Ref:
        """Join the next group commit."""
        waiting = _Waiting(_pieces(header, body), Future())
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
        stat = os.statvfs(self._folder) if self._folder.exists() else None
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
            return os.path.samestat((self._folder / (self._segment + OPEN)).stat(), os.fstat(self._fd))
        except OSError:
            return False

    def _open_segment(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._segment = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{new_id()[:8]}"
        self._fd = os.open(self._folder / (self._segment + OPEN), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        folder = os.open(self._folder, os.O_RDONLY)
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
        """From the open segment's file, or from the sealed one.

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
            sealed = self._folder / (ref.segment + SEALED)
            if not self._folder.is_dir():
                raise  # nothing of it can have expired
            if not sealed.exists():
                raise KeyError(str(ref)) from None
            return _from_sealed(sealed, ref)

    def _reader(self, segment: str) -> int:
        if segment not in self._read_fds:
            if len(self._read_fds) > 64:
                for fd in self._read_fds.values():
                    os.close(fd)
                self._read_fds.clear()
            self._read_fds[segment] = os.open(self._folder / (segment + OPEN), os.O_RDONLY)
        return self._read_fds[segment]

    def forget(self, segment: str) -> None:
        """Close the reader of a segment that was sealed or removed."""
        fd = self._read_fds.pop(segment, None)
        if fd is not None:
            os.close(fd)

    def segments(self) -> list[Path]:
        """Files of segments that are not sealed yet, oldest first."""
        return sorted(self._folder.glob(f"*{OPEN}")) if self._folder.exists() else []

    def scan(self, path: Path) -> Iterator[tuple[FrameHeader, Ref]]:
        """Headers of a segment's whole frames; a torn tail ends the scan."""
        segment, offset = path.name.removesuffix(OPEN), 0
        with path.open("rb") as file:
            while True:
                head = file.read(_PREFIX.size)
                if len(head) < _PREFIX.size:
                    return
                magic, head_length, body_length, _crc = _PREFIX.unpack(head)
                length = _PREFIX.size + head_length + body_length
                header = file.read(head_length)
                if magic != _MAGIC or len(header) < head_length or not _has(file.fileno(), offset + length):
                    return
                decoded = _header_decoder.decode(header)
                length += int(decoded.filler or 0)
                yield decoded, Ref(segment, offset, length)
                offset += length
                file.seek(offset)

    def sealed(self) -> list[Path]:
        """Files of sealed segments, oldest first."""
        return sorted(self._folder.glob(f"*{SEALED}")) if self._folder.exists() else []

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
        self.forget(path.name.removesuffix(OPEN))
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


def _from_sealed(path: Path, ref: Ref) -> bytes:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
        left = ref.offset
        while left:
            left -= len(reader.read(min(left, 1 << 20)))
        return reader.read(ref.length)


class ObjectRawLog:
    """One object per request, for installations whose web and worker machines share only a bucket."""

    def __init__(self, store: Blobs) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(_PUTS, "raw-log")

    async def append(self, header: FrameHeader, body: bytes) -> Ref:
        """One PUT, on a thread."""
        name = f"rawlog/{time.strftime('%Y/%m/%d/%H', time.gmtime())}/{header.request_id}"
        data = pack(header, body)
        try:
            putting = asyncio.get_running_loop().run_in_executor(self._threads, self._store.put, name, data)
            await asyncio.wait_for(putting, PUT_S)
        except Exception as error:  # boto3 raises its own family; whichever it is, the client comes again
            raise ServiceUnavailableError("The event bucket does not take data") from error
        return Ref(name, 0, len(data))

    def read(self, ref: Ref) -> Frame:
        """One GET; errors as those of files."""
        return unpack(self._bytes(ref), ref)

    def header(self, ref: Ref) -> FrameHeader:
        """The header alone, also of a frame whose body is damaged."""
        return unpack_header(self._bytes(ref), ref)

    def _bytes(self, ref: Ref) -> bytes:
        try:
            return self._store.get(ref.segment)
        except KeyError:
            raise
        except Exception as error:  # boto3 raises its own family; whichever it is, the object may still be there
            raise ServiceUnavailableError("The event bucket does not answer") from error

    def close(self) -> None:
        """Begin nothing new; a PUT that hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


@lru_cache
def raw_log() -> FileRawLog | ObjectRawLog:
    """The raw log of this installation."""
    settings = get_settings()
    if settings.LANGFUSE_S3_EVENT_UPLOAD_BUCKET:
        return ObjectRawLog(blobs())
    return FileRawLog(
        settings.data_dir / "blobs" / "rawlog",
        settings.LANGFUSE_RAW_LOG_ROTATE_BYTES,
        settings.LANGFUSE_RAW_LOG_ROTATE_SECONDS,
        settings.LANGFUSE_DISK_RESERVE_BYTES,
    )
