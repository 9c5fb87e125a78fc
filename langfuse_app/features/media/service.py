"""Media: files by their content, uploaded and fetched through signed links (spec/api.md §4.9, spec/wire.md §2)."""

import base64
import hashlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from langfuse_app.core.errors import AppError, InvalidRequestError, NotFoundError, ServiceUnavailableError, ValidationFailedError
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import get_settings
from langfuse_app.core.signing import sign, verify
from langfuse_app.core.time import iso_ms, to_us, utcnow
from langfuse_app.features.media import repository
from langfuse_app.features.media.models import DatasetItemMedia, Media, ObservationMedia, TraceMedia
from langfuse_app.features.media.references import Reference, find_references
from langfuse_app.features.media.schemas import (
    ItemVersion,
    MediaOut,
    MediaReference,
    MediaUpload,
    ReferencedMedia,
    SignedFile,
    UploadGrant,
    UploadReport,
    disposition,
    is_success,
)
from langfuse_app.stores.blobs import BlobStoreError, FileBlobs, S3Blobs, media_blobs

log = logging.getLogger(__name__)

FILES = "/api/public/media/files/"  # where our own links lead
_UPLOAD, _DOWNLOAD = "media upload", "media download"  # what links are signed for
_UPLOAD_LIFETIME_S = 3600
_DELETED_AT_ONCE = 500


class MediaStoreError(AppError):
    """500: the store of media cannot make a link."""


def request_upload(scope: ProjectScope, new: MediaUpload, base_url: str) -> UploadGrant:
    """Link a file to its place; where to put its bytes, unless they are here already.

    `base_url` is where the caller reaches us. ValidationFailedError over the size limit; MediaStoreError.
    """
    limit = get_settings().LANGFUSE_S3_MEDIA_MAX_CONTENT_LENGTH
    if new.content_length > limit:
        message = f"File size must be at most {limit} bytes (LANGFUSE_S3_MEDIA_MAX_CONTENT_LENGTH)"
        raise ValidationFailedError([{"code": "too_big", "path": ["contentLength"], "message": message}])
    stored = repository.put(_row(scope, new), _link(scope, new))
    if is_success(stored.upload_http_status):
        return UploadGrant(media_id=stored.id, upload_url=None)
    try:
        return UploadGrant(media_id=stored.id, upload_url=_upload_url(stored, base_url))
    except BlobStoreError as error:
        log.error("no upload link for media %s: %s", stored.id, error)
        raise MediaStoreError("Failed to get media upload URL") from error


def report_upload(scope: ProjectScope, media_id: str, result: UploadReport) -> None:
    """Note how an upload went; safe to repeat, and a success is never taken back. NotFoundError."""
    if not repository.report(scope, media_id, result):
        raise NotFoundError("Media asset not found")


def get_media(scope: ProjectScope, media_id: str, base_url: str) -> MediaOut:
    """One file with a link to its bytes; NotFoundError until its upload was reported as done."""
    found = repository.one(scope, media_id)
    if found is None:
        raise NotFoundError("Media asset not found")
    if found.upload_http_status is None:
        raise NotFoundError("Media not yet uploaded")
    if not is_success(found.upload_http_status):
        raise NotFoundError(f"Media upload failed with status {found.upload_http_status}: {found.upload_http_error or 'no reason given'}")
    return _out(found, base_url)


def describe(scope: ProjectScope, media_ids: Collection[str], base_url: str) -> dict[str, MediaOut]:
    """Those of the files whose bytes are stored, by id: for what shows references."""
    return {found.id: _out(found, base_url) for found in repository.uploaded(scope, media_ids)}


def references(scope: ProjectScope, items: Sequence[Mapping[str, Any]], base_url: str) -> list[list[MediaReference]]:
    """What each of some dataset items refers to; an item is given as its fields by their names on the wire."""
    found = [find_references(fields) for fields in items]
    ids = {reference.media_id for references in found for reference in references}
    known = describe(scope, ids, base_url) if ids else {}
    return [[_reference(one, known[one.media_id]) for one in references if one.media_id in known] for references in found]


def _reference(found: Reference, media: MediaOut) -> MediaReference:
    shown = ReferencedMedia.model_validate(media)
    return MediaReference(field=found.field, reference_string=found.text, json_path=found.json_path, media=shown)


def link_item(scope: ProjectScope, version: ItemVersion, fields: Mapping[str, Any]) -> None:
    """Note what a new version of a dataset item refers to, so that those files stay when their traces go."""
    found = find_references(fields)
    if found:
        repository.link_item(scope, version, found)


def forget_traces(scope: ProjectScope, trace_ids: Sequence[str]) -> int:
    """Delete the links of traces that go away, and the files that nothing else refers to; how many files."""
    return repository.unlink_traces(scope, trace_ids, media_blobs().delete)


def forget_project(scope: ProjectScope) -> int:
    """Delete all files of a project that goes away; how many."""
    return _in_portions(lambda limit: repository.delete_some(scope, limit, media_blobs().delete))


def forget_before(scope: ProjectScope, before: datetime) -> int:
    """Delete the files that were last sent before, but not those of dataset items, which do not age; how many."""
    return _in_portions(lambda limit: repository.delete_old(scope, before, limit, media_blobs().delete))


def _in_portions(delete: Callable[[int], int]) -> int:
    """Every portion is a transaction of its own, so that few rows are locked for long."""
    files = 0
    while deleted := delete(_DELETED_AT_ONCE):
        files += deleted
    return files


def _row(scope: ProjectScope, new: MediaUpload) -> Media:
    store = media_blobs()
    return Media(
        project_id=scope.project_id,
        id=new.media_id,
        sha_256_hash=new.sha256_hash,
        bucket_path=f"media/{scope.project_id}/{new.media_id}",
        bucket_name=store.bucket if isinstance(store, S3Blobs) else "",
        content_type=new.content_type,
        content_length=new.content_length,
    )


def _link(scope: ProjectScope, new: MediaUpload) -> repository.Link:
    place: dict[str, Any] = {"project_id": scope.project_id, "media_id": new.media_id, "field": new.field}
    if new.dataset_id is not None and new.dataset_item_id is not None:
        return DatasetItemMedia(**place, dataset_id=new.dataset_id, dataset_item_id=new.dataset_item_id)
    place |= {"trace_id": new.trace_id, "origin": "CLIENT_UPLOAD"}
    if new.observation_id is None:
        return TraceMedia(**place)
    return ObservationMedia(**place, observation_id=new.observation_id)


def _upload_url(media: Media, base_url: str) -> str:
    store = media_blobs()
    if isinstance(store, S3Blobs):
        return store.put_url(
            media.bucket_path,
            content_type=media.content_type,
            length=media.content_length,
            sha256=media.sha_256_hash,
            lifetime_s=_UPLOAD_LIFETIME_S,
        )
    file = SignedFile(media.bucket_path, media.content_type, media.content_length, media.sha_256_hash)
    return _own_url(_UPLOAD, file, base_url, _UPLOAD_LIFETIME_S)


def _out(media: Media, base_url: str) -> MediaOut:
    lifetime_s = get_settings().LANGFUSE_S3_MEDIA_DOWNLOAD_URL_EXPIRY_SECONDS
    return MediaOut(
        media_id=media.id,
        content_type=media.content_type,
        content_length=media.content_length,
        uploaded_at=media.uploaded_at or media.updated_at,
        url=_download_url(media, base_url, lifetime_s),
        url_expiry=iso_ms(utcnow() + timedelta(seconds=lifetime_s)),
    )


def _download_url(media: Media, base_url: str, lifetime_s: int) -> str:
    store = media_blobs()
    if isinstance(store, S3Blobs):
        header = disposition(media.id, media.content_type).header
        return store.get_url(media.bucket_path, content_type=media.content_type, disposition=header, lifetime_s=lifetime_s)
    return _own_url(_DOWNLOAD, SignedFile(media.bucket_path, media.content_type), base_url, lifetime_s)


def _own_url(purpose: str, file: SignedFile, base_url: str, lifetime_s: int) -> str:
    expires_at = to_us(utcnow()) // 1_000_000 + lifetime_s
    return base_url + FILES + sign(purpose, asdict(file), expires_at)


# --- the bytes behind our own links: written and read in pieces, never whole in memory -------------------------------


class Receiver:
    """Takes the bytes of one upload; they are there once `finish` found them to be those that the link was made for."""

    def __init__(self, store: FileBlobs, wanted: SignedFile) -> None:
        self._wanted = wanted
        self._upload = store.upload(wanted.blob)
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> None:
        """Take some more; InvalidRequestError beyond the length that was signed."""
        self._size += len(data)
        if self._size > self._wanted.length:
            raise InvalidRequestError(f"The body is longer than the {self._wanted.length} bytes this link is for")
        self._hash.update(data)
        self._upload.write(data)

    def finish(self) -> None:
        """Store the bytes; InvalidRequestError when they are too few, or not those of the hash."""
        if self._size != self._wanted.length:
            raise InvalidRequestError(f"The body has {self._size} bytes, this link is for {self._wanted.length}")
        if base64.b64encode(self._hash.digest()).decode() != self._wanted.sha256:
            raise InvalidRequestError("The SHA-256 of the body is not the one this link is for")
        self._upload.commit()

    def discard(self) -> None:
        """Leave nothing half-written behind; call it in any case."""
        self._upload.discard()


def receive(token: str, *, content_type: str, content_length: str | None, checksum: str | None) -> Receiver:
    """Begin an upload to a link of ours.

    ForbiddenError when the link is wrong or expired; InvalidRequestError when the headers announce other bytes than the link
    is for; ServiceUnavailableError when the disk is nearly full.
    """
    wanted = SignedFile(**_claims(_UPLOAD, token))
    if content_type != wanted.content_type:
        raise InvalidRequestError(f"Content-Type must be {wanted.content_type}")
    if content_length is not None and content_length != str(wanted.length):
        raise InvalidRequestError(f"Content-Length must be {wanted.length}")
    if checksum is not None and checksum != wanted.sha256:
        raise InvalidRequestError(f"x-amz-checksum-sha256 must be {wanted.sha256}")
    store = _files()
    if store.free_bytes() - wanted.length < get_settings().LANGFUSE_DISK_RESERVE_BYTES:
        raise ServiceUnavailableError("The disk is nearly full (LANGFUSE_DISK_RESERVE_BYTES)")
    return Receiver(store, wanted)


def open_download(token: str) -> tuple[Path, SignedFile]:
    """The file behind a link of ours, and what it is. ForbiddenError when the link is wrong or expired; NotFoundError."""
    wanted = SignedFile(**_claims(_DOWNLOAD, token))
    path = _files().path(wanted.blob)
    if not path.is_file():
        raise NotFoundError("Media asset not found")
    return path, wanted


def _claims(purpose: str, token: str) -> dict[str, Any]:
    return {name: value for name, value in verify(purpose, token).items() if name != "exp"}


def _files() -> FileBlobs:
    store = media_blobs()
    if not isinstance(store, FileBlobs):
        raise NotFoundError("Media are not kept in files here")
    return store
