"""A raw log whose place is gone, replaced or stuck says 503, loses nothing that it acknowledged, and recovers by itself."""

import asyncio
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.stores.raw_log import FileRawLog, FrameHeader, ObjectRawLog, Ref, files, objects
from tests import running


@pytest.fixture
def log(tmp_path: Path):
    found = FileRawLog(tmp_path / "rawlog", 1 << 26, 600, 0)
    yield found
    found.close()


def append(log: FileRawLog, body: bytes) -> Ref:
    return running.run(log.append(FrameHeader("r", "p", 1, "json", "", {}), body))


def test_a_file_where_the_folder_was_is_refused_until_it_is_back(log: FileRawLog, tmp_path: Path) -> None:
    folder, away = tmp_path / "rawlog", tmp_path / "away"
    before = append(log, b"before")
    folder.rename(away)
    folder.write_text("in the way")
    for _ in range(2):
        with pytest.raises(ServiceUnavailableError):
            append(log, b"meanwhile")
    folder.unlink()
    away.rename(folder)
    assert [log.read(ref).body for ref in (before, append(log, b"after"))] == [b"before", b"after"]


def test_nothing_is_written_to_a_file_that_was_moved_or_removed(log: FileRawLog, tmp_path: Path) -> None:
    """The open file would take it, and nobody would ever find it."""
    append(log, b"before")
    for lose in (lambda: (tmp_path / "rawlog").rename(tmp_path / "away"), lambda: next((tmp_path / "rawlog").glob("*.log")).unlink()):
        lose()
        ref = append(log, b"after")
        stranger = FileRawLog(tmp_path / "rawlog", 1 << 26, 600, 0)  # a worker, which has no file open
        assert stranger.read(ref).body == b"after"


def test_a_folder_that_is_away_has_not_lost_its_frames(log: FileRawLog, tmp_path: Path) -> None:
    ref = append(log, b"one")
    (tmp_path / "rawlog").rename(tmp_path / "away")
    stranger = FileRawLog(tmp_path / "rawlog", 1 << 26, 600, 0)
    with pytest.raises(ServiceUnavailableError):  # a KeyError would send the entry to the dead letters
        stranger.read(ref)
    (tmp_path / "away").rename(tmp_path / "rawlog")
    assert stranger.read(ref).body == b"one"


def test_a_request_that_is_given_up_stops_nobody(log: FileRawLog, monkeypatch: pytest.MonkeyPatch) -> None:
    started, flush = threading.Event(), os.fdatasync

    def slowly(fd: int) -> None:
        started.set()
        time.sleep(0.1)
        flush(fd)

    monkeypatch.setattr(os, "fdatasync", slowly)

    async def run() -> Ref:
        header = FrameHeader("r", "p", 1, "json", "", {})
        tasks = [asyncio.create_task(log.append(header, b"given up")) for _ in range(2)]
        await asyncio.to_thread(started.wait)
        tasks.append(asyncio.create_task(log.append(header, b"given up while it waits")))
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        return await asyncio.wait_for(log.append(header, b"kept"), 5)

    assert log.read(running.run(run())).body == b"kept"


def test_a_surprise_answers_those_who_wait_and_stops_nobody(log: FileRawLog, monkeypatch: pytest.MonkeyPatch) -> None:
    def surprise(*_: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(files, "_write_all", surprise)
        with pytest.raises(ServiceUnavailableError):
            append(log, b"one")
    assert log.read(append(log, b"two")).body == b"two"


class Stuck:
    """A bucket that takes connections and answers nothing."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def put(self, name: str, data: bytes) -> None:
        self.released.wait(30)

    def get(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        raise KeyError(name)

    def delete(self, name: str) -> None:
        raise KeyError(name)


def test_a_bucket_that_hangs_is_given_up_and_holds_no_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "PUT_S", 0.2)
    stuck = Stuck()
    log = ObjectRawLog(stuck)  # pyright: ignore[reportArgumentType]

    async def run() -> tuple[list[Any], int]:
        puts = [log.append(FrameHeader(f"r{n}", "p", 1, "json", "", {}), b"") for n in range(50)]
        answers, other = await asyncio.gather(asyncio.gather(*puts, return_exceptions=True), asyncio.to_thread(lambda: 1))
        return answers, other

    answers, other = running.run(run())
    stuck.released.set()
    assert {type(answer) for answer in answers} == {ServiceUnavailableError}
    assert other == 1
    log.close()
