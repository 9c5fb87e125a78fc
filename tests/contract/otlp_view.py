"""Recorded OTLP traffic as rows, in a form that people review: `golden/<client>/<scenario>.json`.

`python -m tests.contract.otlp_view` writes the golden files again; read their diff before you keep it.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from langfuse_app.ingestion.changes import Change, Request
from langfuse_app.ingestion.otlp import accept_export, decode_export
from langfuse_app.ingestion.rows import ObservationRow, TraceRow
from tests.contract import goldens
from tests.otlp import rows

HERE = Path(__file__).parent
RECORDINGS, GOLDEN = HERE / "recordings", HERE / "golden"
RECEIVED = 1_795_431_000_000_000  # µs, a little after all of them
_MANY = 60  # observations; a longer scenario shows its edges and counts the rest

# Of each row: everything a user sees. Columns that are the same for every span of a scenario are said once (`origin`).
_OBSERVATION = (
    "trace_id", "type", "name", "start_time", "end_time", "completion_start_time", "environment", "version", "release", "level",
    "status_message", "is_app_root", "trace_name", "user_id", "session_id", "tags", "public", "prompt_name", "prompt_version",
    "provided_model_name", "model_parameters", "provided_usage_details", "provided_cost_details", "tool_definitions", "tool_calls",
    "tool_call_names", "input", "output", "experiment_id", "experiment_name", "experiment_description", "experiment_dataset_id",
    "experiment_metadata", "experiment_item_id", "experiment_item_version", "experiment_item_expected_output",
    "experiment_item_metadata", "experiment_item_root_span_id", "convention",
)  # fmt: skip
_TRACE = (
    "timestamp", "name", "environment", "version", "release", "user_id", "session_id", "tags", "public", "input", "output",
)  # fmt: skip
_ORIGIN = (
    "service_name", "service_version", "scope_name", "scope_version", "telemetry_sdk_language", "telemetry_sdk_name",
    "telemetry_sdk_version", "ingestion_sdk_name", "ingestion_sdk_version", "ingestion_api_key", "source", "mapping_version",
)  # fmt: skip


class Recording(msgspec.Struct):
    """One recorded request."""

    file: Path
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def request(self) -> Request:
        headers = self.headers
        return Request(
            request_id=f"{self.file.parent.parent.name}/{self.file.parent.name}/{self.file.stem}",
            project_id="proj-1",
            received_at=RECEIVED + int(self.file.stem),
            content="otlp-protobuf" if "protobuf" in headers["content-type"] else "otlp-json",
            public_key="pk-lf-recorder",
            sdk_name=headers.get("x-langfuse-sdk-name", ""),
            sdk_version=headers.get("x-langfuse-sdk-version", ""),
        )

    def changes(self) -> list[Change]:
        trace_ids = accept_export(self.body, self.request.content).trace_ids
        changes = [change for change in decode_export(self.body, None, self.request) if isinstance(change, Change)]
        observed = {change.index: change.trace_id for change in changes if change.kind == "observation"}
        assert [observed[index] for index in range(len(trace_ids))] == trace_ids  # both doors speak of the same spans
        return changes


def load(file: Path) -> Recording:
    """A recording; bodies are stored decompressed."""
    found = json.loads(file.read_text())
    body = found["body"]
    raw = (
        base64.b64decode(body)
        if found["bodyEncoding"] == "base64"
        else body.encode()
        if isinstance(body, str)
        else json.dumps(body).encode()
    )
    return Recording(file, {key.lower(): value for key, value in found["headers"].items()}, raw, found["response"]["status"])


def scenarios() -> list[Path]:
    """Folders of scenarios with accepted OTLP requests."""
    return sorted(folder for folder in RECORDINGS.glob("*/*") if any(load(file).status == 200 for file in folder.glob("*.json")))


def scenario_rows(folder: Path) -> tuple[dict[str, ObservationRow], dict[str, TraceRow]]:
    """All rows of a scenario, as the worker makes them."""
    recordings = [load(file) for file in sorted(folder.glob("*.json"))]
    return rows([change for recording in recordings if recording.status == 200 for change in recording.changes()])


def view(folder: Path) -> dict[str, Any]:
    """The scenario as its golden file shows it."""
    observations, traces = scenario_rows(folder)
    ordered = sorted(observations.values(), key=lambda row: (row.start_time, row.id))
    shown = [_observation(row, observations) for row in ordered]
    result: dict[str, Any] = {
        "origins": _origins(ordered),
        "traces": [_trace(row) for row in sorted(traces.values(), key=lambda row: row.id)],
    }
    if len(shown) <= _MANY:
        return result | {"observations": shown}
    result["traces"] = result["traces"][:2]
    counts = {"observations": len(shown), "traces": len(traces), "types": dict(Counter(row.type for row in ordered))}
    return result | {"counts": counts, "first": shown[:2], "last": shown[-2:]}


def _observation(row: ObservationRow, all_rows: dict[str, ObservationRow]) -> dict[str, Any]:
    parent = row.parent_observation_id
    named = f"{all_rows[parent].name} {parent}" if parent in all_rows else parent and f"(not sent) {parent}"
    found = {"id": row.id, "parent": named, **{column: getattr(row, column) for column in _OBSERVATION}}
    return _plain(found | {"metadata": _metadata(row)})


def _trace(row: TraceRow) -> dict[str, Any]:
    return _plain({"id": row.id, **{column: getattr(row, column) for column in _TRACE}, "metadata": _metadata(row)})


def _metadata(row: ObservationRow | TraceRow) -> dict[str, str]:
    return {key: value for key, value in row.metadata.items() if key not in ("resourceAttributes", "scope")}


def _origins(ordered: list[ObservationRow]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for row in ordered:
        origin = _plain({column: getattr(row, column) for column in _ORIGIN})
        origin["metadata"] = {key: row.metadata[key] for key in ("resourceAttributes", "scope")}
        if origin not in found:
            found.append(origin)
    return found


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is absent, amounts as text."""
    return {key: goldens.amounts(value) for key, value in values.items() if value not in ("", None, [], {}, False)}


def golden_files() -> Iterator[tuple[Path, Path]]:
    """Scenario folder and golden file."""
    return goldens.files(scenarios(), GOLDEN)


if __name__ == "__main__":
    goldens.write(golden_files(), view)
