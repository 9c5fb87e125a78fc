"""What a tree of processes uses, from /proc: CPU seconds and proportional memory; and what everybody else used."""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

_TICKS = os.sysconf("SC_CLK_TCK")
_PERIOD_S = 0.5


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of wall clock, of CPU in the tree, in this process (the load), and in all others."""

    wall_s: float
    cpu_s: float
    client_s: float
    others_s: float
    roles: dict[str, float]  # CPU seconds of the tree by what runs

    def per_thousand(self, spans: int) -> float:
        """CPU seconds of the tree per 1 000 spans."""
        return self.cpu_s / max(1, spans) * 1000

    def roles_per_thousand(self, spans: int) -> dict[str, float]:
        """The same by what runs, dearest first."""
        dearest = sorted(self.roles.items(), key=lambda item: -item[1])
        return {role: round(seconds / max(1, spans) * 1000, 4) for role, seconds in dearest if seconds}


def pss(pid: int) -> int:
    """Proportional set size in bytes; 0 when the process is gone or not ours."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0


def _busy() -> float:
    """CPU seconds that the whole machine has worked."""
    fields = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / _TICKS


class Meter(threading.Thread):
    """Watches the tree below a process until `stop`; `mark` begins a measurement, `read` gives what was used since."""

    def __init__(self, root: int) -> None:
        super().__init__(name="meter", daemon=True)
        self._root, self._stop_event, self._lock = root, threading.Event(), threading.Lock()
        self._cpu: dict[tuple[int, float], float] = {}
        self._roles: dict[tuple[int, float], str] = {}
        self.peak_pss = 0
        self.mark()

    def __enter__(self) -> "Meter":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_event.set()
        self.join()

    def run(self) -> None:
        """Sample: CPU of processes that end between two looks is lost, memory is looked at once a second."""
        turn = 0
        while not self._stop_event.wait(_PERIOD_S):
            processes = self._look()
            turn += 1
            if turn % 2:
                self.peak_pss = max(self.peak_pss, sum(pss(process.pid) for process in processes))

    def _look(self) -> list[psutil.Process]:
        root = psutil.Process(self._root)
        processes = [root, *root.children(recursive=True)]
        with self._lock:
            for process in processes:
                try:
                    self._note(process)
                except psutil.NoSuchProcess:
                    continue
        return processes

    def _note(self, process: psutil.Process) -> None:
        key, times = (process.pid, process.create_time()), process.cpu_times()
        if key not in self._roles:
            self._roles[key] = _role(process.cmdline(), process.name())
        self._cpu[key] = times.user + times.system

    def _by_role(self) -> dict[str, float]:
        self._look()
        found: dict[str, float] = {}
        with self._lock:
            for key, seconds in self._cpu.items():
                found[self._roles[key]] = found.get(self._roles[key], 0.0) + seconds
        return found

    def mark(self) -> None:
        """From here on."""
        self.peak_pss = 0
        self._begun = (time.perf_counter(), self._by_role(), time.process_time(), _busy())

    def read(self) -> Usage:
        """Since the mark."""
        wall, before, client, busy = self._begun
        roles = {role: seconds - before.get(role, 0.0) for role, seconds in self._by_role().items()}
        used, here = sum(roles.values()), time.process_time() - client
        return Usage(time.perf_counter() - wall, used, here, max(0.0, _busy() - busy - used - here), roles)

    def memory(self) -> dict[str, int]:
        """PSS in bytes by name of what runs, now."""
        found: dict[str, int] = {}
        for process in self._look():
            try:
                name = _role(process.cmdline(), process.name())
            except psutil.NoSuchProcess:
                continue
            found[name] = found.get(name, 0) + pss(process.pid)
        return found


def _role(command: list[str], name: str) -> str:
    line = " ".join(command)
    marks = {
        "clickhouse_child": "clickhouse",
        "redis-server": "redis",
        "postgres": "postgres",
        "cli worker": "worker",
        "runtime.web": "web",
    }
    return next((role for mark, role in marks.items() if mark in line), "supervisor" if "cli up" in line else name)


def folder_bytes(folder: Path) -> int:
    """Allocated bytes of all files below a folder."""
    total = 0
    for parent, _, files in os.walk(folder):
        for file in files:
            try:
                total += (Path(parent) / file).stat().st_blocks * 512
            except FileNotFoundError:  # merged away meanwhile
                continue
    return total


def probe() -> float:
    """Milliseconds of a fixed piece of work, the best of five: tells how loaded the machine is."""
    best = 1e9
    for _ in range(5):
        begun = time.perf_counter()
        sum(number * number & 255 for number in range(400_000))
        best = min(best, time.perf_counter() - begun)
    return best * 1000
