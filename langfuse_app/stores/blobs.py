"""Blobs: files under the data folder by default, S3 where a bucket is configured."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from langfuse_app.core.settings import get_settings


class Blobs(Protocol):
    """Keys are '/'-separated; a missing key raises KeyError."""

    def put(self, name: str, data: bytes) -> None:
        """Store durably, replacing what was there."""
        ...

    def get(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """The bytes, or a range of them."""
        ...

    def delete(self, name: str) -> None:
        """Remove; absent is fine."""
        ...


class FileBlobs:
    """Blobs as files; a put is complete or not there."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, name: str) -> Path:
        """The file of a key, always below the root."""
        path = (self._root / name).resolve()
        if not path.is_relative_to(self._root.resolve()):
            raise ValueError("blob name leaves its folder")
        return path

    def put(self, name: str, data: bytes) -> None:
        """Write beside, flush to disk, move into place."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)

    def get(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """The bytes, or a range of them; KeyError when absent."""
        try:
            with self.path(name).open("rb") as file:
                file.seek(offset)
                return file.read(-1 if length is None else length)
        except FileNotFoundError:
            raise KeyError(name) from None

    def delete(self, name: str) -> None:
        """Remove; absent is fine."""
        self.path(name).unlink(missing_ok=True)


class S3Blobs:
    """Blobs as objects of one bucket."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client, self._bucket, self._prefix = client, bucket, prefix

    def put(self, name: str, data: bytes) -> None:
        """One PUT."""
        self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=data)

    def get(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """One GET, ranged when asked; KeyError when absent."""
        span = {} if length is None and not offset else {"Range": f"bytes={offset}-{'' if length is None else offset + length - 1}"}
        try:
            return self._client.get_object(Bucket=self._bucket, Key=self._prefix + name, **span)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            raise KeyError(name) from None

    def delete(self, name: str) -> None:
        """One DELETE; absent is fine."""
        self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)


def _s3() -> S3Blobs:
    import boto3  # 0.7 s to import and set up: only where S3 is used
    from botocore.config import Config

    settings = get_settings()
    style = "path" if settings.LANGFUSE_S3_EVENT_UPLOAD_FORCE_PATH_STYLE else "auto"
    client = boto3.client(
        "s3",
        region_name=settings.LANGFUSE_S3_EVENT_UPLOAD_REGION or None,
        endpoint_url=settings.LANGFUSE_S3_EVENT_UPLOAD_ENDPOINT or None,
        aws_access_key_id=settings.LANGFUSE_S3_EVENT_UPLOAD_ACCESS_KEY_ID or None,
        aws_secret_access_key=settings.LANGFUSE_S3_EVENT_UPLOAD_SECRET_ACCESS_KEY or None,
        config=Config(s3={"addressing_style": style}, connect_timeout=3, read_timeout=20, retries={"max_attempts": 2}),
    )
    return S3Blobs(client, settings.LANGFUSE_S3_EVENT_UPLOAD_BUCKET, settings.LANGFUSE_S3_EVENT_UPLOAD_PREFIX)


@lru_cache
def blobs() -> Blobs:
    """The blob store of this installation."""
    settings = get_settings()
    return _s3() if settings.LANGFUSE_S3_EVENT_UPLOAD_BUCKET else FileBlobs(settings.data_dir / "blobs")
