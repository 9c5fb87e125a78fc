"""What a person at the terminal reads while something long happens: one line on stderr per step."""

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager


def say(text: str) -> None:
    """One line."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Generator[None]:
    """`text …` at the start and `text: done in 3.2 s` at the end."""
    started = time.monotonic()
    say(f"{text} …")
    yield
    say(f"{text}: done in {time.monotonic() - started:.1f} s")
