"""Golden pairs: what a span carries, and the row it becomes. One folder per convention, one file per pair.

A pair shows every column that is not at its default; ids, times, origin and raw attributes are tested elsewhere.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.otlp import decode, export, rows, span

PAIRS = sorted(Path(__file__).parent.glob("*/*.json"))
_LEFT_OUT = {
    "project_id", "trace_id", "id", "parent_observation_id", "start_time", "end_time", "source", "raw_attributes", "mapping_version",
    "merge_clock", "request_id", "received_at", "event_bytes", "created_at", "updated_at", "event_ts", "ingestion_api_key",
    "ingestion_sdk_name", "ingestion_sdk_version", "scope_name", "scope_version", "service_name", "service_version",
    "telemetry_sdk_language", "telemetry_sdk_name", "telemetry_sdk_version", "metadata", "timestamp",
}  # fmt: skip
_DEFAULTS: tuple[Any, ...] = ("", None, [], {}, False, "default", "DEFAULT", 0)


def shown(row: Any) -> dict[str, Any]:
    """The row as a pair shows it: JSON columns opened, what is absent left out."""
    found = {name: _opened(name, getattr(row, name)) for name in row.__struct_fields__ if name not in _LEFT_OUT}
    metadata = {key: _parsed(value) for key, value in row.metadata.items() if key not in ("resourceAttributes", "scope")}
    return {name: value for name, value in (found | {"metadata": metadata}).items() if value not in _DEFAULTS}


def _opened(name: str, value: Any) -> Any:
    if name == "provided_cost_details":
        return {key: float(amount) for key, amount in value.items()}
    if name in ("tool_definitions", "experiment_metadata", "experiment_item_metadata"):
        return {key: _parsed(text) for key, text in value.items()}
    if name == "tool_calls":
        return [_parsed(text) for text in value]
    return _parsed(value) if name in ("input", "output", "model_parameters") else value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.mark.parametrize("file", PAIRS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_span_becomes_row(file: Path) -> None:
    pair = json.loads(file.read_text())
    sent = dict(pair["span"])
    attributes = sent.pop("attributes", {})
    document = export(span(attributes, **sent), scope=pair.get("scope", "test"), resource=pair.get("resource"))
    observations, traces = rows(decode(document))
    assert shown(next(iter(observations.values()))) == pair["observation"]
    if "trace" in pair:
        assert shown(next(iter(traces.values()))) == pair["trace"]


def test_every_convention_has_pairs() -> None:
    from langfuse_app.ingestion.conventions.register import CONVENTIONS

    assert {convention.name for convention in CONVENTIONS} | {"otel"} == {file.parent.name for file in PAIRS}
