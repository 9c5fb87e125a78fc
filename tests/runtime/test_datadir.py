"""The data folder: one owner, private secrets, and one clear line for what is wrong with it."""

import json
import os
import stat
import sys
from pathlib import Path

import psutil
import pytest

from langfuse_app.runtime.child import Child, ChildSpec, StartError
from langfuse_app.runtime.datadir import DataDir, rotate_log


@pytest.fixture
def data(tmp_path: Path):
    folder = DataDir(tmp_path / "data")
    folder.open(0)
    yield folder
    folder.close()


def test_a_second_owner_is_refused_and_told_who_has_it(data: DataDir) -> None:
    with pytest.raises(StartError, match=f"in use by another langfuse-app .process {os.getpid()}."):
        DataDir(data.root).open(0)
    data.close()
    again = DataDir(data.root)
    again.open(0)
    again.close()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="cannot be used as data folder: Not a directory"):
        DataDir(tmp_path / "file" / "data").open(0)


def test_a_full_disk_is_one_line_and_gives_the_lock_back(tmp_path: Path) -> None:
    folder = DataDir(tmp_path / "data")
    with pytest.raises(StartError, match="LANGFUSE_DISK_RESERVE_BYTES"):
        folder.open(1 << 60)
    assert folder.owner() is None


def test_secrets_are_made_once_and_readable_by_the_owner_only(data: DataDir) -> None:
    first = data.secrets()
    assert first == data.secrets()
    assert len(bytes.fromhex(first["ENCRYPTION_KEY"])) == 32
    assert stat.S_IMODE((data.root / "secrets.json").stat().st_mode) == 0o600


def test_addresses_are_published_only_while_their_owner_lives(data: DataDir) -> None:
    data.write_run({"DATABASE_URL": "postgresql://x"}, [os.getpid()])
    assert DataDir(data.root).running_environment() == {"DATABASE_URL": "postgresql://x"}
    data.close()
    assert DataDir(data.root).running_environment() == {}


def test_engines_of_a_killed_predecessor_are_ended_and_strangers_are_not(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("langfuse_app.runtime.datadir._LEFTOVER_SECONDS", 0.3)
    children = [Child(ChildSpec("probe", [sys.executable, "-c", "import time; time.sleep(60)"], lambda: True)) for _ in range(2)]
    left, stranger = (psutil.Process(child.pid) for child in children)
    data.write_run({}, [left.pid])
    run = json.loads((data.root / "run.json").read_text())
    run["engines"][str(stranger.pid)] = 1.0  # a process id that the system gave to somebody else since
    (data.root / "run.json").write_text(json.dumps(run))
    data.end_leftovers()
    assert children[0].exit_code() is not None
    assert children[1].exit_code() is None
    for child in children:
        child.kill()


def test_logs_do_not_grow_for_ever(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(b"x" * 100)
    assert rotate_log(log, 1000) == log
    assert log.exists()
    rotate_log(log, 10)
    assert not log.exists()
    assert (tmp_path / "x.log.1").stat().st_size == 100
