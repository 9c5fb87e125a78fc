"""Nothing outlives its parent: not after kill -9, not where the kernel does not help."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from langfuse_app.runtime.child import Child, ChildSpec, StartError
from langfuse_app.runtime.guard import guarded

PARENT = """
import subprocess, sys, time
from langfuse_app.runtime.guard import guarded
command = guarded([sys.executable, "-c", "import time; time.sleep(60)"], {signal}, stay={stay})
child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""


def wait_until(condition, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("stay", [False, True])
def test_a_child_ends_when_its_parent_is_killed(stay: bool) -> None:
    script = PARENT.format(signal=int(signal.SIGTERM), stay=stay)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        assert wait_until(lambda: not stay or len(child.children(recursive=True)) >= 2)
        family = [child, *child.children(recursive=True)]
        parent.kill()
    assert wait_until(lambda: not any(process.is_running() for process in family))


def test_a_child_whose_parent_died_before_it_started_does_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    command = guarded(["touch", str(mark)], signal.SIGTERM, stay=False)
    command[command.index(str(os.getpid()))] = "999999999"  # as if we had been another process
    assert subprocess.run(command, check=False).returncode == 1
    assert not mark.exists()


def test_in_front_of_a_command_the_guard_passes_on_its_exit_code() -> None:
    command = guarded([sys.executable, "-c", "raise SystemExit(7)"], signal.SIGTERM, stay=True)
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.wait(10) == 7


def spec(code: str, log: Path, **more) -> ChildSpec:
    return ChildSpec("probe", [sys.executable, "-c", code], **{"ready": lambda: False, "log": log, **more})


def test_a_child_that_ends_at_once_says_why(tmp_path: Path) -> None:
    child = Child(spec("import sys; sys.exit('no such colour')", tmp_path / "log"))
    with pytest.raises(StartError, match=r"probe ended with exit code 1: no such colour"):
        child.wait_ready(10)
    child.kill()


def test_a_child_that_never_serves_is_given_up(tmp_path: Path) -> None:
    child = Child(spec("import time; time.sleep(60)", tmp_path / "log"))
    with pytest.raises(StartError, match="did not answer"):
        child.wait_ready(0.2)
    child.kill()


def test_what_ignores_the_polite_signal_is_killed_with_its_children(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = f"""
import pathlib, signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
inner = subprocess.Popen(["sleep", "60"])
pathlib.Path({str(ready)!r}).write_text(str(inner.pid))
time.sleep(60)
"""
    child = Child(spec(code, tmp_path / "log", stop_seconds=0.3, ready=ready.exists))
    child.wait_ready(10)
    grandchild = psutil.Process(int(ready.read_text()))
    child.stop()
    assert child.exit_code() == -signal.SIGKILL
    assert wait_until(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)
