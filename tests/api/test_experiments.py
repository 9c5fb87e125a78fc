"""Runs, run items and experiments over the public API (spec/api.md §4.7, §4.8), from old SDKs' links and new SDKs' spans."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import iso_ms, to_us, utcnow
from langfuse_app.features.experiments import service
from langfuse_app.features.experiments.schemas import (
    ExperimentItemsOut,
    ExperimentsOut,
    RunItemOut,
    RunItemsOut,
    RunsOut,
    RunWithItemsOut,
)
from langfuse_app.ingestion.rows import ObservationRow
from tests import factories
from tests.api.conftest import Api

RUN_FIELDS = {"id", "name", "description", "metadata", "datasetId", "datasetName", "createdAt", "updatedAt"}
RUN_ITEM_FIELDS = {"id", "datasetRunId", "datasetRunName", "datasetItemId", "traceId", "observationId", "createdAt", "updatedAt"}
EXPERIMENT_FIELDS = {"id", "name", "description", "startTime", "endTime", "itemCount", "datasetId"}
ITEM_CORE = {
    "id",
    "traceId",
    "startTime",
    "endTime",
    "level",
    "environment",
    "experimentId",
    "experimentName",
    "experimentItemId",
}
SINCE = "2026-01-01T00:00:00Z"
ROUTES = [
    ("POST", "/dataset-run-items"),
    ("GET", "/dataset-run-items?datasetId=d&runName=r"),
    ("GET", "/datasets/d/runs"),
    ("GET", "/datasets/d/runs/r"),
    ("DELETE", "/datasets/d/runs/r"),
    ("GET", f"/experiments?fromStartTime={SINCE}"),
    ("GET", f"/experiment-items?fromStartTime={SINCE}"),
]


class Capitals:
    """A dataset `eu/capitals` with items i0, i1, … of a client."""

    def __init__(self, api: Api, count: int = 1) -> None:
        self.api = api
        self.id = api.post("/v2/datasets", {"name": "eu/capitals"}).json()["id"]
        self.items = [self._item(number) for number in range(count)]

    def _item(self, number: int) -> str:
        body = {"datasetName": "eu/capitals", "input": number, "expectedOutput": f"out {number}", "metadata": {"n": number}}
        return self.api.post("/dataset-items", body).json()["id"]

    def link(self, number: int = 0, run: str = "first", **fields: Any) -> dict[str, Any]:
        answer = self.api.post("/dataset-run-items", {"runName": run, "datasetItemId": self.items[number], **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def run_id(self, name: str) -> str:
        text = f'["langfuse-experiment-v1","{self.api.scope.project_id}","{self.id}","{name}"]'
        return sha256(text.encode()).hexdigest()[:16]


@pytest.fixture
def capitals(api: Api) -> Capitals:
    return Capitals(api, 3)


def span(scope: ProjectScope, experiment_id: str, item_id: str, at_s: float = 0, **columns: Any) -> ObservationRow:
    """The root span of an experiment item as ingestion stores it; its row."""
    id = columns.pop("id", new_id()[:16])
    trace_id = columns.pop("trace_id", new_id())
    values: dict[str, Any] = {
        "experiment_id": experiment_id,
        "experiment_name": "nightly",
        "experiment_item_id": item_id,
        "experiment_item_root_span_id": id,
        "environment": "sdk-experiment",
        "start_time": factories.at(at_s),
        "end_time": factories.at(at_s + 2),
        "received_at": factories.at(at_s + 3),
    } | columns
    factories.observation(scope, trace_id, id, **values)
    row = ObservationRow(project_id=scope.project_id, trace_id=trace_id, id=id, **values)
    service.note_spans([row])
    return row


def experiments(api: Api, **params: object) -> list[dict[str, Any]]:
    answer = api.get("/experiments", **{"fromStartTime": SINCE} | params)
    assert answer.status_code == 200, answer.text
    ExperimentsOut.model_validate(answer.json())
    return answer.json()["data"]


def experiment_items(api: Api, **params: object) -> list[dict[str, Any]]:
    answer = api.get("/experiment-items", **{"fromStartTime": SINCE} | params)
    assert answer.status_code == 200, answer.text
    ExperimentItemsOut.model_validate(answer.json())
    return answer.json()["data"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_needs_a_key_of_the_project(api: Api, method: str, path: str) -> None:
    url = f"/api/public{path}"
    assert api.client.request(method, url, json={}).status_code == 401
    browser = {"Authorization": f"Bearer {factories.public_key(api.scope)}"}
    assert api.client.request(method, url, json={}, headers=browser).status_code == 403


# --- run items and runs ----------------------------------------------------------------------------------------------


def test_a_link_makes_its_run_before_anything_was_traced(api: Api, capitals: Capitals) -> None:
    made = capitals.link(traceId="t", observationId="o", runDescription="why", metadata={"model": "m"})
    assert set(made) == RUN_ITEM_FIELDS
    RunItemOut.model_validate(made)
    assert made["datasetRunId"] == capitals.run_id("first"), "the id that SDKs compute for themselves"
    assert (made["datasetRunName"], made["datasetItemId"], made["traceId"], made["observationId"]) == ("first", capitals.items[0], "t", "o")
    run = api.get("/datasets/eu%2Fcapitals/runs/first").json()
    assert set(run) == RUN_FIELDS | {"datasetRunItems"}
    RunWithItemsOut.model_validate(run)
    assert (run["description"], run["metadata"], run["datasetId"], run["datasetName"]) == (
        "why",
        {"model": "m"},
        capitals.id,
        "eu/capitals",
    )
    assert run["datasetRunItems"] == [made]
    assert capitals.link(1, traceId="t2")["observationId"] is None


def test_the_same_link_again_is_the_same_item(api: Api, capitals: Capitals) -> None:
    first = capitals.link(traceId="t", observationId="o")
    assert capitals.link(traceId="t", observationId="o") == first
    assert capitals.link(traceId="t", observationId="o2")["id"] != first["id"]
    assert len(api.get("/datasets/eu/capitals/runs/first").json()["datasetRunItems"]) == 2


def test_a_run_is_described_anew_by_later_links(api: Api, capitals: Capitals) -> None:
    capitals.link(traceId="t1", runDescription="a", metadata="text")
    run = api.get("/datasets/eu/capitals/runs/first").json()
    assert (run["description"], run["metadata"]) == ("a", {"metadata": "text"})
    version = api.get(f"/dataset-items/{capitals.items[0]}").json()["version"]
    capitals.link(traceId="t2", metadata={"b": 1}, datasetVersion=version)
    run = api.get("/datasets/eu/capitals/runs/first").json()
    assert (run["description"], run["metadata"]) == ("a", {"b": 1, "dataset_version": version})
    assert run["updatedAt"] >= run["createdAt"]
    capitals.link(traceId="t3", run="plain")
    assert api.get("/datasets/eu/capitals/runs/plain").json()["metadata"] == {}


def test_wrong_links_are_refused(api: Api, stranger: Api, capitals: Capitals) -> None:
    item_id = capitals.items[0]
    for body, path in (
        ({"runName": "r", "datasetItemId": item_id}, []),
        ({"datasetItemId": item_id, "traceId": "t"}, ["runName"]),
        ({"runName": "r", "traceId": "t"}, ["datasetItemId"]),
        ({"runName": "r", "datasetItemId": item_id, "traceId": "t", "more": 1}, ["more"]),
        ({"runName": "r", "datasetItemId": item_id, "traceId": "t", "datasetVersion": "yesterday"}, ["datasetVersion"]),
        ({"runName": "r", "datasetItemId": item_id, "traceId": "t", "datasetVersion": "9999-12-31T23:59:59-14:00"}, ["datasetVersion"]),
        ({"runName": "r", "datasetItemId": item_id, "traceId": "t", "createdAt": "0001-01-01T00:00:00+14:00"}, ["createdAt"]),
        ({"runName": "r", "datasetItemId": item_id, "traceId": "t", "createdAt": "0549-01-01T00:00:00Z"}, ["createdAt"]),
    ):
        answer = api.post("/dataset-run-items", body)
        assert (answer.status_code, answer.json()["error"][0]["path"]) == (400, path)
    good = {"runName": "r", "datasetItemId": item_id, "traceId": "t"}
    for who, body in ((stranger, good), (api, good | {"datasetItemId": "x"}), (api, good | {"datasetVersion": "2020-01-01T00:00:00Z"})):
        answer = who.post("/dataset-run-items", body)
        assert (answer.status_code, answer.json()["message"]) == (404, "Dataset item not found")
    api.post("/dataset-items", {"datasetName": "eu/capitals", "id": item_id, "status": "ARCHIVED"})
    assert api.post("/dataset-run-items", good).status_code == 404
    assert api.get("/datasets/eu/capitals/runs").json()["data"] == []


def test_an_observation_alone_finds_its_trace(api: Api, capitals: Capitals) -> None:
    trace_id, id = factories.trace(api.scope), new_id()
    factories.observation(api.scope, trace_id, id)
    assert capitals.link(0, observationId=id)["traceId"] == trace_id


def test_an_observation_that_comes_later_is_found_when_the_run_is_read(api: Api, capitals: Capitals) -> None:
    id = new_id()
    assert capitals.link(0, observationId=id)["traceId"] == ""
    trace_id = factories.trace(api.scope)
    factories.observation(api.scope, trace_id, id)
    for _ in range(2):
        (item,) = api.get("/dataset-run-items", datasetId=capitals.id, runName="first").json()["data"]
        assert (item["traceId"], item["observationId"]) == (trace_id, id)


def test_run_items_are_listed_by_pages(api: Api, stranger: Api, capitals: Capitals) -> None:
    for number in range(3):
        moment = iso_ms(factories.START + timedelta(seconds=number))
        assert capitals.link(number, traceId=f"t{number}", createdAt=moment)["createdAt"] == moment
    page = api.get("/dataset-run-items", datasetId=capitals.id, runName="first", limit=2).json()
    RunItemsOut.model_validate(page)
    assert [row["traceId"] for row in page["data"]] == ["t2", "t1"]
    assert page["meta"] == {"page": 1, "limit": 2, "totalItems": 3, "totalPages": 2}
    for who, params in ((stranger, {"datasetId": capitals.id, "runName": "first"}), (api, {"datasetId": "x", "runName": "first"})):
        answer = who.get("/dataset-run-items", **params)
        assert answer.status_code == 404
        assert answer.json()["message"] == "Dataset run not found for the given project and dataset id"
    assert api.get("/dataset-run-items", datasetId=capitals.id).status_code == 400


def test_runs_are_listed_newest_first(api: Api, stranger: Api, capitals: Capitals) -> None:
    for number, name in enumerate(("a", "b/c", "runs")):
        capitals.link(traceId="t", run=name, createdAt=iso_ms(factories.START + timedelta(seconds=number)))
    page = api.get("/datasets/eu/capitals/runs", limit=2).json()
    RunsOut.model_validate(page)
    assert [row["name"] for row in page["data"]] == ["runs", "b/c"]
    assert set(page["data"][0]) == RUN_FIELDS
    assert page["meta"] == {"page": 1, "limit": 2, "totalItems": 3, "totalPages": 2}
    assert api.get("/datasets/eu%2Fcapitals/runs/b%2Fc").json()["name"] == "b/c"
    for who, name in ((stranger, "eu/capitals"), (api, "rivers")):
        answer = who.get(f"/datasets/{name}/runs")
        assert (answer.status_code, answer.json()["message"]) == (404, "Dataset not found")
        for method in ("GET", "DELETE"):
            answer = who.send(method, f"/datasets/{name}/runs/a")
            assert (answer.status_code, answer.json()["message"]) == (404, "Dataset run not found")


def test_a_deleted_run_is_gone_and_its_old_spans_do_not_bring_it_back(api: Api, capitals: Capitals) -> None:
    made = capitals.link(traceId="t")
    row = span(api.scope, made["datasetRunId"], capitals.items[1], experiment_dataset_id=capitals.id, received_at=to_us(utcnow()))
    factories.score(api.scope, dataset_run_id=made["datasetRunId"])
    answer = api.send("DELETE", "/datasets/eu/capitals/runs/first")
    assert (answer.status_code, answer.json()) == (200, {"message": "Dataset run successfully deleted"})
    assert api.client.get(answer.headers["location"], headers=api.headers).status_code == 200, "the receipt"
    service.note_spans([row])
    assert api.get("/datasets/eu/capitals/runs/first").status_code == 404
    assert api.send("DELETE", "/datasets/eu/capitals/runs/first").status_code == 404
    assert experiments(api) == []
    assert api.get("/v2/scores", datasetRunId=made["datasetRunId"]).json()["data"] == []
    assert capitals.link(traceId="t")["datasetRunId"] == made["datasetRunId"], "the name may be used again"
    assert [item["traceId"] for item in api.get("/datasets/eu/capitals/runs/first").json()["datasetRunItems"]] == ["t"]


# --- experiments -----------------------------------------------------------------------------------------------------


def test_an_experiment_of_spans_alone(api: Api, capitals: Capitals) -> None:
    run_id = capitals.run_id("nightly")
    meta = {"model": "gpt", "n": "1"}
    for number in range(2):
        span(
            api.scope,
            run_id,
            capitals.items[number],
            number * 10,
            experiment_dataset_id=capitals.id,
            experiment_description="each night",
            experiment_metadata=meta,
        )
    (experiment,) = experiments(api)
    assert experiment == {
        "id": run_id,
        "name": "nightly",
        "description": "each night",
        "startTime": iso_ms(factories.START),
        "endTime": iso_ms(factories.START + timedelta(seconds=12)),
        "itemCount": 2,
        "datasetId": capitals.id,
    }
    (with_more,) = experiments(api, fields="core,metadata,scores")
    assert set(with_more) == EXPERIMENT_FIELDS | {"metadata", "scores"}
    assert (with_more["metadata"], with_more["scores"]) == ({"model": "gpt", "n": 1}, [])
    # the same rows are a run for older readers
    run = api.get("/datasets/eu/capitals/runs/nightly").json()
    assert (run["id"], len(run["datasetRunItems"]), run["metadata"]) == (run_id, 2, {"model": "gpt", "n": 1})
    (late,) = experiments(api, fromStartTime=iso_ms(factories.START + timedelta(seconds=5)))
    assert (late["itemCount"], late["startTime"]) == (1, iso_ms(factories.START + timedelta(seconds=10)))
    assert experiments(api, fromStartTime=SINCE, toStartTime=iso_ms(factories.START)) == []


def test_links_and_spans_of_one_run_are_one_experiment(api: Api, capitals: Capitals) -> None:
    made = capitals.link(traceId="t" * 32, observationId="s" * 16)
    row = span(api.scope, made["datasetRunId"], capitals.items[0], trace_id="t" * 32, id="s" * 16, experiment_dataset_id=capitals.id)
    service.note_spans([row, row])
    (item,) = experiment_items(api)
    assert (item["id"], item["traceId"], item["experimentName"]) == ("s" * 16, "t" * 32, "first")
    assert item["startTime"] == iso_ms(factories.START)
    (experiment,) = experiments(api)
    assert (experiment["id"], experiment["itemCount"]) == (made["datasetRunId"], 1)


def test_only_root_spans_of_items_count_and_hostile_ids_are_left_alone(api: Api) -> None:
    row = span(api.scope, "e", "i")
    others: dict[str, Any] = {
        "experiment_item_root_span_id": row.id,
        "experiment_id": "e",
        "experiment_item_id": "i",
        "start_time": factories.at(50),
        "trace_id": row.trace_id,
    }
    service.note_spans([ObservationRow(project_id=api.scope.project_id, id="child", **others)])
    for bad in ("x" * 501, "a\x00b"):
        hostile: dict[str, Any] = others | {"experiment_id": bad, "experiment_item_root_span_id": "r"}
        service.note_spans([ObservationRow(project_id=api.scope.project_id, id="r", **hostile)])
    (experiment,) = experiments(api)
    assert (experiment["id"], experiment["itemCount"], experiment["datasetId"]) == ("e", 1, None)
    assert experiment["endTime"] == iso_ms(factories.START + timedelta(seconds=2))


def test_items_of_spans_with_all_their_fields(api: Api, capitals: Capitals) -> None:
    version = datetime(2026, 4, 1, tzinfo=UTC)
    row = span(
        api.scope,
        "e",
        capitals.items[0],
        experiment_dataset_id=capitals.id,
        experiment_description="why",
        experiment_metadata={"model": "gpt"},
        experiment_item_version=to_us(version),
        experiment_item_expected_output='{"a": 1}',
        experiment_item_metadata={"k": "v", "n": "2"},
        input='{"q": "x"}',
        output="plain",
        metadata={"m": "[1]"},
        level="ERROR",
    )
    (item,) = experiment_items(api, fields="core,dataset,io,metadata,itemMetadata,experimentMetadata,scores")
    assert item == {
        "id": row.id,
        "traceId": row.trace_id,
        "startTime": iso_ms(factories.START),
        "endTime": iso_ms(factories.START + timedelta(seconds=2)),
        "level": "ERROR",
        "environment": "sdk-experiment",
        "experimentId": "e",
        "experimentName": "nightly",
        "experimentItemId": capitals.items[0],
        "experimentDatasetId": capitals.id,
        "experimentItemVersion": iso_ms(version),
        "input": {"q": "x"},
        "output": "plain",
        "expectedOutput": {"a": 1},
        "metadata": {"m": [1]},
        "experimentItemMetadata": {"k": "v", "n": 2},
        "experimentMetadata": {"model": "gpt"},
        "experimentDescription": "why",
        "scores": [],
    }
    (item,) = experiment_items(api)
    assert set(item) == ITEM_CORE | {"experimentDatasetId", "experimentItemVersion"}
    (item,) = experiment_items(api, fields="core")
    assert set(item) == ITEM_CORE


def test_items_of_links_are_told_by_trace_observation_and_dataset(api: Api, capitals: Capitals) -> None:
    fields = "core,io,itemMetadata,metadata"
    trace_id = factories.trace(api.scope, input='"trace in"', output="trace out", environment="prod", metadata={"m": "1"})
    root = factories.observation(api.scope, trace_id, at_s=1, end_time=factories.at(3), input="root in", environment="prod")
    child = factories.observation(api.scope, trace_id, at_s=2, parent_observation_id=root, input="child in", level="WARNING")
    capitals.link(0, traceId=trace_id)
    capitals.link(1, traceId=trace_id, observationId=child)
    capitals.link(2, traceId="not here yet", observationId="nor this")
    found = {item["experimentItemId"]: item for item in experiment_items(api, fields=fields)}
    whole, part, missing = (found[item_id] for item_id in capitals.items)
    assert (whole["id"], whole["input"], whole["output"], whole["environment"]) == (root, "trace in", "trace out", "prod")
    assert (whole["expectedOutput"], whole["experimentItemMetadata"], whole["metadata"]) == ("out 0", {"n": 0}, {"m": 1})
    assert whole["endTime"] == iso_ms(factories.START + timedelta(seconds=3))
    assert (part["id"], part["input"], part["level"], part["expectedOutput"]) == (child, "child in", "WARNING", "out 1")
    assert (missing["id"], missing["traceId"], missing["input"], missing["endTime"]) == ("nor this", "not here yet", None, None)
    assert (missing["level"], missing["environment"], missing["expectedOutput"]) == ("DEFAULT", "default", "out 2")


def test_expected_output_is_that_of_the_version_that_ran(api: Api, capitals: Capitals) -> None:
    capitals.link(0, traceId="t1")
    api.post("/dataset-items", {"datasetName": "eu/capitals", "id": capitals.items[0], "expectedOutput": "new"})
    capitals.link(0, run="second", traceId="t2")
    api.send("DELETE", f"/dataset-items/{capitals.items[0]}")
    told = {item["experimentName"]: item["expectedOutput"] for item in experiment_items(api, fields="io")}
    assert told == {"first": "out 0", "second": "new"}


def test_scores_of_experiments_and_items(api: Api, capitals: Capitals) -> None:
    row = span(api.scope, "e", capitals.items[0])
    for number in range(3):
        factories.score(api.scope, id=f"run-{number}", at_s=number, dataset_run_id="e", value=number)
    factories.score(api.scope, id="on-trace", at_s=1, trace_id=row.trace_id, data_type="BOOLEAN", value=1, string_value="True")
    factories.score(api.scope, id="on-span", at_s=2, trace_id=row.trace_id, observation_id=row.id)
    factories.score(api.scope, id="elsewhere", at_s=3, trace_id=row.trace_id, observation_id="other")
    (experiment,) = experiments(api, fields="core,scores", scoreLimit=2)
    assert [score["id"] for score in experiment["scores"]] == ["run-2", "run-1"]
    assert experiment["scores"][0]["subject"] == {"kind": "experiment", "id": "e"}
    (item,) = experiment_items(api, fields="core,scores")
    assert [(score["id"], score["value"]) for score in item["scores"]] == [("on-span", 0), ("on-trace", True)]
    (item,) = experiment_items(api, fields="core,scores", scoreLimit=1)
    assert [score["id"] for score in item["scores"]] == ["on-span"]


def test_metrics_of_a_run_are_resolved_when_it_is_read(api: Api, capitals: Capitals) -> None:
    made = capitals.link(0, traceId="later")
    (experiment,) = experiments(api, fields="core,metrics")
    nothing = {"traceCount": 0, "errorCount": 0, "averageLatency": None, "averageCost": None, "totalCost": None, "totalTokens": 0}
    assert experiment["metrics"] == nothing
    for trace_id, seconds in (("later", 2), ("more", 4)):
        usage: dict[str, Any] = {"total_cost": 0.5, "cost_details": {"total": 0.5}, "usage_details": {"total": 7}}
        factories.observation(api.scope, trace_id, end_time=factories.at(seconds), level="ERROR", **usage)
    capitals.link(1, traceId="more")
    (experiment,) = experiments(api, fields="core,metrics", id=made["datasetRunId"])
    measured = {"traceCount": 2, "errorCount": 2, "averageLatency": 3.0, "averageCost": 0.5, "totalCost": 1.0, "totalTokens": 14}
    assert experiment["metrics"] == measured


def test_lists_go_on_behind_the_cursor(api: Api) -> None:
    for number in range(7):
        span(api.scope, f"e{number % 4}", f"i{number}", at_s=number // 2)  # several of one moment

    def walk(path: str) -> list[str]:
        seen: list[str] = []
        params: dict[str, object] = {"fromStartTime": SINCE, "limit": 2}
        while True:
            answer = api.get(path, **params).json()
            seen += [row["id"] for row in answer["data"]]
            assert set(answer["meta"]) <= {"cursor"}
            if "cursor" not in answer["meta"]:
                return seen
            params["cursor"] = answer["meta"]["cursor"]

    assert walk("/experiments") == [row["id"] for row in experiments(api)] == ["e2", "e1", "e0", "e3"]
    items = walk("/experiment-items")
    assert items == [row["id"] for row in experiment_items(api)]
    assert len(set(items)) == 7
    answer = api.get("/experiments", fromStartTime=SINCE, cursor="bm9uc2Vuc2U")
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid cursor format")


def test_filters(api: Api, stranger: Api) -> None:
    span(api.scope, "e1", "i1", experiment_name="nightly", experiment_dataset_id="d1")
    span(api.scope, "e2", "i2", experiment_name="manual", experiment_dataset_id="d2")
    span(api.scope, "e3", "i1", experiment_name="local")

    def ids(**params: object) -> list[str]:
        return sorted(row["id"] for row in experiments(api, **params))

    def of(**params: object) -> list[str]:
        return sorted(row["experimentId"] for row in experiment_items(api, **params))

    assert ids() == ["e1", "e2", "e3"]
    assert ids(id="e1,e3") == ["e1", "e3"]
    assert ids(name="manual", datasetId="d2") == ["e2"]
    assert ids(filter='[{"type":"string","column":"name","operator":"contains","value":"l"}]') == ["e1", "e2", "e3"]
    assert ids(filter='[{"type":"stringOptions","column":"datasetId","operator":"any of","value":["d1"]}]') == ["e1"]
    assert of(experimentItemId="i1") == ["e1", "e3"]
    assert of(experimentName="local") == ["e3"]
    assert of(experimentId="e2", datasetId="d2") == ["e2"]
    assert of(filter='[{"type":"string","column":"experimentItemId","operator":"=","value":"i2"}]') == ["e2"]
    assert experiments(stranger) == experiment_items(stranger) == []


@pytest.mark.parametrize("path", ["/experiments", "/experiment-items"])
def test_wrong_queries_say_where(api: Api, path: str) -> None:
    for params, where in (
        ({}, "fromStartTime"),
        ({"fromStartTime": "2026-01-01T00:00:00"}, "fromStartTime"),
        ({"fromStartTime": SINCE, "limit": 101}, "limit"),
        ({"fromStartTime": SINCE, "scoreLimit": 51}, "scoreLimit"),
    ):
        answer = api.get(path, **params)
        assert (answer.status_code, answer.json()["error"][0]["path"]) == (400, [where])
    other = '[{"type":"string","column":"description","operator":"=","value":"x"}]'
    answer = api.get(path, fromStartTime=SINCE, filter=other)
    assert answer.status_code == 400
    assert "datasetId" in answer.json()["message"]
    answer = api.get(path, fromStartTime=SINCE, filter="[")
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid JSON in filter parameter")


def test_the_order_in_which_spans_come_does_not_matter(api: Api) -> None:
    rows = [
        ObservationRow(
            project_id=api.scope.project_id,
            trace_id=f"t{number}",
            id=f"s{number}",
            start_time=factories.at(number),
            end_time=factories.at(number + 1),
            experiment_id="e",
            experiment_name="n",
            experiment_item_id=f"i{number}",
            experiment_item_root_span_id=f"s{number}",
            received_at=factories.at(9),
        )
        for number in range(4)
    ]
    service.note_spans(reversed(rows))
    first = experiments(api)
    for part in (rows[:2], rows[1:], rows):
        service.note_spans(part)
    assert experiments(api) == first
    assert first[0]["startTime"] == iso_ms(factories.START)
