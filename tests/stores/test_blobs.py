"""Blobs on files and on S3 behave alike; S3 is moto's server, spoken to over HTTP."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from langfuse_app.stores.blobs import Blobs, FileBlobs, S3Blobs
from langfuse_app.stores.raw_log import FrameHeader, ObjectRawLog
from tests import running
from tests.s3 import S3, running_s3


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    with running_s3() as server:
        yield server


@pytest.fixture(params=["files", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "files":
        return FileBlobs(tmp_path)
    return S3Blobs(request.getfixturevalue("s3").client, "events", f"prefix/{tmp_path.name}/")


def test_a_blob_comes_back(blobs: Blobs) -> None:
    blobs.put("a/b/c", b"0123456789")
    assert blobs.get("a/b/c") == b"0123456789"
    assert blobs.get("a/b/c", 2, 3) == b"234"
    blobs.put("a/b/c", b"new")
    assert blobs.get("a/b/c") == b"new"


def test_an_absent_blob_is_a_key_error(blobs: Blobs) -> None:
    with pytest.raises(KeyError):
        blobs.get("nothing")
    blobs.delete("nothing")


def test_a_deleted_blob_is_gone(blobs: Blobs) -> None:
    blobs.put("x", b"1")
    blobs.delete("x")
    with pytest.raises(KeyError):
        blobs.get("x")


def test_the_raw_log_keeps_a_request_per_object(blobs: Blobs) -> None:
    log = ObjectRawLog(blobs)
    header = FrameHeader("request-1", "p", 1, "json", "", {0: [0]})
    ref = running.run(log.append(header, b"body"))
    frame = log.read(ref)
    assert (frame.header, frame.body) == (header, b"body")


def test_a_name_cannot_leave_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="leaves its folder"):
        FileBlobs(tmp_path / "blobs").put("../../etc/passwd", b"")


def test_an_upload_counts_once_it_is_committed(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    upload = blobs.upload("a/b")
    upload.write(b"half")
    with pytest.raises(KeyError):
        blobs.get("a/b")
    upload.discard()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    whole = blobs.upload("a/b")
    whole.write(b"one ")
    whole.write(b"two")
    whole.commit()
    whole.discard()
    assert blobs.get("a/b") == b"one two"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "a" / "b"]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    old, young = blobs.upload("old"), blobs.upload("young")
    first = next(path for path in tmp_path.rglob("*") if path.is_file())
    os.utime(first, (0, 0))
    blobs.put("third", b"3")
    old.discard()
    young.discard()
    assert not first.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "third"]
