"""Blobs on files and on S3 behave alike; S3 is moto's server, spoken to over HTTP."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from langfuse_app.stores.blobs import Blobs, BlobStoreError, FileBlobs, S3Blobs
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


@pytest.fixture
def bucket(s3: S3, tmp_path: Path) -> S3Blobs:
    return S3Blobs(s3.client, "events", f"prefix/{tmp_path.name}/")


def test_a_listing_goes_on_behind_a_name(bucket: S3Blobs) -> None:
    for name in ("a/1", "a/2", "a/3", "b/1"):
        bucket.put(name, name.encode())
    first, more = bucket.page("a/", limit=2)
    assert ([listed.name for listed in first], first[0].size, more) == (["a/1", "a/2"], 3, True)
    rest, more = bucket.page("a/", after="a/2", limit=2)
    assert ([listed.name for listed in rest], more) == (["a/3"], False)
    assert bucket.page("nothing/") == ([], False)


def test_many_go_at_once(bucket: S3Blobs) -> None:
    bucket.put("a", b"1")
    bucket.put("b", b"2")
    bucket.delete_all(["a", "absent"])
    bucket.delete_all([])
    assert [listed.name for listed in bucket.page("")[0]] == ["b"]


def test_a_file_is_there_whole_and_read_as_a_stream(bucket: S3Blobs, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100_000)
    with path.open("rb") as file:
        bucket.put_verified("big", file)
    assert bucket.reader("big").read() == b"x" * 100_000
    with pytest.raises(KeyError):
        bucket.reader("absent")


def test_a_file_that_arrives_short_is_refused(bucket: S3Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"whole")
    monkeypatch.setattr(bucket._client, "head_object", lambda **_: {"ContentLength": 3})
    with path.open("rb") as file, pytest.raises(BlobStoreError, match="3 of 5 bytes"):
        bucket.put_verified("short", file)


def test_a_store_that_is_away_says_so(tmp_path: Path) -> None:
    with running_s3("gone") as server:
        bucket = S3Blobs(server.client, "gone", "")
    for ask in (lambda: bucket.page(""), lambda: bucket.delete_all(["a"]), lambda: bucket.reader("a")):
        with pytest.raises(BlobStoreError):
            ask()
