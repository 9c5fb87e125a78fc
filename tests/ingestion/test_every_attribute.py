"""Each attribute that any convention reads, with each hostile value: the span becomes a row that the stores can hold."""

import json
from pathlib import Path
from typing import Any

import pytest

from langfuse_app.ingestion.changes import Change
from langfuse_app.ingestion.otlp import decode_export
from tests.otlp import encode, export, request, rows, span

_HUGE = "9" * 400
VALUES: tuple[Any, ...] = (
    *("", " ", "null", "NaN", "Infinity", "-1", "1e999", _HUGE, "9" * 5_000, "0.1e-400", "true", "[]", "{}", '""', "[[[null]]]", "{", "\x00"),
    *(f"[{_HUGE}]", f'{{"a":{_HUGE}}}', f'{{"temperature":{_HUGE},"input":{_HUGE},"total":{_HUGE},"version":{_HUGE}}}', '{"":{"":[]}}'),
    *('{"input":1e400,"output":-1,"x":"NaN"}', '[{"role":1,"content":{}},null,3]', '{"messages":7,"tools":[1],"config":[]}'),
    *('{"a":' * 900 + "1" + "}" * 900, "[" * 9_000 + "]" * 9_000, "\ud800", "ж漢😀" * 100),
    *(True, False, 0, -1, 2**63 - 1, -(2**63), 0.5, -1.5, 1e308, [], ["a", "b"], [1, 2.5, True], {"kvlistValue": {"values": []}}),
    *({"doubleValue": "NaN"}, {"doubleValue": "-Infinity"}, {"intValue": _HUGE}, {"bytesValue": "AQI="}, {"arrayValue": {"values": [{}]}}, {}),
)  # fmt: skip


def _carriers() -> dict[str, dict[str, Any]]:
    """Attribute → a reviewed pair whose span carries it."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted((Path(__file__).parents[1] / "golden").glob("*/*.json")):
        pair = json.loads(file.read_text())
        for key in pair["span"].get("attributes", {}):
            found.setdefault(key, pair)
    return found


CARRIERS = _carriers()


@pytest.mark.parametrize("key", CARRIERS)
def test_any_value_becomes_a_row(key: str) -> None:
    sent = dict(CARRIERS[key]["span"])
    attributes = sent.pop("attributes")
    spans = [span(attributes | {key: value}, **sent, spanId=f"{number + 1:016x}") for number, value in enumerate(VALUES)]
    body = encode(export(*spans, scope=CARRIERS[key].get("scope", "test"), resource=CARRIERS[key].get("resource")))
    changes = [change for change in decode_export(body, None, request()) if isinstance(change, Change)]
    observations, _ = rows(changes)
    assert len(observations) == len(VALUES)
