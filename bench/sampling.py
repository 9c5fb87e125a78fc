"""A sampling profiler of the main thread: at every tick of the kernel's CPU clock it notes the stack. It slows nothing down."""

import signal
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

INTERVAL_S = 0.001  # the kernel makes 4 ms of it where it ticks at 250 Hz


class Samples:
    """What ran: `within` counts a function and all it called, `lines` the lines that ran themselves, C calls included."""

    def __init__(self) -> None:
        self.total, self.cpu_s = 0, 0.0
        self.within: Counter[str] = Counter()
        self.lines: Counter[str] = Counter()

    def take(self, _signal: int, frame: FrameType | None) -> None:
        """Note one stack."""
        if frame is None:
            return
        self.total += 1
        self.lines[f"{_name(frame)}:{frame.f_lineno}"] += 1
        names: set[str] = set()
        while frame is not None:
            names.add(_name(frame))
            frame = frame.f_back
        self.within.update(names)

    def report(self, per: int, count: int = 45) -> str:
        """Microseconds per unit, `per` units having been processed."""
        scale = self.cpu_s * 1e6 / max(1, self.total) / per
        parts = [f"{self.cpu_s * 1e6 / per:8.1f} µs in all, {self.total} samples"]
        for title, counter in (("with all that was called", self.within), ("lines themselves", self.lines)):
            parts += ["", title, *(f"{number * scale:8.1f}  {name}" for name, number in counter.most_common(count))]
        return "\n".join(parts)


def _name(frame: FrameType) -> str:
    code = frame.f_code
    return f"{Path(code.co_filename).name} {code.co_qualname}"


@contextmanager
def sampled() -> Generator[Samples]:
    """Sample the main thread for the time of the block."""
    samples = Samples()
    before = signal.signal(signal.SIGPROF, samples.take)
    begun = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
    try:
        yield samples
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        samples.cpu_s = time.process_time() - begun
        signal.signal(signal.SIGPROF, before)
