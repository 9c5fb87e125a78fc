"""Rows that are read while they are taken, where all of them together are larger than memory should hold."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


def begun(rows: Iterator[T]) -> Iterator[T]:
    """The same rows, the first of them read already: what is wrong from the start is raised here."""
    return chain(list(islice(rows, 1)), rows)


def each(function: Callable[[S], T], rows: Iterable[S]) -> Iterable[T]:
    """What the function makes of each row: a list of a list, and one by one of rows that are read one by one."""
    return [function(row) for row in rows] if isinstance(rows, list) else map(function, rows)
