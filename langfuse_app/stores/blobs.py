"""Blobs: files under the data folder by default, S3 where a bucket is configured."""

import base64
import hashlib
import os
import shutil
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

from langfuse_app.core.ids import new_id
from langfuse_app.core.settings import get_settings

_UNFINISHED = ".unfinished"
_ABANDONED_S = 86_400


class BlobStoreError(Exception):
    """The store cannot do what was asked; the text is for the log."""


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


class FileUpload:
    """A blob that is written piece by piece in a folder of its own; it is in its place after `commit`, and not at all before."""

    def __init__(self, path: Path, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _discard_abandoned(folder)
        self._path = path
        self._beside = folder / new_id()
        self._file = self._beside.open("wb")

    def write(self, data: bytes) -> None:
        """Append."""
        self._file.write(data)

    def commit(self) -> None:
        """Flush to disk and move into place."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._beside.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self) -> None:
        """Leave nothing behind; after `commit` this does nothing."""
        self._file.close()
        self._beside.unlink(missing_ok=True)


def _discard_abandoned(folder: Path) -> None:
    """Remove what processes that were killed had begun to write."""
    for begun in folder.iterdir():
        with suppress(FileNotFoundError):
            if time.time() - begun.stat().st_mtime > _ABANDONED_S:
                begun.unlink()


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

    def upload(self, name: str) -> FileUpload:
        """Begin to write a blob of any size."""
        return FileUpload(self.path(name), self._root / _UNFINISHED)

    def free_bytes(self) -> int:
        """How much the disk can still take."""
        self._root.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._root).free

    def put(self, name: str, data: bytes) -> None:
        """Write beside, flush to disk, move into place."""
        upload = self.upload(name)
        try:
            upload.write(data)
            upload.commit()
        finally:
            upload.discard()

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


class Listed(NamedTuple):
    """A key and its bytes, as a listing tells them."""

    name: str
    size: int


@contextmanager
def _told() -> Generator[None]:
    """What the store says when it refuses or is away, as BlobStoreError."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise BlobStoreError(f"{type(error).__name__}: {error}") from error


class S3Blobs:
    """Blobs as objects of one bucket."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client, self._bucket, self._prefix = client, bucket, prefix

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self._bucket

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

    def put_file(self, name: str, file: BinaryIO, content_type: str) -> None:
        """A file of any size, in parts where it is large. BlobStoreError says what the store said."""
        with _told():
            self._client.upload_fileobj(file, self._bucket, self._prefix + name, ExtraArgs={"ContentType": content_type})

    def put_verified(self, name: str, file: BufferedReader) -> None:
        """A file in one PUT (5 GB at most) which the store checks by its MD5; then the store is asked for its size. BlobStoreError."""
        md5, size = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)), file.tell()
        file.seek(0)
        with _told():
            place = {"Bucket": self._bucket, "Key": self._prefix + name}
            self._client.put_object(**place, Body=file, ContentLength=size, ContentMD5=base64.b64encode(md5.digest()).decode())
            stored = self._client.head_object(**place)["ContentLength"]
        if stored != size:
            raise BlobStoreError(f"{name}: {stored} of {size} bytes arrived")

    def reader(self, name: str) -> BinaryIO:
        """The bytes as a stream; KeyError when absent, BlobStoreError."""
        try:
            with _told():
                return self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"]
        except BlobStoreError as error:
            if isinstance(error.__cause__, self._client.exceptions.NoSuchKey):
                raise KeyError(name) from None
            raise

    def page(self, folder: str, after: str = "", limit: int = 1_000) -> tuple[list[Listed], bool]:
        """Up to `limit` (1 000) keys below a folder, in their order, behind the key `after`; and whether more come. BlobStoreError."""
        start = {"StartAfter": self._prefix + after} if after else {}
        with _told():
            answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix + folder, MaxKeys=limit, **start)
        found = [Listed(entry["Key"].removeprefix(self._prefix), entry["Size"]) for entry in answer.get("Contents", ())]
        return found, bool(answer["IsTruncated"])

    def delete_all(self, names: Sequence[str]) -> None:
        """Remove up to 1 000 keys with one request; absent ones are fine. BlobStoreError."""
        if not names:
            return
        with _told():
            keys = [{"Key": self._prefix + name} for name in names]
            answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True})
        if refused := answer.get("Errors"):
            raise BlobStoreError(f"{len(refused)} of {len(names)} keys were not removed: {refused[0].get('Code')}")

    def put_url(self, name: str, *, content_type: str, length: int, sha256: str, lifetime_s: int) -> str:
        """A link for a PUT of exactly these bytes: type, length and base64 SHA-256 are signed. BlobStoreError."""
        wanted = {"ContentType": content_type, "ContentLength": length, "ChecksumSHA256": sha256}
        return self._link("put_object", name, wanted, lifetime_s)

    def get_url(self, name: str, *, content_type: str, disposition: str, lifetime_s: int) -> str:
        """A link for GETs, answered with this Content-Type and Content-Disposition. BlobStoreError."""
        return self._link("get_object", name, {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}, lifetime_s)

    def _link(self, operation: str, name: str, more: dict[str, Any], lifetime_s: int) -> str:
        params = {"Bucket": self._bucket, "Key": self._prefix + name, **more}
        with _told():
            return self._client.generate_presigned_url(operation, Params=params, ExpiresIn=lifetime_s)


def s3_client(*, region: str, endpoint: str, access_key_id: str, secret_access_key: str, force_path_style: bool) -> Any:
    """A client of boto3; what is empty comes from boto3's own chain."""
    import boto3  # 0.7 s to import and set up: only where S3 is used
    from botocore.config import Config

    return boto3.client(
        "s3",
        region_name=region or None,
        endpoint_url=endpoint or None,
        aws_access_key_id=access_key_id or None,
        aws_secret_access_key=secret_access_key or None,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if force_path_style else "auto"},
            # A link must ask for no checksum but the one that was named when it was made.
            request_checksum_calculation="when_required",
            connect_timeout=3,
            read_timeout=20,
            retries={"max_attempts": 2},
        ),
    )


def _configured(kind: str) -> S3Blobs | None:
    """The bucket of LANGFUSE_S3_<kind>_UPLOAD_*, None where no bucket is named."""
    settings = get_settings()

    def value(name: str) -> Any:
        return getattr(settings, f"LANGFUSE_S3_{kind}_UPLOAD_{name}")

    if not value("BUCKET"):
        return None
    client = s3_client(
        region=value("REGION"),
        endpoint=value("ENDPOINT"),
        access_key_id=value("ACCESS_KEY_ID"),
        secret_access_key=value("SECRET_ACCESS_KEY"),
        force_path_style=value("FORCE_PATH_STYLE"),
    )
    return S3Blobs(client, value("BUCKET"), value("PREFIX"))


@lru_cache
def event_bucket() -> S3Blobs | None:
    """The bucket of the raw log, None where there is none."""
    return _configured("EVENT")


@lru_cache
def blobs() -> FileBlobs | S3Blobs:
    """The blob store of this installation."""
    return event_bucket() or FileBlobs(get_settings().data_dir / "blobs")


@lru_cache
def media_blobs() -> FileBlobs | S3Blobs:
    """Where media are kept: a bucket of their own, or beside everything else."""
    return _configured("MEDIA") or blobs()
