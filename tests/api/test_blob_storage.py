"""Blob-storage integrations, for organisation keys (spec/api.md §3.1, §13)."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from langfuse_app.core.encryption import decrypt
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.blob_storage.models import BlobStorageIntegration
from langfuse_app.features.blob_storage.schemas import FieldGroup, IntegrationOut, StatusOut
from langfuse_app.features.blob_storage.service import status
from langfuse_app.stores.postgres import session
from tests import factories
from tests.api.conftest import Api

PATH = "/integrations/blob-storage"
BODY: dict[str, Any] = {
    "type": "S3",
    "bucketName": "exports",
    "region": " us-east-1 ",
    "accessKeyId": "AKIA",
    "secretAccessKey": "very-secret",
    "prefix": "team/",
    "exportFrequency": "hourly",
    "enabled": True,
    "forcePathStyle": False,
    "fileType": "JSONL",
    "exportMode": "FULL_HISTORY",
}
FIELDS = {
    *("id", "projectId", "type", "bucketName", "endpoint", "region", "accessKeyId", "prefix", "exportFrequency", "enabled"),
    *("forcePathStyle", "fileType", "exportMode", "exportStartDate", "compressed", "exportSource", "exportFieldGroups"),
    *("nextSyncAt", "lastSyncAt", "lastError", "lastErrorAt", "createdAt", "updatedAt"),
}
STATUS_FIELDS = {"id", "projectId", "syncStatus", "enabled", "lastSyncAt", "nextSyncAt", "lastError", "lastErrorAt"}


@pytest.fixture
def org(api: Api) -> Api:
    """The API as a client with a key of the organisation sees it."""
    api.headers = factories.organization_auth(api.scope)
    return api


@pytest.fixture
def other_org(stranger: Api) -> Api:
    stranger.headers = factories.organization_auth(stranger.scope)
    return stranger


def put(org: Api, **fields: Any) -> Any:
    return org.send("PUT", PATH, BODY | {"projectId": org.scope.project_id} | fields)


def issues(answer: Any) -> list[list[str]]:
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid request data"), answer.text
    return [issue["path"] for issue in answer.json()["error"]]


def test_an_integration_lives_its_life(org: Api) -> None:
    created = put(org)
    assert created.status_code == 200
    integration = created.json()
    assert integration.keys() == FIELDS
    IntegrationOut.model_validate(integration | {"project_id": integration["projectId"]})
    project = org.scope.project_id
    assert (integration["id"], integration["projectId"], integration["region"]) == (project, project, "us-east-1")
    assert (integration["compressed"], integration["exportSource"]) == (True, "LEGACY_TRACES_OBSERVATIONS")
    assert integration["exportFieldGroups"] == [group.value for group in FieldGroup]
    assert org.get(PATH).json() == {"data": [integration]}

    state = org.get(f"{PATH}/{project}")
    assert state.json().keys() == STATUS_FIELDS
    StatusOut.model_validate(state.json())
    assert (state.json()["syncStatus"], state.json()["enabled"], state.json()["lastSyncAt"]) == ("queued", True, None)

    changed = put(org, enabled=False, prefix=None, fileType="CSV", compressed=False).json()
    assert (changed["enabled"], changed["prefix"], changed["fileType"], changed["compressed"]) == (False, "", "CSV", False)
    assert changed["createdAt"] == integration["createdAt"]
    assert org.get(f"{PATH}/{project}").json()["syncStatus"] == "disabled"

    deleted = org.send("DELETE", f"{PATH}/{project}")
    assert (deleted.status_code, list(deleted.json())) == (200, ["message"])
    assert org.get(f"{PATH}/{project}").status_code == org.send("DELETE", f"{PATH}/{project}").status_code == 404


def test_secrets_stay_here(org: Api) -> None:
    assert "very-secret" not in put(org).text
    put(org, secretAccessKey=None, accessKeyId="other")
    with session() as current:
        stored = current.get(BlobStorageIntegration, org.scope.project_id)
        audited = current.connection().execute(text("SELECT a::text FROM audit_logs a")).scalars().all()
    assert stored is not None
    assert stored.secret_access_key is not None
    assert decrypt(stored.secret_access_key) == "very-secret"
    assert stored.access_key_id == "other"
    assert "very-secret" not in "\n".join([*audited, stored.secret_access_key])
    put(org, secretAccessKey=None, type="GOOGLE_CLOUD_STORAGE")
    with session() as current:
        stored = current.get(BlobStorageIntegration, org.scope.project_id)
    assert stored is not None
    assert stored.secret_access_key is None


def test_what_is_left_out_stays(org: Api) -> None:
    put(org, exportSource="OBSERVATIONS_V2", exportFieldGroups=["core", "io"])
    kept = put(org).json()
    assert (kept["exportSource"], kept["exportFieldGroups"]) == ("OBSERVATIONS_V2", ["core", "io"])


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"type": "FTP"}, ["type"]),
        ({"bucketName": " "}, ["bucketName"]),
        ({"region": "-x"}, ["region"]),
        ({"region": ""}, ["region"]),
        ({"prefix": "no-slash"}, ["prefix"]),
        ({"exportFrequency": "yearly"}, ["exportFrequency"]),
        ({"fileType": "XML"}, ["fileType"]),
        ({"enabled": None}, ["enabled"]),
        ({"type": "S3_COMPATIBLE"}, ["endpoint"]),
        ({"type": "S3_COMPATIBLE", "endpoint": "http://169.254.169.254"}, ["endpoint"]),
        ({"exportMode": "FROM_CUSTOM_DATE"}, ["exportStartDate"]),
        ({"exportMode": "FROM_CUSTOM_DATE", "exportStartDate": "2200-01-01T00:00:00Z"}, ["exportStartDate"]),
        ({"exportFieldGroups": ["io"], "exportSource": "OBSERVATIONS_V2"}, ["exportFieldGroups"]),
        ({"exportFieldGroups": ["core"]}, ["exportSource"]),
        ({"exportFieldGroups": ["all"], "exportSource": "OBSERVATIONS_V2"}, ["exportFieldGroups", 0]),
    ],
)
def test_wrong_bodies_say_where(org: Api, fields: dict[str, Any], path: list[Any]) -> None:
    assert path in issues(put(org, **fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "S3_COMPATIBLE", "endpoint": "https://minio.example.com", "forcePathStyle": True},
        {"type": "AZURE_BLOB_STORAGE", "endpoint": "https://x.blob.core.windows.net"},
        {"type": "GOOGLE_CLOUD_STORAGE", "region": "auto"},
        {"exportMode": "FROM_CUSTOM_DATE", "exportStartDate": "2026-05-01T00:00:00+02:00"},
        {"fileType": "PARQUET", "exportFrequency": "every_20_minutes"},
    ],
)
def test_every_kind_of_store(org: Api, fields: dict[str, Any]) -> None:
    answer = put(org, **fields)
    assert answer.status_code == 200, answer.text
    expected = fields | ({"exportStartDate": "2026-04-30T22:00:00.000Z"} if "exportStartDate" in fields else {})
    assert {name: answer.json()[name] for name in fields} == expected


def test_the_status_follows_the_work() -> None:
    now = utcnow()
    row = BlobStorageIntegration(
        project_id="p",
        type="S3",
        bucket_name="b",
        region="r",
        force_path_style=False,
        enabled=True,
        export_frequency="hourly",
        file_type="CSV",
        export_mode="FULL_HISTORY",
        export_source="OBSERVATIONS_V2",
    )
    assert status(row) == "idle"
    row.next_sync_at = now - timedelta(minutes=1)
    assert status(row) == "queued"
    row.run_started_at = now
    assert status(row) == "running"
    row.run_started_at = now - timedelta(days=1)
    assert status(row) == "queued"
    row.last_sync_at, row.next_sync_at = now, now + timedelta(hours=1)
    assert status(row) == "up_to_date"
    row.last_error = "AccessDenied"
    assert status(row) == "error"
    row.enabled = False
    assert status(row) == "disabled"


def test_other_organisations_find_nothing(org: Api, other_org: Api) -> None:
    put(org)
    project = org.scope.project_id
    for method, path, body in (
        ("GET", f"{PATH}/{project}", None),
        ("DELETE", f"{PATH}/{project}", None),
        ("PUT", PATH, BODY | {"projectId": project}),
    ):
        answer = other_org.send(method, path, body)
        assert (answer.status_code, answer.json()["error"]) == (404, "LangfuseNotFoundError"), method
    assert other_org.get(PATH).json() == {"data": []}
    assert org.get(f"{PATH}/{project}").status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("PUT", PATH), ("GET", PATH + "/x"), ("DELETE", PATH + "/x")])
def test_every_route_needs_an_organisation_key(anonymous: TestClient, scope: ProjectScope, method: str, path: str) -> None:
    path, body = f"/api/public{path}", BODY | {"projectId": scope.project_id}
    assert anonymous.request(method, path, json=body).status_code == 401
    assert anonymous.request(method, path, json=body, headers={"Authorization": "Basic cGs6c2s="}).status_code == 401
    assert anonymous.request(method, path, json=body, headers=factories.basic_auth(scope)).status_code == 403
