"""Every SDK generation: what its natural calls send can be read back, complete and right, within three seconds of flush.

Spec: wire.md (all), api.md §4.1, §4.2, §5, §6, §10. The values are those of scenario.json.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from .comparing import differences
from .environments import NAMES
from .reading import Drive, Reading, Target

pytestmark = pytest.mark.clients

READABLE_WITHIN_S = 3.0
EVERY_CLIENT = pytest.mark.parametrize("client", NAMES)
V2_FIELDS = "core,basic,io,usage,model,trace_context"


def check(reading: Reading) -> None:
    """The trace of `reading` was all there and as its driver said."""
    assert not reading.mismatches, "\n".join(reading.mismatches[:20])


@EVERY_CLIENT
def test_a_trace_with_everything(driven: Drive) -> None:
    (reading,) = driven.of("agent")
    check(reading)
    assert reading.seconds <= READABLE_WITHIN_S, f"readable after {reading.seconds:.1f} s"
    assert reading.answer["htmlPath"].startswith("/project/")
    assert reading.answer["latency"] >= 0


@EVERY_CLIENT
def test_usage_and_cost(driven: Drive) -> None:
    (reading,) = driven.of("agent")
    draft = next(item for item in reading.answer["observations"] if item["name"] == "draft-answer")
    assert draft["usageDetails"]["total"] == 2180
    assert draft["usage"] == {"unit": "TOKENS", "input": 2000, "output": 180, "total": 2180}
    assert (draft["promptTokens"], draft["completionTokens"], draft["totalTokens"]) == (2000, 180, 2180)
    # gpt-4o: 2.5 USD per million input tokens, half of it for cached ones, 10 USD for output.
    costs = {"input": 1200 * 2.5e-6, "input_cached_tokens": 800 * 1.25e-6, "output": 180 * 10e-6, "total": 0.0058}
    assert draft["costDetails"] == pytest.approx(costs)
    assert draft["calculatedTotalCost"] == pytest.approx(0.0058)
    assert reading.answer["totalCost"] == pytest.approx(draft["calculatedTotalCost"])


@EVERY_CLIENT
def test_single_objects_read_as_they_do_inside_their_trace(driven: Drive, target: Target) -> None:
    (reading,) = driven.of("agent")
    with target.http() as http:
        for kind in ("observations", "scores"):
            for item in reading.answer[kind]:
                assert http.get(f"/api/public/{kind}/{quote(item['id'], safe='')}").json() == item
    for score in reading.answer["scores"]:
        where = {"traceId": reading.answer["id"], "source": "API", "environment": "staging"}
        assert not differences(where, score, score["name"])


@EVERY_CLIENT
def test_a_trace_that_arrives_in_parts(driven: Drive) -> None:
    for scenario in ("early", "late"):
        (reading,) = driven.of(scenario)
        check(reading)


@EVERY_CLIENT
def test_observations_v2(driven: Drive, target: Target) -> None:
    (reading,) = driven.of("agent")
    story = reading.story
    with target.http() as http:
        answer = http.get("/api/public/v2/observations", params={"traceId": story["trace"]["id"], "fields": V2_FIELDS})
    assert answer.status_code == 200, answer.text
    rows = {row["id"]: row for row in answer.json()["data"]}
    lines: list[str] = []
    for told in story["observations"]:
        lines += differences(_v2(told, story["trace"]), _parsed(rows.get(told["id"], {})), told["name"])
    assert not lines, "\n".join(lines)
    assert len(rows) == len(story["observations"])


def _v2(told: dict[str, Any], trace: dict[str, Any]) -> dict[str, Any]:
    """An expected observation as v2 shows it: trace attributes on every row, no metadata asked for."""
    expected = {key: value for key, value in told.items() if key != "metadata"}
    for key in ("userId", "sessionId", "tags", "environment"):
        expected[key] = trace[key]
    if "model" in told:
        expected["providedModelName"] = told["model"]
    return {**expected, "traceId": trace["id"], "traceName": trace["name"], "release": trace["release"]}


def _parsed(row: dict[str, Any]) -> dict[str, Any]:
    """v2 gives input and output as stored text, which is JSON unless the client sent a plain string."""
    row = dict(row)
    for key in ("input", "output"):
        text = row.get(key)
        assert text is None or isinstance(text, str), f"v2 must give {key} as text"
        if text and text[0] in '[{"':
            row[key] = json.loads(text)
    return row


@EVERY_CLIENT
def test_decorated_functions_and_the_wrapped_openai_client(driven: Drive) -> None:
    (reading,) = driven.of("decorated")
    check(reading)
    calls = [item for item in reading.answer["observations"] if item["type"] == "GENERATION"]
    assert all(call["model"].startswith("gpt-4o-mini") and call["calculatedTotalCost"] > 0 for call in calls)
    assert all(call["timeToFirstToken"] is not None for call in calls if call["name"] == "streamed-call")


@EVERY_CLIENT
def test_traces_of_one_session(driven: Drive, target: Target) -> None:
    readings = driven.of("turns")
    for reading in readings:
        check(reading)
        assert reading.answer["totalCost"] == pytest.approx(10 * 2.5e-6 + 1 * 10e-6)
    with target.http() as http:
        answer = http.get("/api/public/traces", params={"sessionId": readings[0].story["trace"]["sessionId"]}).json()
    assert {trace["id"] for trace in answer["data"]} == {reading.story["trace"]["id"] for reading in readings}
    assert answer["meta"]["totalItems"] == len(readings)


@EVERY_CLIENT
@pytest.mark.parametrize("scenario", ["unicode", "large", "batch"])
def test_texts_and_sizes(driven: Drive, scenario: str) -> None:
    (reading,) = driven.of(scenario)
    check(reading)


@pytest.mark.parametrize("client", ["langfuse-js-3.39.2"])
def test_a_score_from_the_browser(driven: Drive) -> None:
    (reading,) = driven.of("browser")
    check(reading)


@pytest.mark.parametrize("client", [name for name in NAMES if name.startswith("langfuse-")])
def test_the_sdk_reads_with_its_own_client(driven: Drive) -> None:
    fetched = driven.fact("fetched")
    assert fetched["name"] == "support-agent"
    (reading,) = driven.of("agent")
    assert sorted(fetched["observations"]) == sorted(told["name"] for told in reading.story["observations"])


@EVERY_CLIENT
def test_the_driver_ran_to_its_end_without_complaint(driven: Drive) -> None:
    assert driven.failure is None, driven.failure
