"""Request bodies by content encoding, inflated to a bound: a bomb stops at its limit, not at the machine's."""

import zstandard
from isal import isal_zlib

from langfuse_app.core.errors import AppError

ENCODINGS = ("", "identity", "gzip", "deflate", "zstd")


class BodyTooLargeError(AppError):
    """413: the body, inflated, is over the limit of its route."""

    status = 413
    name = "PayloadTooLargeError"


class InflateError(AppError):
    """400: the body is not what its content encoding says."""

    status = 400
    name = "InvalidRequestError"


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """The plain body, at most `limit` bytes of it; unknown encodings are taken as plain (spec/api.md §6.1)."""
    if encoding == "gzip":
        return _bounded(isal_zlib.decompressobj(31), body, limit)
    if encoding == "deflate":
        return _bounded(isal_zlib.decompressobj(15), body, limit)
    if encoding == "zstd":
        return _zstd(body, limit)
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"Request body is over {limit} bytes: send smaller batches")


def _bounded(stream: "isal_zlib.Decompress", body: bytes, limit: int) -> bytes:
    try:
        plain = stream.decompress(body, limit + 1)
    except isal_zlib.error as error:  # pyright: ignore[reportGeneralTypeIssues] - its stub says Exception
        raise InflateError("Failed to decompress request body") from error
    if len(plain) > limit:
        raise _too_large(limit)
    if not stream.eof:
        raise InflateError("Failed to decompress request body")
    return plain


def _zstd(body: bytes, limit: int) -> bytes:
    try:
        with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(body) as reader:
            plain = reader.read(limit + 1)
    except zstandard.ZstdError as error:
        raise InflateError("Failed to decompress request body") from error
    if len(plain) > limit:
        raise _too_large(limit)
    return plain
