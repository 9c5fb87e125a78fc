"""Frames: what the raw log is made of.

A frame is `magic, header length, body length, crc32c` and then header (msgpack) and body, as it was received.
"""

import struct

import crc32c
import msgspec

OPEN, SEALED = ".log", ".log.zst"  # the ends of a segment's file
PREFIX = struct.Struct("<4sIII")
MAGIC = b"LFR1"


class FrameHeader(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a request without its body. `routes` maps a shard to the event indexes that belong to it."""

    request_id: str
    project_id: str
    received_at: int
    content: str  # json, otlp-protobuf, otlp-json
    encoding: str  # '', gzip, zstd, deflate: the body is kept as it came
    routes: dict[int, list[int]]
    public_key: str = ""
    sdk_name: str = ""
    sdk_version: str = ""
    ingestion_version: str = ""
    scores_only: bool = False
    filler: str = ""  # bytes behind the body of a frame that lost events, in digits of fixed width

    @staticmethod
    def fill(length: int) -> str:
        """`length` as `filler` holds it: every length takes the same room."""
        return f"{length:010d}"


class Ref(msgspec.Struct, frozen=True, array_like=True):
    """Where a frame lies: the only thing the streams carry."""

    segment: str
    offset: int
    length: int

    def __str__(self) -> str:
        return f"{self.segment}@{self.offset}+{self.length}"

    @staticmethod
    def parse(text: str) -> "Ref":
        """The reference that reads so; ValueError when none does."""
        segment, _, place = text.rpartition("@")
        offset, _, length = place.partition("+")
        return Ref(segment, int(offset), int(length))


class Frame(msgspec.Struct, frozen=True):
    """A frame as read back."""

    header: FrameHeader
    body: bytes
    ref: Ref


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(FrameHeader)


def decode_header(data: bytes) -> FrameHeader:
    """A header's bytes as read back; ValueError when they are torn or damaged."""
    return _decoder.decode(data)


def pieces(header: FrameHeader, body: bytes) -> tuple[bytes, bytes]:
    """The bytes of a frame in two pieces, so that a big body is never copied."""
    head = _encoder.encode(header)
    crc = crc32c.crc32c(body, crc32c.crc32c(head))
    return PREFIX.pack(MAGIC, len(head), len(body), crc) + head, body


def pack(header: FrameHeader, body: bytes) -> bytes:
    """The bytes of a frame."""
    return b"".join(pieces(header, body))


def unpack_header(data: bytes, ref: Ref) -> FrameHeader:
    """The header alone, also where the body is torn or damaged; ValueError when it is damaged itself."""
    if len(data) < PREFIX.size:
        raise ValueError(f"torn frame at {ref}")
    magic, head_length, _body_length, _crc = PREFIX.unpack_from(data)
    if magic != MAGIC:
        raise ValueError(f"torn frame at {ref}")
    return decode_header(data[PREFIX.size : PREFIX.size + head_length])


def unpack(data: bytes, ref: Ref) -> Frame:
    """The frame in `data`; ValueError when it is torn or damaged."""
    if len(data) < PREFIX.size:
        raise ValueError(f"torn frame at {ref}")
    magic, head_length, body_length, crc = PREFIX.unpack_from(data)
    end = PREFIX.size + head_length + body_length
    if magic != MAGIC or len(data) < end:
        raise ValueError(f"torn frame at {ref}")
    head, body = data[PREFIX.size : PREFIX.size + head_length], data[PREFIX.size + head_length : end]
    if crc32c.crc32c(body, crc32c.crc32c(head)) != crc:
        raise ValueError(f"damaged frame at {ref}")
    return Frame(decode_header(head), body, ref)
