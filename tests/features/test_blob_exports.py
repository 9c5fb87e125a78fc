"""Scheduled exports into a bucket (spec/backend.md §10.5); S3 is moto's server."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from operator import itemgetter
from typing import Any

import pytest
from sqlmodel import select

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import get_settings
from langfuse_app.core.time import iso_ms, utcnow
from langfuse_app.features.blob_storage import exports, service
from langfuse_app.features.blob_storage.models import BlobStorageIntegration
from langfuse_app.features.blob_storage.schemas import PutIntegration
from langfuse_app.stores.postgres import session
from langfuse_app.stores.redis import key, redis
from tests import factories
from tests.s3 import S3, running_s3
from worker import blob_exports

DAY_S = 86_400


@pytest.fixture(scope="module")
def s3(engines: object) -> Iterator[S3]:
    with running_s3("exports") as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LANGFUSE_BLOB_STORAGE_ENDPOINT_WHITELISTED_IPS", "127.0.0.1")
        get_settings.cache_clear()
        yield server
    get_settings.cache_clear()


@pytest.fixture
def scope(engines: object) -> ProjectScope:
    """A project with two traces on one day and one two days later."""
    scope = factories.project()
    factories.trace(scope, "t1", 0, name="päckchen", metadata={"a": "1"}, tags=["x"], input='{"q":1}')
    factories.trace(scope, "t2", 60)
    factories.trace(scope, "t3", 2 * DAY_S + 5)
    usage = {"usage_details": {"input": 3, "total": 3}, "cost_details": {"total": "0.5"}, "total_cost": "0.5"}
    factories.observation(scope, "t1", "o1", 1, name="call", end_time=factories.at(3), provided_model_name="m", **usage)
    factories.score(scope, "s1", 2, trace_id="t1", value=0.25)
    return scope


def integrate(s3: S3, scope: ProjectScope, **fields: Any) -> None:
    body = {
        "projectId": scope.project_id,
        "type": "S3_COMPATIBLE",
        "endpoint": s3.endpoint,
        "bucketName": "exports",
        "region": "us-east-1",
        "accessKeyId": "a",
        "secretAccessKey": "b",
        "prefix": "team/",
        "exportFrequency": "daily",
        "enabled": True,
        "forcePathStyle": True,
        "fileType": "JSONL",
        "exportMode": "FULL_HISTORY",
    }
    service.put_integration(factories.organization(scope), PutIntegration.model_validate(body | fields))


def stored(scope: ProjectScope) -> BlobStorageIntegration:
    with session() as current:
        return current.exec(select(BlobStorageIntegration).where(BlobStorageIntegration.project_id == scope.project_id)).one()


def files(s3: S3, scope: ProjectScope) -> dict[str, bytes]:
    """What lies in the bucket, by table and name."""
    prefix = f"team/{scope.project_id}/"
    found = s3.client.list_objects_v2(Bucket="exports", Prefix=prefix).get("Contents", [])
    return {entry["Key"].removeprefix(prefix): s3.client.get_object(Bucket="exports", Key=entry["Key"])["Body"].read() for entry in found}


def test_history_is_exported_window_by_window(s3: S3, scope: ProjectScope) -> None:
    integrate(s3, scope)
    assert (scope.project_id, scope.org_id) in exports.due()
    assert exports.export(scope) == 2
    found = files(s3, scope)
    first, second = "2026-05-02T10:00:00.000Z.jsonl.gz", "2026-05-04T10:00:05.000Z.jsonl.gz"
    assert sorted(found) == [f"observations/{first}", f"scores/{first}", f"traces/{first}", f"traces/{second}"]
    rows = {name: [json.loads(line) for line in gzip.decompress(data).splitlines()] for name, data in found.items()}
    traces = {row["id"]: row for row in rows[f"traces/{first}"]}
    assert traces.keys() == {"t1", "t2"}
    assert (traces["t1"]["name"], traces["t1"]["metadata"], traces["t1"]["tags"], traces["t1"]["input"]) == (
        "päckchen",
        {"a": "1"},
        ["x"],
        '{"q":1}',
    )
    assert (traces["t1"]["timestamp"], traces["t2"]["name"]) == ("2026-05-01T10:00:00.000000Z", None)
    observation = rows[f"observations/{first}"][0]
    assert (observation["latency"], observation["total_cost"], observation["usage_details"]) == (2.0, 0.5, {"input": 3, "total": 3})
    assert len(observation) == 33
    assert rows[f"scores/{first}"][0]["value"] == 0.25

    now = stored(scope)
    assert now.last_error is None
    assert now.run_started_at is None
    assert now.last_sync_at is not None
    assert timedelta(minutes=19) < utcnow() - now.last_sync_at < timedelta(minutes=21)
    assert service.status(now) == "up_to_date"
    assert exports.export(scope) == 0
    assert len(files(s3, scope)) == 4


def test_later_rows_come_in_later_windows_without_a_gap(s3: S3, scope: ProjectScope) -> None:
    integrate(s3, scope)
    exports.export(scope)
    with session() as current:
        row = current.get_one(BlobStorageIntegration, scope.project_id)
        row.last_sync_at = factories.START + timedelta(days=3)
        current.add(row)
    factories.trace(scope, "t4", 3 * DAY_S + 7)
    before = set(files(s3, scope))
    assert exports.export(scope) == 1
    assert set(files(s3, scope)) - before == {f"traces/{iso_ms(factories.START + timedelta(days=4))}.jsonl.gz"}


def test_every_format(s3: S3, scope: ProjectScope) -> None:
    for file_type, compressed in (("CSV", False), ("JSON", False), ("JSON", True), ("PARQUET", True)):
        service_scope = scope
        integrate(s3, service_scope, fileType=file_type, compressed=compressed)
        with session() as current:
            row = current.get_one(BlobStorageIntegration, scope.project_id)
            row.last_sync_at = None
            current.add(row)
        exports.export(scope)
    found = {
        name.removeprefix("traces/2026-05-02T10:00:00.000Z."): data
        for name, data in files(s3, scope).items()
        if "traces/2026-05-02" in name
    }
    assert found.keys() == {"csv", "json", "json.gz", "parquet"}
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(found["csv"].decode()))}
    assert (rows["t1"]["metadata"], rows["t1"]["tags"], rows["t1"]["input"]) == ('{"a":"1"}', '["x"]', '{"q":1}')
    plain, packed = (sorted(json.loads(text), key=itemgetter("id")) for text in (found["json"], gzip.decompress(found["json.gz"])))
    assert [row["id"] for row in plain] == ["t1", "t2"]
    assert packed == plain  # in whatever order
    assert found["parquet"][:4] == found["parquet"][-4:] == b"PAR1"


def test_field_groups_and_enriched_observations(s3: S3, scope: ProjectScope) -> None:
    integrate(s3, scope, exportSource="OBSERVATIONS_V2", exportFieldGroups=["core", "trace_context"], compressed=False)
    exports.export(scope)
    found = files(s3, scope)
    assert {name.split("/")[0] for name in found} == {"observations_v2", "scores"}
    row = json.loads(next(data for name, data in found.items() if name.startswith("observations_v2")))
    assert row.keys() == {
        *("id", "trace_id", "project_id", "type", "start_time", "end_time", "parent_observation_id"),
        *("trace_name", "user_id", "session_id", "release", "tags"),
    }


@pytest.mark.parametrize(("mode", "windows"), [("FROM_TODAY", 0), ("FROM_CUSTOM_DATE", 1)])
def test_where_an_export_begins(s3: S3, scope: ProjectScope, mode: str, windows: int) -> None:
    integrate(s3, scope, exportMode=mode, exportStartDate="2026-05-02T12:00:00Z")
    assert exports.export(scope) == windows
    assert service.status(stored(scope)) == ("idle" if mode == "FROM_TODAY" else "up_to_date")


def test_what_goes_wrong_is_told_and_tried_again(s3: S3, scope: ProjectScope) -> None:
    integrate(s3, scope, bucketName="nowhere")
    assert exports.export(scope) == 0
    now = stored(scope)
    assert service.status(now) == "error"
    assert "NoSuchBucket" in (now.last_error or "")
    assert now.next_sync_at is not None
    assert now.next_sync_at > utcnow()
    integrate(s3, scope)
    assert service.status(stored(scope)) != "error"
    exports.export(scope)
    assert service.status(stored(scope)) == "up_to_date"


@pytest.mark.parametrize("fields", [{"type": "AZURE_BLOB_STORAGE"}, {"type": "GOOGLE_CLOUD_STORAGE"}])
def test_other_stores_say_that_they_are_not_spoken_to(s3: S3, scope: ProjectScope, fields: dict[str, Any]) -> None:
    integrate(s3, scope, **fields)
    exports.export(scope)
    assert "use S3 or S3_COMPATIBLE" in (stored(scope).last_error or "")


def test_names_that_lead_into_our_own_network_are_not_called(s3: S3, scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    # stands for an entry in somebody's name server
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("10.0.0.7", 443))])
    integrate(s3, scope, endpoint="https://s3.example.com")
    exports.export(scope)
    assert "must lead to a public host" in (stored(scope).last_error or "")


def test_the_worker_asks_once_for_what_is_due(s3: S3, scope: ProjectScope) -> None:
    integrate(s3, scope)
    blob_exports.look()
    assert redis().exists(key("blob-export", scope.project_id))
    blob_exports.export(scope.project_id, scope.org_id)
    assert len(files(s3, scope)) == 4
    assert not redis().exists(key("blob-export", scope.project_id))
    integrate(s3, scope, enabled=False)
    assert (scope.project_id, scope.org_id) not in exports.due()
    assert exports.export(scope) == 0
