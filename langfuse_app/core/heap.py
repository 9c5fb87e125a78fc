"""Giving memory back to the system: what a burst has used would otherwise stay with the process."""

import ctypes
import sys
from collections.abc import Callable
from functools import lru_cache


@lru_cache
def _trim() -> Callable[[int], int] | None:
    """glibc's malloc_trim, where there is one."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


def give_back() -> None:
    """Hand freed pages to the system; some milliseconds per 100 MB."""
    trim = _trim()
    if trim:
        trim(0)
