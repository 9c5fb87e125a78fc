"""Every recorded batch is answered as it was, and becomes the rows of its reviewed golden file, whatever the order."""

import json
import random
from pathlib import Path

import pytest

from langfuse_app.ingestion.changes import Change
from tests.contract.json_view import Recording, batches, golden_files, scenario_rows, scenarios, view
from tests.ingestion.wire import Key, Row, merge_into

SCENARIOS = scenarios()
IDS = [f"{folder.parent.name}/{folder.name}" for folder in SCENARIOS]
EVERY_BATCH = [recording for folder in SCENARIOS for recording in batches(folder)]


def test_there_are_recordings_of_every_client_that_posts_batches() -> None:
    clients = {"langfuse-js-3.39.2", "langfuse-js-5.11.1", "langfuse-python-2.60.10", "langfuse-python-3.15.0", "langfuse-python-4.18.0"}
    assert {folder.parent.name for folder in SCENARIOS} == clients
    assert len(EVERY_BATCH) == 59


@pytest.mark.parametrize(("folder", "golden"), list(golden_files()), ids=IDS)
def test_recording_becomes_its_golden_rows(folder: Path, golden: Path) -> None:
    assert view(folder) == json.loads(golden.read_text())


@pytest.mark.parametrize("recording", EVERY_BATCH, ids=lambda recording: recording.request.request_id)
def test_the_answer_names_the_same_events(recording: Recording) -> None:
    accepted = recording.accepted()
    assert {one["id"] for one in accepted.successes} == {one["id"] for one in recording.answer["successes"]}
    assert {one["id"] for one in accepted.errors} == {one["id"] for one in recording.answer["errors"]}
    assert all(one["status"] == 400 for one in accepted.errors)
    assert not accepted.dropped


@pytest.mark.parametrize("recording", EVERY_BATCH, ids=lambda recording: recording.request.request_id)
def test_acceptance_and_worker_speak_of_the_same_events(recording: Recording) -> None:
    routes = dict(recording.accepted().routes)
    changes = recording.changes()
    assert {change.index for change in changes} == routes.keys()
    for change in changes:
        assert (change.trace_id or change.fields.get("session_id") or change.fields.get("dataset_run_id")) == routes[change.index]
    for index in routes:
        assert recording.changes({index}) == [change for change in changes if change.index == index]


@pytest.mark.parametrize("folder", SCENARIOS, ids=IDS)
def test_order_split_and_repetition_make_no_difference(folder: Path) -> None:
    parts: list[list[Change]] = []
    for recording in batches(folder):
        parts += [recording.changes({index}) for index, _ in recording.accepted().routes]
    shuffled = random.Random(7).sample(parts, len(parts))
    rows: dict[Key, Row] = {}
    for part in shuffled + shuffled[: len(parts) // 2]:
        merge_into(rows, part)
    assert rows == scenario_rows(folder)


def test_the_callers_secrets_are_not_kept() -> None:
    """observeOpenAI of JS 3 puts its init parameters, the secret key among them, into the trace's body."""
    [folder] = [folder for folder in SCENARIOS if (folder.parent.name, folder.name) == ("langfuse-js-3.39.2", "openai")]
    assert b"clientInitParams" in batches(folder)[0].body
    kept = repr(scenario_rows(folder)) + repr([recording.changes() for recording in batches(folder)])
    assert "clientInitParams" not in kept
    assert "secret" not in kept.lower()


@pytest.mark.parametrize(
    "client", ["langfuse-js-3.39.2", "langfuse-js-5.11.1", "langfuse-python-2.60.10", "langfuse-python-3.15.0", "langfuse-python-4.18.0"]
)
def test_a_score_sent_again_is_updated(client: str) -> None:
    """Python 3 and 4 send both versions with the same envelope timestamp, the score's own time."""
    [folder] = [folder for folder in SCENARIOS if (folder.parent.name, folder.name) == (client, "scores")]
    for order in (1, -1):
        rows: dict[Key, Row] = {}
        for recording in batches(folder)[::order]:
            merge_into(rows, recording.changes())
        [revised] = [row for key, row in rows.items() if key[2].startswith("sc-upd")]
        assert revised.value == 0.7
