"""Recorded POST /ingestion traffic as rows, in a form that people review: `golden_json/<client>/<scenario>.json`.

`python -m tests.contract.json_view` writes the golden files again; read their diff before you keep it.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from langfuse_app.ingestion.changes import Change, Request
from langfuse_app.ingestion.json_events import BatchAcceptance, accept_batch, decode_batch
from tests.contract import goldens
from tests.ingestion.wire import Key, Row, merge_into

HERE = Path(__file__).parent
RECORDINGS, GOLDEN = HERE / "recordings", HERE / "golden_json"
RECEIVED = 1_795_431_000_000_000  # µs, a little after all of them
_MANY = 60
# What the pipeline keeps for itself, or what is the same in every row of a recording.
_HIDDEN = {"project_id", "merge_clock", "request_id", "received_at", "created_at", "updated_at", "event_bytes", "ingestion_api_key"}


class Recording(msgspec.Struct):
    """One recorded batch."""

    file: Path
    headers: dict[str, str]
    body: bytes
    answer: dict[str, Any]

    @property
    def request(self) -> Request:
        return Request(
            request_id=f"{self.file.parent.parent.name}/{self.file.parent.name}/{self.file.stem}",
            project_id="proj-1",
            received_at=RECEIVED + int(self.file.stem),
            content="json",
            public_key="pk-lf-recorder",
            sdk_name=self._header("sdk_name"),
            sdk_version=self._header("sdk_version"),
        )

    def _header(self, name: str) -> str:
        return self.headers.get(f"x_langfuse_{name}") or self.headers.get(f"x-langfuse-{name.replace('_', '-')}", "")

    def accepted(self) -> BatchAcceptance:
        return accept_batch(self.body, self.request.request_id, "proj-1", scores_only=False)

    def changes(self, indexes: set[int] | None = None) -> list[Change]:
        return [change for change in decode_batch(self.body, indexes, self.request) if isinstance(change, Change)]


def batches(folder: Path) -> list[Recording]:
    """The batches of a scenario in their order of arrival."""
    found = [(file, json.loads(file.read_text())) for file in sorted(folder.glob("*.json"))]
    return [
        Recording(file, one["headers"], json.dumps(one["body"]).encode(), one["response"]["body"])
        for file, one in found
        if one["path"].endswith("/ingestion")
    ]


def scenarios() -> list[Path]:
    """Folders of scenarios with batches."""
    return sorted(folder for folder in RECORDINGS.glob("*/*") if batches(folder))


def scenario_rows(folder: Path) -> dict[Key, Row]:
    """All rows of a scenario, as the worker makes them."""
    rows: dict[Key, Row] = {}
    for recording in batches(folder):
        merge_into(rows, recording.changes())
    return rows


def view(folder: Path) -> dict[str, Any]:
    """The scenario as its golden file shows it: rows by kind, without what is absent."""
    rows = scenario_rows(folder)
    shown: dict[str, Any] = {}
    for kind in ("trace", "observation", "score"):
        found = [_plain(row) for key, row in sorted(rows.items()) if key[0] == kind]
        if len(found) > _MANY:
            names = Counter(one["name"].rstrip("0123456789") for one in found)
            shown[f"{kind}s"] = {"count": len(found), "names": names, "first": found[0], "last": found[-1]}
        elif found:
            shown[f"{kind}s"] = found
    return shown


def _plain(row: Row) -> dict[str, Any]:
    values = msgspec.structs.asdict(row)
    return {
        name: goldens.amounts(value) for name, value in values.items() if name not in _HIDDEN and value not in ("", None, [], {}, False, 0)
    }


def golden_files() -> Iterator[tuple[Path, Path]]:
    """Scenario folder and golden file."""
    return goldens.files(scenarios(), GOLDEN)


if __name__ == "__main__":
    goldens.write(golden_files(), view)
