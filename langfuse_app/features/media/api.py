"""Routes of media, and of the bytes behind our own links (spec/api.md §4.9)."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from starlette.requests import ClientDisconnect

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import answers
from langfuse_app.api.links import base_url
from langfuse_app.core.errors import InvalidRequestError
from langfuse_app.core.shapes import Message
from langfuse_app.features.media import service
from langfuse_app.features.media.schemas import MediaOut, MediaUpload, UploadGrant, UploadReport, disposition

router = APIRouter(tags=["media"])
_FILE = service.FILES + "{token}"
_PIECE_BYTES = 1 << 20
_BYTES = {"*/*": {"schema": {"type": "string", "format": "binary"}}}


@router.post("/api/public/media", status_code=201, responses=answers(UploadGrant, status=201))
def request_upload(scope: Project, body: MediaUpload, request: Request) -> UploadGrant:
    """Where to put the bytes of a file; no URL when they are here already."""
    return service.request_upload(scope, body, base_url(request))


@router.patch("/api/public/media/{media_id}", responses=answers(Message, 404))
def report_upload(scope: Project, media_id: str, body: UploadReport) -> Message:
    """Say how an upload went."""
    service.report_upload(scope, media_id, body)
    return Message(message="OK")


@router.get("/api/public/media/{media_id}", responses=answers(MediaOut, 404))
def get_media(scope: Project, media_id: str, request: Request) -> MediaOut:
    """One file, and a link to its bytes."""
    return service.get_media(scope, media_id, base_url(request))


@router.put(_FILE, responses=answers(None, 404), openapi_extra={"requestBody": {"required": True, "content": _BYTES}})
async def upload_file(token: str, request: Request) -> Response:
    """Take the bytes of a file. Open to whoever has the link, which is signed for exactly these bytes."""
    headers = request.headers
    receiver = await asyncio.to_thread(
        service.receive,
        token,
        content_type=headers.get("content-type", ""),
        content_length=headers.get("content-length"),
        checksum=headers.get("x-amz-checksum-sha256"),
    )
    try:
        async for piece in _pieces(request):
            await asyncio.to_thread(receiver.write, piece)
        await asyncio.to_thread(receiver.finish)
    except ClientDisconnect:
        raise InvalidRequestError("The connection ended before the upload did") from None
    finally:
        await asyncio.to_thread(receiver.discard)
    return Response()


@router.head(_FILE, include_in_schema=False)
@router.get(_FILE, responses=answers(None, 404))
def download_file(token: str) -> FileResponse:
    """The bytes of a file, ranges too. Open to whoever has the link; no script in it can run on our origin."""
    path, file = service.open_download(token)
    treated = disposition(path.name, file.content_type)
    headers = {
        "Content-Disposition": treated.header,
        "Content-Security-Policy": treated.policy,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "private, max-age=3600",
    }
    return FileResponse(path, media_type=file.content_type, headers=headers)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces that are worth a thread each."""
    gathered = bytearray()
    async for part in request.stream():
        gathered += part
        if len(gathered) >= _PIECE_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)
