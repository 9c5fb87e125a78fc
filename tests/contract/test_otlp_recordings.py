"""Every recorded OTLP request becomes the rows of its reviewed golden file, whatever the order and split."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from langfuse_app.ingestion.changes import Change
from langfuse_app.ingestion.merge import merge_observation, merge_trace
from langfuse_app.ingestion.otlp import OtlpError, accept_export, decode_export
from langfuse_app.ingestion.rows import ObservationRow, TraceRow
from langfuse_app.ingestion.spans import Span, json_spans, parse_json, parse_proto, proto_spans
from tests.contract.otlp_view import RECORDINGS, Recording, golden_files, load, scenario_rows, scenarios, view

SCENARIOS = scenarios()
IDS = [f"{folder.parent.name}/{folder.name}" for folder in SCENARIOS]


@pytest.mark.parametrize(("folder", "golden"), list(golden_files()), ids=IDS)
def test_recording_becomes_its_golden_rows(folder: Path, golden: Path) -> None:
    assert view(folder) == json.loads(golden.read_text())


@pytest.mark.parametrize("folder", SCENARIOS, ids=IDS)
def test_order_and_split_make_no_difference(folder: Path) -> None:
    """One span at a time, last first, each merged over what is stored: as children and parents of a trace come."""
    at_once = scenario_rows(folder)
    parts: list[list[Change]] = []
    for recording in _accepted(folder):
        for index in range(len(accept_export(recording.body, recording.request.content).trace_ids)):
            decoded = decode_export(recording.body, {index}, recording.request)
            parts.append([change for change in decoded if isinstance(change, Change)])
    random.Random(7).shuffle(parts)
    observations: dict[str, ObservationRow] = {}
    traces: dict[str, TraceRow] = {}
    for part in parts + parts[: len(parts) // 2]:  # some come twice
        for id in {change.id for change in part if change.kind == "observation"}:
            row = merge_observation(observations.get(id), [c for c in part if (c.kind, c.id) == ("observation", id)])
            observations |= {id: row} if row else {}
        for id in {change.id for change in part if change.kind == "trace"}:
            trace = merge_trace(traces.get(id), [c for c in part if (c.kind, c.id) == ("trace", id)])
            traces |= {id: trace} if trace else {}
    assert observations == at_once[0]
    assert {id: _seen(row) for id, row in traces.items()} == {id: _seen(row) for id, row in at_once[1].items()}


def _seen(row: TraceRow) -> Any:
    """What is read of a trace: which of equal statements the clock remembers, and the order of keys, may differ."""
    return [getattr(row, name) for name in row.__struct_fields__ if name not in ("merge_clock", "event_ts", "request_id")]


# What a Langfuse SDK states is in its attributes by name: checked here without the conventions' tables.
_STATED = {
    "langfuse.observation.input": "input",
    "langfuse.observation.output": "output",
    "langfuse.observation.model.name": "provided_model_name",
    "langfuse.observation.status_message": "status_message",
    "langfuse.observation.prompt.name": "prompt_name",
    "langfuse.observation.prompt.version": "prompt_version",
    "langfuse.trace.name": "trace_name",
    "langfuse.trace.public": "public",
    "langfuse.environment": "environment",
    "langfuse.release": "release",
    "langfuse.version": "version",
    "user.id": "user_id",
    "session.id": "session_id",
    "langfuse.experiment.id": "experiment_id",
    "langfuse.experiment.item.id": "experiment_item_id",
}


@pytest.mark.parametrize(
    "folder", [f for f in SCENARIOS if f.parent.name.startswith("langfuse-")], ids=lambda f: f"{f.parent.name}/{f.name}"
)
def test_what_a_langfuse_sdk_states_is_stored(folder: Path) -> None:
    observations, _ = scenario_rows(folder)
    for span in (span for recording in _accepted(folder) for span in _spans(recording)):
        row = observations[span.span_id]
        assert (row.trace_id, row.parent_observation_id) == (span.trace_id, span.parent_id)
        assert (row.start_time, row.end_time) == (span.start // 1000, span.end // 1000)
        stated = {column: span.attributes[key] for key, column in _STATED.items() if key in span.attributes}
        assert {column: getattr(row, column) for column in stated} == stated
        if "langfuse.observation.type" in span.attributes:
            assert row.type == span.attributes["langfuse.observation.type"].upper()
        if isinstance(span.attributes.get("langfuse.trace.tags"), list):
            assert row.tags == sorted(span.attributes["langfuse.trace.tags"])
        for key, value in span.attributes.items():
            name = key.removeprefix("langfuse.observation.metadata.")
            if name != key and f"langfuse.trace.metadata.{name}" not in span.attributes:  # which would overlay it
                assert _read(row.metadata[name]) == _read(value)


def _read(text: Any) -> Any:
    """As readers read metadata: JSON where it is JSON."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


def _spans(recording: Recording) -> list[Span]:
    if recording.request.content == "otlp-json":
        return list(json_spans(parse_json(recording.body), None))
    return list(proto_spans(parse_proto(recording.body), None))


def _accepted(folder: Path) -> list[Recording]:
    return [recording for recording in map(load, sorted(folder.glob("*.json"))) if recording.status == 200]


REFUSED = {
    "003": "Failed to parse OTel JSON Trace",
    "005": "Failed to parse OTel Protobuf Trace",
    "006": "Failed to parse OTel JSON Trace",  # recorded with a content-encoding that the body does not have
}


@pytest.mark.parametrize(("number", "text"), REFUSED.items())
def test_recorded_refusals(number: str, text: str) -> None:
    recording = load(RECORDINGS / "otel-python-1.45.2" / "plain_json" / f"{number}.json")
    with pytest.raises(OtlpError) as refusal:
        accept_export(recording.body, recording.request.content)
    assert refusal.value.body() == {"error": text}
