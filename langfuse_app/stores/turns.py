"""Turns of a project at the analytics store: a project that asks for much waits for itself and never for others."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from langfuse_app.core.errors import QueryTooHeavyError
from langfuse_app.core.settings import get_settings

_WAITING = 3  # queries that may wait, for each that may run
_PATIENCE_S = 20.0
_ADVICE = "too many queries of this project run at once, send fewer in parallel"


@dataclass(slots=True)
class _Line:
    """Those of one project who run or wait."""

    slots: threading.BoundedSemaphore
    present: int = 0


@dataclass(slots=True)
class _Lines:
    lock: threading.Lock = field(default_factory=threading.Lock)
    by_space: dict[str, _Line] = field(default_factory=dict[str, _Line])


_lines = _Lines()


@contextmanager
def taken(space: str) -> Generator[None]:
    """Hold a turn of the project; '' needs none. QueryTooHeavyError when too many wait already, or after 20 s."""
    if not space:
        yield
        return
    line = _enter(space)
    try:
        if not line.slots.acquire(timeout=_PATIENCE_S):
            raise QueryTooHeavyError(_ADVICE)
        try:
            yield
        finally:
            line.slots.release()
    finally:
        _leave(space, line)


def _enter(space: str) -> _Line:
    most = get_settings().LANGFUSE_QUERY_MAX_PARALLEL
    with _lines.lock:
        line = _lines.by_space.setdefault(space, _Line(threading.BoundedSemaphore(most)))
        if line.present >= most * (1 + _WAITING):
            raise QueryTooHeavyError(_ADVICE)
        line.present += 1
        return line


def _leave(space: str, line: _Line) -> None:
    with _lines.lock:
        line.present -= 1
        if not line.present:
            _lines.by_space.pop(space, None)
