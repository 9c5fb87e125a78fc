"""Sealed segments as plain files, for a minute: a replay asks for one of their frames after the other."""

import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

import zstandard

from langfuse_app.stores.raw_log.frames import Ref

KEPT, KEPT_S = 4, 60.0
Content = tuple[int | str, ...]


class UnsealedSegments:
    """The last few segments that were read, in files without names: they hold disk only as long as they are kept here."""

    def __init__(self) -> None:
        self._files: OrderedDict[Content, IO[bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, sealed: Path, ref: Ref) -> bytes:
        """A frame's bytes; FileNotFoundError when the segment is not there, ValueError when it is damaged."""
        stat = sealed.stat()
        content = stat.st_dev, stat.st_ino, stat.st_ctime_ns  # whoever takes events out puts another file in its place
        return self.read_of(content, sealed.parent, partial(unseal, sealed), ref)

    def read_of(self, content: Content, folder: Path, fill: Callable[[IO[bytes]], None], ref: Ref) -> bytes:
        """The same of a segment that lies elsewhere: `fill` writes its frames to a file in `folder`, which is known as `content`."""
        with self._lock:
            if content not in self._files:
                self._keep(content, _filled(folder, fill))
            self._files.move_to_end(content)
            return os.pread(self._files[content].fileno(), ref.length, ref.offset)

    def forget(self, content: Content) -> None:
        """Something else is there now."""
        with self._lock:
            if content in self._files:
                self._files.pop(content).close()

    def _keep(self, content: Content, plain: IO[bytes]) -> None:
        self._files[content] = plain
        if len(self._files) > KEPT:
            self._files.popitem(last=False)[1].close()
        end = threading.Timer(KEPT_S, self._end, [content, plain])
        end.daemon = True
        end.start()

    def _end(self, content: Content, plain: IO[bytes]) -> None:
        with self._lock:
            if self._files.get(content) is plain:
                del self._files[content]
            plain.close()


def unseal(sealed: Path, target: IO[bytes]) -> None:
    """Write the frames of a sealed segment to a file; ValueError when it is damaged."""
    try:
        with sealed.open("rb") as source:
            zstandard.ZstdDecompressor().copy_stream(source, target)
    except zstandard.ZstdError as error:
        raise ValueError(f"damaged segment {sealed.name}") from error


def _filled(folder: Path, fill: Callable[[IO[bytes]], None]) -> IO[bytes]:
    plain = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - it outlives this function
    try:
        fill(plain)
        plain.flush()
    except BaseException:
        plain.close()
        raise
    return plain
