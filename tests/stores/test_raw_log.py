"""Invariant 1, its first half: an acknowledged frame is on disk, whole, and found by its reference."""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.stores.raw_log import FileRawLog, FrameHeader, Ref, pack, unpack
from tests import running


def header(request_id: str = "r1") -> FrameHeader:
    return FrameHeader(request_id, "p1", 1_700_000_000_000_000, "json", "gzip", {3: [0, 2], 7: [1]}, public_key="pk")


def log_in(folder: Path, rotate_bytes: int = 1 << 26, reserve: int = 0) -> FileRawLog:
    return FileRawLog(folder, rotate_bytes, 600, reserve)


def append(log: FileRawLog, *bodies: bytes) -> list[Ref]:
    async def run() -> list[Ref]:
        return list(await asyncio.gather(*(log.append(header(f"r{n}"), body) for n, body in enumerate(bodies))))

    return running.run(run())


def test_frames_come_back_as_they_went(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    refs = append(log, b"one", b"", b"\x00" * 100_000)
    frames = [log.read(ref) for ref in refs]
    assert [frame.body for frame in frames] == [b"one", b"", b"\x00" * 100_000]
    assert frames[0].header.routes == {3: [0, 2], 7: [1]}
    log.close()


def test_concurrent_appends_share_a_segment_and_never_overlap(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    refs = sorted(append(log, *[b"x" * n for n in range(200)]), key=lambda ref: ref.offset)
    assert len({ref.segment for ref in refs}) == 1
    assert all(a.offset + a.length == b.offset for a, b in pairwise(refs))
    log.close()


def test_a_torn_tail_ends_the_scan(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    append(log, b"a", b"b", b"c")
    log.close()
    [path] = log.segments()
    whole = path.read_bytes()
    path.write_bytes(whole + pack(header("torn"), b"never acknowledged")[:-5])
    assert [found.request_id for found, _ in log.scan(path)] == ["r0", "r1", "r2"]


def test_damage_is_seen() -> None:
    data = bytearray(pack(header(), b"payload"))
    data[-1] ^= 1
    with pytest.raises(ValueError, match="damaged"):
        unpack(bytes(data), Ref("s", 0, len(data)))


def test_segments_rotate_by_size(tmp_path: Path) -> None:
    log = log_in(tmp_path, rotate_bytes=500)
    segments = {append(log, b"x" * 900)[0].segment for _ in range(3)}
    log.close()
    assert len(segments) == 3


def test_references_stay_good_when_a_segment_is_sealed(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    refs = append(log, *[str(n).encode() * 1000 for n in range(50)])
    log.read(refs[0])
    log.close()
    sealed = log.seal(log.segments()[0])
    assert not log.segments()
    assert sealed.stat().st_size < 50_000
    assert log_in(tmp_path).read(refs[49]).body == b"49" * 1000


def test_a_nearly_full_disk_refuses_before_it_breaks(tmp_path: Path) -> None:
    log = log_in(tmp_path, reserve=1 << 60)
    with pytest.raises(ServiceUnavailableError, match="LANGFUSE_DISK_RESERVE_BYTES"):
        append(log, b"x")
    log.close()


def test_a_lost_segment_is_a_key_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        log_in(tmp_path).read(Ref("gone", 0, 10))
