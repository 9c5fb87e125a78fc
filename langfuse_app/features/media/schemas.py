"""Shapes of media (spec/api.md §4.9, §13 MediaContentType)."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field, model_validator

from langfuse_app.core.shapes import LONGEST_NAME, WHOLE, Body, BodyTime, Shape, WireTime, examples

# The content types that may be uploaded, with the file name ending of each.
ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/jpg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/svg+xml": "svg",
    "image/tiff": "tiff",
    "image/bmp": "bmp",
    "image/avif": "avif",
    "image/heic": "heic",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/wav": "wav",
    "audio/ogg": "ogg",
    "audio/oga": "oga",
    "audio/aac": "aac",
    "audio/mp4": "m4a",
    "audio/flac": "flac",
    "audio/opus": "opus",
    "audio/webm": "weba",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "video/mpeg": "mpeg",
    "video/quicktime": "mov",
    "video/x-msvideo": "avi",
    "video/x-matroska": "mkv",
    "text/plain": "txt",
    "text/html": "html",
    "text/css": "css",
    "text/csv": "csv",
    "text/markdown": "md",
    "text/x-python": "py",
    "application/javascript": "js",
    "text/x-typescript": "ts",
    "application/x-yaml": "yaml",
    "application/pdf": "pdf",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/zip": "zip",
    "application/json": "json",
    "application/xml": "xml",
    "application/octet-stream": "bin",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/rtf": "rtf",
    "application/x-ndjson": "ndjson",
    "application/vnd.apache.parquet": "parquet",
    "application/gzip": "gz",
    "application/x-tar": "tar",
    "application/x-7z-compressed": "7z",
}
# What a browser may show on our own origin: nothing here can carry a script. Everything else is offered as a download.
_SHOWN = ("image/", "audio/", "video/")
_SHOWN_TOO = ("text/plain", "application/pdf")
_SCRIPTABLE = ("image/svg+xml",)
_TRACE_FIELDS = ("input", "output", "metadata")
_DATASET_FIELDS = ("input", "expectedOutput", "metadata")


def _content_type(value: str) -> str:
    if value not in ENDINGS:
        raise ValueError(f"Unknown content type; known are: {', '.join(ENDINGS)}")
    return value


def _sha256(value: str) -> str:
    try:
        whole = len(base64.b64decode(value, validate=True)) == 32
    except binascii.Error:
        whole = False
    if not whole:
        raise ValueError("must be the base64 form of a SHA-256: 44 characters")
    return value


ContentType = Annotated[str, AfterValidator(_content_type), Field(json_schema_extra={"enum": list(ENDINGS)})]
PlaceId = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME // 2)]  # two of them share an index
Sha256 = Annotated[
    str,
    AfterValidator(_sha256),
    Field(min_length=44, max_length=44, json_schema_extra={"pattern": "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$"}),
]


class MediaUpload(Body):
    """Body of POST: what will be uploaded, and the one place it belongs to: a trace (and observation), or a dataset item."""

    model_config = examples(
        {
            "traceId": "trace-1",
            "contentType": "image/png",
            "contentLength": 4,
            "sha256Hash": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
            "field": "input",
        }
    )

    trace_id: PlaceId | None = None
    observation_id: PlaceId | None = None
    dataset_id: PlaceId | None = None
    dataset_item_id: PlaceId | None = None
    content_type: ContentType
    content_length: Annotated[int, Field(gt=0, description="Bytes."), WHOLE]
    sha256_hash: Sha256 = Field(alias="sha256Hash")
    field: Annotated[str, Field(json_schema_extra={"enum": ["input", "output", "expectedOutput", "metadata"]})]

    @property
    def media_id(self) -> str:
        """The first 22 characters of the url-safe base64 of the hash."""
        return self.sha256_hash.translate(str.maketrans("+/", "-_"))[:22]

    @model_validator(mode="after")
    def _one_place(self) -> "MediaUpload":
        of_item = self.dataset_id is not None or self.dataset_item_id is not None
        if (self.trace_id is not None) == of_item:
            raise ValueError("Give either traceId (and observationId), or datasetId and datasetItemId")
        if of_item and (self.dataset_id is None or self.dataset_item_id is None or self.observation_id is not None):
            raise ValueError("datasetId and datasetItemId are given together, without observationId")
        fields = _DATASET_FIELDS if of_item else _TRACE_FIELDS
        if self.field not in fields:
            raise ValueError(f"field: must be one of {', '.join(fields)}")
        return self


class UploadReport(Body):
    """Body of PATCH: how the upload went, as the client saw it. uploadTimeMs: milliseconds."""

    model_config = examples({"uploadedAt": "2026-05-01T10:00:00Z", "uploadHttpStatus": 200, "uploadTimeMs": 120})

    uploaded_at: BodyTime
    upload_http_status: Annotated[int, Field(ge=0, le=999), WHOLE]
    upload_http_error: str | None = None
    upload_time_ms: Annotated[int, WHOLE] | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the bytes are stored."""
        return is_success(self.upload_http_status)


def is_success(status: int | None) -> bool:
    """Whether an upload's HTTP status means that the bytes are stored."""
    return status in (200, 201)


class UploadGrant(Shape):
    """The answer to POST; no URL means that the bytes are here already."""

    media_id: str
    upload_url: str | None


class MediaOut(Shape):
    """One file and a link to its bytes, which needs no key and works until `urlExpiry`. contentLength: bytes."""

    media_id: str
    content_type: str
    content_length: int
    uploaded_at: WireTime
    url: str
    url_expiry: str


class ReferencedMedia(Shape):
    """A file that a dataset item refers to. contentLength: bytes."""

    media_id: str
    content_type: str
    content_length: int
    url: str
    url_expiry: str


class MediaReference(Shape):
    """Where a dataset item refers to a file (spec/api.md §13 DatasetItemMediaReference)."""

    field: str
    reference_string: str
    json_path: str
    media: ReferencedMedia


class ItemVersion(NamedTuple):
    """One version of a dataset item."""

    dataset_id: str
    item_id: str
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class SignedFile:
    """What a link of ours is good for: one blob, and for uploads exactly these bytes. length: bytes; sha256: base64."""

    blob: str
    content_type: str
    length: int = 0
    sha256: str = ""


class Disposition(NamedTuple):
    """How a browser is told to treat a file."""

    header: str
    policy: str


def disposition(media_id: str, content_type: str) -> Disposition:
    """Content-Disposition and Content-Security-Policy of a file: shown only when no script can run in it, and sandboxed even then."""
    shown = (content_type.startswith(_SHOWN) and content_type not in _SCRIPTABLE) or content_type in _SHOWN_TOO
    way = "inline" if shown else "attachment"
    sandbox = "" if content_type == "application/pdf" else "; sandbox"  # the viewers of browsers do not start in a sandbox
    return Disposition(f'{way}; filename="{media_id}.{ENDINGS[content_type]}"', f"default-src 'none'; style-src 'unsafe-inline'{sandbox}")
