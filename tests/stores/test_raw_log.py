"""Invariant 1, its first half: an acknowledged frame is on disk, whole, and found by its reference."""

import asyncio
import time
from itertools import pairwise
from pathlib import Path

import pytest

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.stores.raw_log import FileRawLog, FrameHeader, Ref, pack, unpack, unsealed
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


@pytest.mark.parametrize("ref", [Ref("20260501T100000-1a2b3c4d", 0, 512), Ref("rawlog/2026/05/01/10/0000/p@q+r/id.1f", 7, 1)])
def test_references_are_read_as_they_are_written(ref: Ref) -> None:
    assert Ref.parse(str(ref)) == ref


def test_sealed_segments_are_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay asks for one of their frames after the other, and to unpack a segment takes a tenth of a second."""
    log, unpacked, more = log_in(tmp_path), list[Path](), list[Ref]()
    plain = unsealed.unseal
    monkeypatch.setattr(unsealed, "unseal", lambda path, target: unpacked.append(path) or plain(path, target))
    refs = append(log, *[str(n).encode() * 200 for n in range(10)])
    for _ in range(unsealed.KEPT):
        log._abandon_segment()
        more += append(log, b"another segment")
    log.close()
    for path in log.segments():
        log.seal(path)
    for ref in [*refs, *reversed(refs)]:
        log.header(ref)
    assert len(unpacked) == 1
    for ref in more:
        log.read(ref)
    assert len(log._unsealed._files) == unsealed.KEPT
    log.read(refs[0])
    assert len(unpacked) == 1 + unsealed.KEPT + 1


def test_unpacked_segments_are_kept_for_a_while_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsealed, "KEPT_S", 0.05)
    log = log_in(tmp_path)
    [ref] = append(log, b"body")
    log.close()
    sealed = log.seal(log.segments()[0])
    assert log.read(ref).body == b"body"
    until = time.monotonic() + 5
    while log._unsealed._files and time.monotonic() < until:
        time.sleep(0.01)
    assert log._unsealed._files == {}
    assert log.read(ref).body == b"body"
    sealed.write_bytes(b"no zstd")
    with pytest.raises(ValueError, match="damaged segment"):
        log_in(tmp_path).read(ref)


def test_what_was_taken_out_of_a_sealed_segment_is_seen_no_more(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    [ref] = append(log, b"secret")
    log.close()
    sealed = log.seal(log.segments()[0])
    assert log.read(ref).body == b"secret"
    plain = tmp_path / "plain"
    plain.write_bytes(pack(header("r0"), b"public"))
    log.compress(plain, sealed)
    assert log.read(ref).body == b"public"


def test_readers_let_go_of_a_file_that_another_process_sealed(tmp_path: Path) -> None:
    """It would hold the disk, and show what was taken out of the sealed form since."""
    log, reader = log_in(tmp_path), log_in(tmp_path)
    [first] = append(log, b"first")
    assert reader.read(first).body == b"first"
    log._abandon_segment()
    sealed = log.seal(log.segments()[0])
    plain = tmp_path / "plain"
    plain.write_bytes(pack(header("r0"), b"other"))
    log.compress(plain, sealed)
    assert reader.read(first).body == b"other"
    [second] = append(log, b"second")
    assert reader.read(second).body == b"second"
    assert list(reader._read_fds) == [second.segment]
    log.close()


def test_a_nearly_full_disk_refuses_before_it_breaks(tmp_path: Path) -> None:
    log = log_in(tmp_path, reserve=1 << 60)
    with pytest.raises(ServiceUnavailableError, match="LANGFUSE_DISK_RESERVE_BYTES"):
        append(log, b"x")
    log.close()


def test_a_lost_segment_is_a_key_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        log_in(tmp_path).read(Ref("gone", 0, 10))
