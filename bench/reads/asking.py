"""One question over HTTP: its request, what its answer holds, and how long that takes."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.client import Connection
from bench.load import percentile

Rows = Callable[[Any], int]


class WrongAnswerError(RuntimeError):
    """An answer that does not say what was asked for."""


def listed(answer: Any) -> int:
    """Items of a page."""
    return len(answer["data"])


@dataclass(frozen=True, slots=True)
class Call:
    """A request: GET, or POST where it has a body. rows: how many the decoded answer holds."""

    path: str
    rows: Rows = listed
    body: Any = None


async def timed(connection: Connection, call: Call) -> tuple[float, int]:
    """Milliseconds until the whole answer was here, and its rows. WrongAnswerError; OSError when the server does not answer."""
    method, sent = ("GET", b"") if call.body is None else ("POST", json.dumps(call.body).encode())
    begun = time.perf_counter()
    status, answer = await connection.request(method, call.path, sent, "application/json")
    took = (time.perf_counter() - begun) * 1_000
    try:
        return took, call.rows(json.loads(answer) if status == 200 else None)
    except (LookupError, TypeError, ValueError) as error:
        raise WrongAnswerError(f"{status} for {call.path}: {answer[:300]!r}") from error


def shares(took: Sequence[float], *parts: float) -> dict[str, float]:
    """Percentiles, e.g. {"p50_ms": 1.2}; 0 without values."""
    return {f"p{part * 100:g}_ms": round(percentile(list(took), part), 1) for part in parts}
