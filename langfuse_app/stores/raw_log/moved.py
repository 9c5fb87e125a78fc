"""Sealed segments in a bucket.

A segment is a file here until the bucket has it: killed in between, it is moved once more. Readers look here first.
"""

import os
import time
from collections.abc import Iterator
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import IO

import zstandard

from langfuse_app.stores.blobs import S3Blobs
from langfuse_app.stores.raw_log.bucket import answering
from langfuse_app.stores.raw_log.frames import SEALED, Ref
from langfuse_app.stores.raw_log.unsealed import UnsealedSegments

FOLDER = "rawlog-segments/"
PAGE = 1_000  # names per listing


class MovedSegments:
    """The bucket's segments; `folder` takes copies of those that are read. Everything raises ServiceUnavailableError while the bucket is away."""

    def __init__(self, bucket: S3Blobs, folder: Path) -> None:
        self._bucket, self._folder = bucket, folder
        self._unsealed = UnsealedSegments()

    def take(self, sealed: Path) -> bool:
        """Move a sealed segment's file; False when the file changed meanwhile, and has to be taken once more."""
        with sealed.open("rb") as file:
            self._put(sealed.name, file)
            if not os.path.samestat(os.fstat(file.fileno()), sealed.stat()):
                return False  # deleted events were taken out of it
        sealed.unlink()
        return True

    def replace(self, segment: str, sealed: Path) -> None:
        """Put another content in a segment's place."""
        with sealed.open("rb") as file:
            self._put(segment + SEALED, file)
        self._unsealed.forget((segment,))

    def _put(self, name: str, file: BufferedReader) -> None:
        with answering():
            self._bucket.put_verified(FOLDER + name, file)

    def read(self, ref: Ref) -> bytes:
        """A frame's bytes, from a copy of its segment; errors as `unpack`, OSError is the disk's."""
        return self._unsealed.read_of((ref.segment,), self._folder, partial(self.unpack, ref.segment), ref)

    def unpack(self, segment: str, target: IO[bytes]) -> None:
        """Write a segment's frames to a file, in pieces; KeyError when it has expired, ValueError when it is damaged."""
        try:
            with answering():
                zstandard.ZstdDecompressor().copy_stream(self._bucket.reader(FOLDER + segment + SEALED), target)
        except zstandard.ZstdError as error:
            raise ValueError(f"damaged segment {segment}") from error

    def segments(self) -> Iterator[str]:
        """Names, oldest first; those that come while it goes on are included."""
        after, more = "", True
        while more:
            with answering():
                found, more = self._bucket.page(FOLDER, after, PAGE)
            for listed in found:
                after = listed.name
                yield after.removeprefix(FOLDER).removesuffix(SEALED)

    def expire(self, before: float, until: float) -> None:
        """Remove segments that were begun before that time (seconds), until a moment of the monotonic clock at the latest."""
        limit = time.strftime("%Y%m%dT%H%M%S", time.gmtime(before))
        with answering():
            while time.monotonic() < until:
                found, _ = self._bucket.page(FOLDER, limit=PAGE)
                old = [listed.name for listed in found if listed.name < FOLDER + limit]
                self._bucket.delete_all(old)
                if len(old) < PAGE:
                    return
