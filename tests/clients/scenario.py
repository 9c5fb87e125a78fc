"""What every Python driver shares: the values to send and the story of what should be read back.

Standard library only: it runs inside each client's own environment.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

VALUES: dict[str, Any] = json.loads(Path(__file__).with_name("scenario.json").read_text(encoding="utf-8"))
OBSERVATIONS: dict[str, dict[str, Any]] = VALUES["observations"]
SCORES: dict[str, dict[str, Any]] = VALUES["scores"]
OPENAI: dict[str, Any] = VALUES["openai"]

BASE_URL = os.environ["LANGFUSE_BASE_URL"]
SEED = os.environ["CLIENT_SEED"]
USER = f"user-{SEED}"
SESSION = f"session-{SEED}"


def large_text() -> str:
    """A text of the size named in scenario.json, not one run of the same character."""
    line = "Order 1042 left the warehouse at 08:15 – »Zustellung heute«. "
    return (line * (VALUES["largeBytes"] // len(line) + 1))[: VALUES["largeBytes"]]


class Story:
    """Collects what one trace should look like when read; fields are named as GET /api/public/traces/{id} names them."""

    def __init__(self, scenario: str, trace_id: str, **trace: Any) -> None:
        self._told: dict[str, Any] = {
            "scenario": scenario,
            "trace": {"id": trace_id, "environment": VALUES["environment"], **trace},
            "observations": [],
            "scores": [],
        }

    def observation(self, name: str, id: str, parent: str | None = None, **fields: Any) -> None:
        """Expects an observation with the values of scenario.json, overlaid with `fields`. A `parent` of "" is any."""
        known = {"level": "DEFAULT", **OBSERVATIONS.get(name, {})}
        expected = {"id": id, "name": name, "parentObservationId": parent, **known, **fields}
        if parent == "":
            del expected["parentObservationId"]
        self._told["observations"].append(expected)

    def score(self, name: str, id: str, **fields: Any) -> None:
        """Expects a score with the values of scenario.json, overlaid with `fields`."""
        self._told["scores"].append({"id": id, "name": name, **SCORES[name], **fields})

    def tell(self) -> None:
        """Prints the story; called right after flush, so that the reader's clock starts there."""
        tell(**self._told)

    def tell_and_wait(self) -> None:
        """Prints the story and goes on when it has been read: for a trace that arrives in parts."""
        tell(**self._told, waits=True)
        sys.stdin.readline()


def tell(**line: Any) -> None:
    """Prints one JSON line for the test that reads this driver."""
    print(json.dumps({**line, "flushed": time.time()}), flush=True)


def agent_trace(**differences: Any) -> dict[str, Any]:
    """The trace fields of the main scenario as they should be read."""
    return {
        **VALUES["trace"],
        "userId": USER,
        "sessionId": SESSION,
        "release": VALUES["release"],
        "version": VALUES["version"],
        **differences,
    }


def refused(call: Callable[[], Any]) -> str | None:
    """What a key check does with wrong keys: the name of the error it raises or "False"; None when it lets them in."""
    logging.disable(logging.CRITICAL)
    try:
        return None if call() else "False"
    except Exception as error:  # which error it is, is what the test looks at
        return type(error).__name__
    finally:
        logging.disable(logging.NOTSET)


def when_readable(read: Callable[[], Any], missing: type[Exception], seconds: float = 10) -> Any:
    """The answer of the SDK's own reading client, asked again for `seconds` while it raises `missing`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return read()
        except missing:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
