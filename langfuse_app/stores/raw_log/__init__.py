"""The raw log: every accepted body, durable before its answer (invariant 1). Readers find it by reference.

Without a bucket it is segments on this machine's disk (`files`). With one it is what LANGFUSE_RAW_LOG_FORM says: an object per
request (`objects`), or segments that are moved into the bucket when they are sealed (`moved`). Either way readers and the
sweep know both forms, so that the setting can be changed at any time.
"""

from functools import lru_cache

from langfuse_app.core.settings import get_settings
from langfuse_app.stores.blobs import event_bucket
from langfuse_app.stores.raw_log.files import LOCK_S, RAW_LOG_LOCK, FileRawLog
from langfuse_app.stores.raw_log.frames import OPEN, SEALED, Frame, FrameHeader, Ref, pack, unpack, unpack_header
from langfuse_app.stores.raw_log.moved import MovedSegments
from langfuse_app.stores.raw_log.objects import ObjectRawLog

__all__ = [
    "LOCK_S",
    "OPEN",
    "RAW_LOG_LOCK",
    "SEALED",
    "BucketRawLog",
    "FileRawLog",
    "Frame",
    "FrameHeader",
    "MovedSegments",
    "ObjectRawLog",
    "Ref",
    "pack",
    "raw_log",
    "unpack",
    "unpack_header",
]


class BucketRawLog:
    """Writes one form and reads both."""

    def __init__(self, files: FileRawLog, objects: ObjectRawLog, *, as_objects: bool) -> None:
        self.files, self.objects = files, objects
        self._writes = objects if as_objects else files

    async def append(self, header: FrameHeader, body: bytes) -> Ref:
        """Make a request durable."""
        return await self._writes.append(header, body)

    def read(self, ref: Ref) -> Frame:
        """KeyError when it has expired, ValueError when it is damaged, ServiceUnavailableError when its store is away."""
        return self._holder(ref).read(ref)

    def header(self, ref: Ref) -> FrameHeader:
        """The header alone, also of a frame whose body is damaged; errors as `read`."""
        return self._holder(ref).header(ref)

    def _holder(self, ref: Ref) -> FileRawLog | ObjectRawLog:
        """Objects lie in folders, segments do not. A machine that never wrote segments misses no folder of them."""
        if "/" in ref.segment or (self._writes is self.objects and not self.files.exists()):
            return self.objects
        return self.files

    def close(self) -> None:
        """Commit what waits, begin nothing new."""
        self.files.close()
        self.objects.close()


@lru_cache
def raw_log() -> FileRawLog | BucketRawLog:
    """The raw log of this installation."""
    settings, bucket = get_settings(), event_bucket()
    folder = settings.data_dir / "blobs" / "rawlog"
    files = FileRawLog(
        folder,
        settings.LANGFUSE_RAW_LOG_ROTATE_BYTES,
        settings.LANGFUSE_RAW_LOG_ROTATE_SECONDS,
        settings.LANGFUSE_DISK_RESERVE_BYTES,
        MovedSegments(bucket, folder) if bucket else None,
    )
    return BucketRawLog(files, ObjectRawLog(bucket), as_objects=settings.LANGFUSE_RAW_LOG_FORM == "objects") if bucket else files
