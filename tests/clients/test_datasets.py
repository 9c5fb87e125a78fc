"""Datasets and experiments through every SDK: made, linked, run, scored, and read back as one picture (spec/wire.md §2)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from .environments import CLIENTS
from .reading import Drive, Target, drive

pytestmark = pytest.mark.clients

CLIENTS_WITH_DATASETS = sorted(path.parent.name for path in CLIENTS.glob("*/drive_datasets.*"))
WITH_EXPERIMENTS = [name for name in CLIENTS_WITH_DATASETS if name not in ("langfuse-js-3.39.2", "langfuse-python-2.60.10")]
WITH_LINKS = [name for name in CLIENTS_WITH_DATASETS if name not in ("langfuse-python-4.18.0", "langfuse-python-5.0.4")]
METADATA = {"model": "m-1", "temperature": 0}
GIVE_UP_S = 10.0


@pytest.fixture(scope="module")
def runs(target: Target) -> Callable[[str], tuple[str, Drive]]:
    """The seed and the finished run of a client's driver, run when first asked for."""

    @cache
    def run(client: str) -> tuple[str, Drive]:
        seed = f"{client}-{secrets.token_hex(3)}"
        return seed, drive(client, target, seed, driver="drive_datasets")

    return run


@pytest.fixture
def http(target: Target) -> Iterator[httpx.Client]:
    with target.http() as client:
        yield client


def read(http: httpx.Client, path: str, **params: Any) -> Any:
    answer = http.get(f"/api/public{path}", params=params or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


def when(there: Callable[[], Any]) -> Any:
    """The first answer that is not empty: spans are readable about a second after their flush."""
    deadline = time.monotonic() + GIVE_UP_S
    while not (found := there()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def items_of(http: httpx.Client, experiment_id: str) -> list[dict[str, Any]]:
    """The two items of an experiment by their inputs, once their spans and scores are here; [] before."""
    fields = "core,dataset,io,itemMetadata,experimentMetadata,scores"
    params = {"fromStartTime": "2026-01-01T00:00:00Z", "experimentId": experiment_id, "fields": fields}
    rows = read(http, "/experiment-items", **params)["data"]
    return sorted(rows, key=lambda row: row["experimentItemId"]) if all(row["output"] for row in rows) else []


@pytest.mark.parametrize("client", CLIENTS_WITH_DATASETS)
def test_a_dataset_and_its_items(client: str, runs: Callable[[str], tuple[str, Drive]], http: httpx.Client) -> None:
    seed, driven = runs(client)
    assert driven.failure is None, driven.failure
    told = driven.fact("dataset")
    assert (told["name"], told["description"]) == (f"eu/capitals {seed}", "Where?")
    shown = [
        {"id": f"de-{seed}", "input": {"country": "Germany"}, "expectedOutput": "Berlin"},
        {"id": f"fr-{seed}", "input": {"country": "France"}, "expectedOutput": "Paris"},
    ]
    assert sorted(told["items"], key=lambda item: item["id"]) == shown
    stored = read(http, f"/v2/datasets/{quote(told['name'], safe='')}")
    assert (stored["id"], stored["metadata"]) == (told["id"], {"team": "eu"})
    archived = read(http, f"/dataset-items/xx-{seed}")
    assert (archived["status"], archived["input"], archived["metadata"]) == ("ARCHIVED", {"country": "Atlantis"}, {"number": 2})


@pytest.mark.parametrize("client", WITH_LINKS)
def test_items_linked_to_what_ran(client: str, runs: Callable[[str], tuple[str, Drive]], http: httpx.Client) -> None:
    seed, driven = runs(client)
    told, read_back = driven.fact("linked"), driven.fact("runs")
    assert set(told["runs"]) <= set(read_back["listed"])
    assert read_back["total"] == len(read_back["listed"])
    for name in told["runs"]:
        run = read_back["runs"][name]
        assert run["items"] == [f"de-{seed}", f"fr-{seed}"]
        germany, france = when(lambda run_id=run["id"]: items_of(http, run_id))
        assert (germany["output"], france["output"]) == ("Rome", "Paris")
        assert (germany["expectedOutput"], france["expectedOutput"]) == ("Berlin", "Paris")
        assert (germany["experimentItemMetadata"], france["experimentItemMetadata"]) == ({"number": 1}, {"number": 0})
    linked = read_back["runs"]["linked"]
    assert linked["metadata"] == METADATA
    germany, france = when(lambda: [row for row in items_of(http, linked["id"]) if row["scores"]])
    assert [(score["name"], score["value"]) for row in (germany, france) for score in row["scores"]] == [("right", 0), ("right", 1)]


@pytest.mark.parametrize("client", WITH_EXPERIMENTS)
def test_an_experiment(client: str, runs: Callable[[str], tuple[str, Drive]], http: httpx.Client) -> None:
    seed, driven = runs(client)
    told, dataset = driven.fact("experiment"), driven.fact("dataset")
    assert sorted(told["outputs"]) == ["Paris", "Rome"]
    germany, france = when(lambda: [row for row in items_of(http, told["id"]) if row["scores"]])
    assert (germany["experimentItemId"], france["experimentItemId"]) == (f"de-{seed}", f"fr-{seed}")
    assert (germany["input"], germany["output"], germany["expectedOutput"]) == ({"country": "Germany"}, "Rome", "Berlin")
    assert germany["environment"] == "sdk-experiment"
    assert (germany["experimentDatasetId"], germany["experimentMetadata"]) == (dataset["id"], METADATA)
    assert germany["experimentDescription"] == "each night"
    assert {(score["name"], score["value"]) for score in germany["scores"]} == {("right", 0)}
    assert {(score["name"], score["value"]) for score in france["scores"]} == {("right", 1)}
    params = {"fromStartTime": "2026-01-01T00:00:00Z", "id": told["id"], "fields": "core,metadata,scores,metrics"}
    (experiment,) = when(lambda: [row for row in read(http, "/experiments", **params)["data"] if row["scores"]])
    assert (experiment["name"], experiment["itemCount"], experiment["datasetId"]) == ("with the SDK", 2, dataset["id"])
    assert [(score["name"], score["value"]) for score in experiment["scores"]] == [("share", 0.5)]
    assert (experiment["metadata"], experiment["metrics"]["traceCount"]) == (METADATA, 2)
    run = read(http, f"/datasets/{quote(dataset['name'], safe='')}/runs/{quote(told['run'], safe='')}")
    assert (run["id"], run["metadata"], run["description"]) == (told["id"], METADATA, "each night")
    assert sorted(item["datasetItemId"] for item in run["datasetRunItems"]) == [f"de-{seed}", f"fr-{seed}"]


@pytest.mark.parametrize("client", ["langfuse-python-5.0.4"])
def test_the_newest_sdk_reads_the_same_with_its_own_client(client: str, runs: Callable[[str], tuple[str, Drive]]) -> None:
    _, driven = runs(client)
    told, found = driven.fact("experiment"), driven.fact("read")
    assert (found["id"], found["count"], found["metadata"], found["shares"]) == (told["id"], 2, METADATA, [0.5])
    assert (found["outputs"], found["expected"]) == (["Paris", "Rome"], ["Berlin", "Paris"])
    assert {0.0, 1.0} == set(found["rights"])
