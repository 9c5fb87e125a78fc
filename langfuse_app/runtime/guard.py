"""Ends a child when its parent is gone, even after kill -9. Run as a script in front of every command.

`python -I -S guard.py <signal> <parent pid> <uid or -> <nice> -- command …`

On Linux the kernel sends the signal at the parent's death (PR_SET_PDEATHSIG survives exec, so this process
*becomes* the command and costs nothing afterwards). The kernel watches the parent's *thread*: spawn from the
main one. Elsewhere this process stays in front of the command and reads its own stdin, which the parent holds
open: end of file means that the parent is gone.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def guarded(command: list[str], stop_signal: int, *, uid: int | None = None, nice: int = 0, stay: bool | None = None) -> list[str]:
    """The command line that runs `command` under this guard.

    `uid` drops root first (group likewise); `nice` lowers the priority; `stay` picks the way of the systems
    without PR_SET_PDEATHSIG, by default on those only.
    """
    stay = not sys.platform.startswith("linux") if stay is None else stay
    mode = "stay" if stay else "exec"
    user = "-" if uid is None else str(uid)
    return [sys.executable, "-I", "-S", str(Path(__file__)), mode, str(int(stop_signal)), str(os.getpid()), user, str(nice), "--", *command]


def die_with_parent(stop_signal: int, parent: int) -> None:
    """Ask the kernel for `stop_signal` at the parent's death; exits at once when it is dead already."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(1)


def _drop_root(uid: int) -> None:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def _stay_in_front(command: list[str], stop_signal: int) -> int:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def pass_on(_signal: int, _frame: object) -> None:
        child.send_signal(stop_signal)

    signal.signal(stop_signal, pass_on)
    watcher = os.fork()
    if watcher == 0:
        while os.read(0, 4096):
            pass
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, stop_signal)
        os._exit(0)
    status = child.wait()
    os.kill(watcher, signal.SIGKILL)
    os.waitpid(watcher, 0)
    return status if status >= 0 else 128 - status


def main(arguments: list[str]) -> None:
    """Read the arguments made by `guarded` and become, or watch over, the command."""
    mode, stop_signal, parent, user, nice, _, *command = arguments
    os.nice(int(nice))
    if user != "-":
        _drop_root(int(user))
    if mode == "stay":
        sys.exit(_stay_in_front(command, int(stop_signal)))
    die_with_parent(int(stop_signal), int(parent))  # after setuid, which would clear it
    os.execvp(command[0], command)  # noqa: S606 - a list of arguments, no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
