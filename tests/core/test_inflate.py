"""Bodies are inflated to a bound, whatever they claim."""

import gzip
import zlib

import pytest
import zstandard

from langfuse_app.core.inflate import BodyTooLargeError, InflateError, inflate

PLAIN = b'{"batch": []}' * 100


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", PLAIN),
        ("gzip", gzip.compress(PLAIN)),
        ("deflate", zlib.compress(PLAIN)),
        ("zstd", zstandard.compress(PLAIN)),
        ("br", PLAIN),  # an unknown encoding is taken as plain
    ],
)
def test_every_encoding_gives_the_plain_body(encoding: str, body: bytes) -> None:
    assert inflate(body, encoding, 10_000) == PLAIN


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstandard.compress)])
def test_a_bomb_stops_at_the_limit(encoding: str, pack: object) -> None:
    bomb = pack(b"\x00" * 50_000_000)  # type: ignore[operator]
    with pytest.raises(BodyTooLargeError, match="1000000"):
        inflate(bomb, encoding, 1_000_000)


def test_a_plain_body_over_the_limit_is_refused() -> None:
    with pytest.raises(BodyTooLargeError):
        inflate(b"x" * 11, "", 10)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
@pytest.mark.parametrize("body", [b"not compressed", gzip.compress(PLAIN)[:-4]])
def test_a_damaged_body_is_an_error(encoding: str, body: bytes) -> None:
    with pytest.raises(InflateError, match="decompress"):
        inflate(body, encoding, 10_000)
