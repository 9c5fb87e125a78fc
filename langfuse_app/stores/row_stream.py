"""Rows of large answers of ClickHouse, one by one: this process holds a megabyte of them, and the row being read."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.core.lazy import begun
from langfuse_app.core.settings import get_settings
from langfuse_app.stores import clickhouse, turns

_FORMAT = "JSONCompactEachRowWithNamesAndTypes"  # by row: the blocks of other formats are as large as the server likes
_SETTINGS = clickhouse.SMALL_BLOCKS | {
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_decimals": 1,
    "date_time_output_format": "simple",
    "http_send_timeout": 300,  # a reader may be slow
}

Row = dict[str, Any]
_Read = Callable[[Any], Any]


def rows(sql: str, params: dict[str, Any]) -> Iterable[Row]:
    """The rows as a list, or where they are too large for one, as `stream` reads them."""
    try:
        return clickhouse.query(sql, params, clickhouse.AT_ONCE)
    except clickhouse.LargeAnswerError:
        return stream(sql, params)


def stream(sql: str, params: dict[str, Any]) -> Iterator[Row]:
    """The rows that `clickhouse.query` answers, with the same errors. The query has ended when the first row is here.

    The turn of the project is given back then: whoever reads slowly keeps nobody from asking.
    """
    return begun(_rows(sql, params))


def _rows(sql: str, params: dict[str, Any]) -> Iterator[Row]:
    limits = {"max_execution_time": get_settings().LANGFUSE_QUERY_MAX_SECONDS}
    with ExitStack() as opened:
        with turns.taken(str(params.get("project_id", ""))):
            pieces = opened.enter_context(clickhouse.stream(sql, _FORMAT, params, _SETTINGS | limits))
        lines = _lines(pieces)
        names, types = orjson.loads(next(lines)), orjson.loads(next(lines))
        columns = [(name, _reader(kind)) for name, kind in zip(names, types, strict=True)]
        for line in lines:
            values = zip(columns, orjson.loads(line), strict=True)
            yield {name: value if read is None or value is None else read(value) for (name, read), value in values}


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines. ServiceUnavailableError when the last one has no end: the answer is not whole then."""
    begun_line: list[bytes] = []
    for piece in pieces:
        *whole, rest = piece.split(b"\n")
        if whole:
            yield b"".join([*begun_line, whole[0]])
            yield from whole[1:]
            begun_line = []
        begun_line.append(rest)
    if any(begun_line):
        raise ServiceUnavailableError("The analytics store broke off its answer")


@lru_cache(maxsize=256)
def _reader(kind: str) -> _Read | None:
    """What makes a column's values of what JSON has of them; None where they are the same."""
    kind = kind.removeprefix("LowCardinality(").removeprefix("Nullable(")
    if kind.startswith("DateTime"):
        return lambda text: datetime.fromisoformat(f"{text}+00:00")
    if kind.startswith("Decimal"):
        return Decimal
    if kind.startswith("Map(") and "Decimal" in kind:
        return lambda pairs: {name: Decimal(value) for name, value in pairs.items()}
    return None
