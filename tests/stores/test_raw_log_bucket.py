"""The raw log in a bucket, without engines: names that tell everything, segments that move, copies that are bounded."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.stores.blobs import S3Blobs
from langfuse_app.stores.raw_log import (
    BucketRawLog,
    FileRawLog,
    FrameHeader,
    MovedSegments,
    ObjectRawLog,
    Ref,
    moved,
    objects,
    pack,
    unsealed,
)
from langfuse_app.stores.raw_log.objects import hour_of, name_of, named
from tests import running
from tests.s3 import S3, running_s3


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with running_s3() as server:
        yield server


@pytest.fixture
def bucket(s3: S3, tmp_path: Path) -> S3Blobs:
    return S3Blobs(s3.client, "events", f"{tmp_path.name}/")


@pytest.fixture
def log(bucket: S3Blobs, tmp_path: Path) -> Iterator[FileRawLog]:
    found = FileRawLog(tmp_path / "rawlog", 1 << 26, 600, 0, MovedSegments(bucket, tmp_path / "rawlog"))
    yield found
    found.close()


def header(request_id: str, received_at: int = 1_700_000_000_000_000, **more: Any) -> FrameHeader:
    return FrameHeader(request_id, "p", received_at, "json", "", {3: [0]}, **more)


def append(log: FileRawLog | ObjectRawLog | BucketRawLog, *bodies: bytes) -> list[Ref]:
    async def run() -> list[Ref]:
        return list(await asyncio.gather(*(log.append(header(f"r{n}"), body) for n, body in enumerate(bodies))))

    return running.run(run())


def sealed(log: FileRawLog, *bodies: bytes) -> tuple[list[Ref], Path]:
    refs = append(log, *bodies)
    log._abandon_segment()
    return refs, log.seal(next(path for path in log.segments() if path.name.startswith(refs[0].segment)))


def names(bucket: S3Blobs, folder: str = "") -> list[str]:
    return [listed.name for listed in bucket.page(folder)[0]]


# --- objects ------------------------------------------------------------------------------------


@given(
    project=st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()),
    received_at=st.integers(0, 4_000_000_000_000_000),
    shards=st.sets(st.integers(0, 31), min_size=1),
)
def test_a_name_tells_who_when_and_where(project: str, received_at: int, shards: set[int]) -> None:
    told = named(name_of(FrameHeader("r-1", project, received_at, "json", "", {shard: [0] for shard in shards})), 7)
    assert told is not None
    assert (told.project_id, told.request_id, told.shards, told.ref.length) == (project, "r-1", shards, 7)
    assert 0 <= received_at - told.received_at < 1_000_000


@pytest.mark.parametrize("name", ["rawlog/2026/11/25/15/0123456789abcdef", "rawlog/readme", "other/2026/11/25/15/0730/p/r.1"])
def test_a_name_of_another_make_tells_nothing(name: str) -> None:
    assert named(name, 1) is None


def test_requests_come_back_and_are_listed_in_their_order(bucket: S3Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "PAGE", 2)
    log = ObjectRawLog(bucket)
    first = 1_700_000_000_000_000
    for n in range(5):
        running.run(log.append(header(f"{5 - n}", first + n * 1_000_000), str(n).encode()))
    bucket.put(f"rawlog/{hour_of(first / 1e6)}/stranger", b"?")
    assert [log.read(request.ref).body for request in log.requests()] == [b"0", b"1", b"2", b"3", b"4"]
    page = log.page(hour_of(first / 1e6), "")
    assert ([request.request_id for request in page.requests], page.more) == (["5", "4"], True)
    log.close()


def test_a_header_is_read_without_its_body(bucket: S3Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    log, asked, get = ObjectRawLog(bucket), list[int | None](), bucket.get
    long = header("long", sdk_name="x" * 10_000)
    refs = [running.run(log.append(one, b"y" * 1_000_000)) for one in (header("short"), long)]
    monkeypatch.setattr(bucket, "get", lambda name, offset=0, length=None: asked.append(length) or get(name, offset, length))
    assert [log.header(ref) for ref in refs] == [header("short"), long]
    assert all(length is not None and length < 20_000 for length in asked)
    bucket.put("rawlog/tiny", b"?")
    with pytest.raises(ValueError, match="torn"):
        log.header(Ref("rawlog/tiny", 0, 1))
    with pytest.raises(KeyError):
        log.header(Ref("rawlog/absent", 0, 1))
    log.close()


def test_a_finished_hour_goes_whole(bucket: S3Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "PAGE", 2)
    log = ObjectRawLog(bucket)
    append(log, *[b"x"] * 5)
    hour = hour_of(1_700_000_000)
    log.finish(hour)
    assert (log.finished(), log.oldest()) == ([hour], hour)
    assert not log.drop(hour, until=0)  # no time left: the marker stays until all are gone
    assert log.finished() == [hour]
    assert log.drop(hour, until=float("inf"))
    assert (log.finished(), log.oldest(), names(bucket)) == ([], None, [])
    log.close()


# --- segments -----------------------------------------------------------------------------------


def test_a_moved_segment_is_read_back(log: FileRawLog, bucket: S3Blobs, tmp_path: Path) -> None:
    refs, path = sealed(log, *[str(n).encode() * 1000 for n in range(50)])
    assert log.moved is not None
    assert log.moved.take(path)
    assert (log.sealed(), names(bucket)) == ([], [f"rawlog-segments/{path.name}"])
    assert [log.read(ref).body for ref in refs] == [str(n).encode() * 1000 for n in range(50)]
    assert log.header(refs[7]).request_id == "r7"
    with pytest.raises(KeyError):
        log.read(Ref("20200101T000000-00000000", 0, 10))
    bucket.put("rawlog-segments/damaged.log.zst", b"no zstd")
    with pytest.raises(ValueError, match="damaged segment"):  # it is buried, and stops nobody
        log.read(Ref("damaged", 0, 10))


def test_a_segment_whose_move_was_cut_short_is_moved_again(log: FileRawLog, bucket: S3Blobs, tmp_path: Path) -> None:
    refs, path = sealed(log, b"one")
    assert log.moved is not None
    shutil.copy(path, tmp_path / "kept")
    log.moved.take(path)
    (tmp_path / "kept").rename(path)  # killed between the upload and the removal
    assert log.read(refs[0]).body == b"one"
    assert log.moved.take(path)
    assert (log.read(refs[0]).body, len(names(bucket)), log.sealed()) == (b"one", 1, [])


def test_a_segment_that_is_rewritten_while_it_moves_stays_for_the_next_round(
    log: FileRawLog, bucket: S3Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refs, path = sealed(log, b"one")
    put = bucket.put_verified

    def rewritten_meanwhile(name: str, file: Any) -> None:
        put(name, file)
        shutil.copy(path, tmp_path / "erased")
        (tmp_path / "erased").replace(path)

    assert log.moved is not None
    with monkeypatch.context() as patch:
        patch.setattr(bucket, "put_verified", rewritten_meanwhile)
        assert not log.moved.take(path)
    assert log.sealed() == [path]
    assert log.moved.take(path)
    assert log.read(refs[0]).body == b"one"


def test_a_bucket_that_is_away_loses_nothing(tmp_path: Path) -> None:
    with running_s3("away") as server:
        bucket = S3Blobs(server.client, "away", "")
        log = FileRawLog(tmp_path / "rawlog", 1 << 26, 600, 0, MovedSegments(bucket, tmp_path / "rawlog"))
        assert log.moved is not None
        there, path = sealed(log, b"there")
        log.moved.take(path)
        here, path = sealed(log, b"here")
    with pytest.raises(ServiceUnavailableError):
        log.moved.take(path)
    assert log.sealed() == [path]
    assert log.read(here[0]).body == b"here"
    with pytest.raises(ServiceUnavailableError):  # a KeyError would send the entry to the dead letters
        log.read(there[0])
    log.close()


def test_copies_are_bounded_and_show_nothing_old(log: FileRawLog, bucket: S3Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsealed, "KEPT", 2)
    refs, asked, reader = list[Ref](), list[str](), bucket.reader
    monkeypatch.setattr(bucket, "reader", lambda name: asked.append(name) or reader(name))
    assert log.moved is not None
    for n in range(3):
        mine, path = sealed(log, str(n).encode() * 10_000)
        log.moved.take(path)
        refs += mine
    for ref in (refs[0], refs[1], refs[0], refs[2], refs[0], refs[1]):
        log.read(ref)
    assert [name[16:-8] for name in asked] == [refs[n].segment for n in (0, 1, 2, 1)]
    other = tmp_path / "other"
    (tmp_path / "plain").write_bytes(pack(header("r0"), b"other"))
    log.compress(tmp_path / "plain", other)
    log.moved.replace(refs[1].segment, other)
    assert log.read(refs[1]).body == b"other"
    assert [path.name for path in (tmp_path / "rawlog").iterdir()] == []


def test_moved_segments_expire_by_the_time_they_were_begun(bucket: S3Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moved, "PAGE", 2)
    stamps = ["20260101T000000", "20260101T010000", "20260101T020000", "20260102T000000"]
    for stamp in stamps:
        bucket.put(f"rawlog-segments/{stamp}-aaaaaaaa.log.zst", b"")
    segments = MovedSegments(bucket, tmp_path / "rawlog")
    assert list(segments.segments()) == [f"{stamp}-aaaaaaaa" for stamp in stamps]
    segments.expire(1_767_315_600.0, until=float("inf"))  # 2026-01-02 01:00 UTC
    assert names(bucket) == []
    for stamp in stamps:
        bucket.put(f"rawlog-segments/{stamp}-aaaaaaaa.log.zst", b"")
    segments.expire(1_767_232_800.0, until=float("inf"))  # 2026-01-01 02:00 UTC
    assert [name[16:31] for name in names(bucket)] == stamps[2:]


@pytest.mark.parametrize("as_objects", [True, False])
def test_both_forms_are_read_whichever_is_written(bucket: S3Blobs, log: FileRawLog, as_objects: bool) -> None:
    """The setting can be changed at any time."""
    log_of = [BucketRawLog(log, ObjectRawLog(bucket), as_objects=form) for form in (as_objects, not as_objects)]
    refs = append(log_of[0], b"before") + append(log_of[1], b"after")
    assert ["/" in ref.segment for ref in refs] == [as_objects, not as_objects]
    assert [log_of[1].read(ref).body for ref in refs] == [b"before", b"after"]
    assert log_of[1].header(refs[0]).request_id == "r0"
    for one in log_of:
        one.close()


def test_a_machine_that_never_wrote_segments_misses_no_folder(bucket: S3Blobs, tmp_path: Path) -> None:
    files = FileRawLog(tmp_path / "nowhere", 1 << 26, 600, 0, MovedSegments(bucket, tmp_path / "rawlog"))
    with pytest.raises(KeyError):
        BucketRawLog(files, ObjectRawLog(bucket), as_objects=True).read(Ref("20260101T000000-aaaaaaaa", 0, 10))
    with pytest.raises(ServiceUnavailableError):
        BucketRawLog(files, ObjectRawLog(bucket), as_objects=False).read(Ref("20260101T000000-aaaaaaaa", 0, 10))
