"""POST, PATCH and GET of /api/public/media, and the bytes behind the links (spec/api.md §4.9, spec/wire.md §2)."""

import base64
import hashlib
import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import get_settings
from langfuse_app.core.signing import sign
from langfuse_app.core.time import utcnow
from langfuse_app.features.media import service
from langfuse_app.features.media.schemas import ENDINGS, ItemVersion, MediaOut, MediaUpload, UploadGrant
from langfuse_app.stores.blobs import media_blobs
from langfuse_app.stores.postgres import session
from tests.api.conftest import Api
from tests.api.doors import needs_a_project_key
from tests.s3 import S3, running_s3

PATH = "/media"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
REPORT: dict[str, Any] = {"uploadedAt": "2026-05-01T10:00:00.123Z", "uploadHttpStatus": 200, "uploadHttpError": None, "uploadTimeMs": 7}


def sha256(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def wanted(data: bytes = PNG, content_type: str = "image/png", **place: Any) -> dict[str, Any]:
    place = place or {"traceId": "t1", "observationId": None, "field": "input"}
    return {"contentType": content_type, "contentLength": len(data), "sha256Hash": sha256(data), **place}


def headers(data: bytes, content_type: str = "image/png") -> dict[str, str]:
    """What the SDKs send along."""
    return {"Content-Type": content_type, "x-ms-blob-type": "BlockBlob", "x-amz-checksum-sha256": sha256(data)}


def upload(api: Api, data: bytes = PNG, content_type: str = "image/png", **place: Any) -> str:
    """All three steps of an SDK; the media id."""
    granted = api.post(PATH, wanted(data, content_type, **place)).json()
    put = api.client.put(granted["uploadUrl"], content=data, headers=headers(data, content_type))
    assert put.status_code == 200, put.text
    assert api.send("PATCH", f"{PATH}/{granted['mediaId']}", REPORT).status_code == 200
    return granted["mediaId"]


def links(scope: ProjectScope, table: str) -> list[tuple[Any, ...]]:
    columns = {"trace_media": "trace_id", "observation_media": "observation_id", "dataset_item_media": "dataset_item_id"}[table]
    with session() as current:
        found = current.connection().execute(
            text(f"SELECT {columns}, field FROM {table} WHERE project_id = :p ORDER BY 1, 2"), {"p": scope.project_id}
        )
        return [tuple(row) for row in found]


def test_bytes_come_back_equal(api: Api) -> None:
    granted = api.post(PATH, wanted())
    assert granted.status_code == 201
    UploadGrant.model_validate(granted.json())
    media_id, url = granted.json()["mediaId"], granted.json()["uploadUrl"]
    assert granted.json().keys() == {"mediaId", "uploadUrl"}
    assert media_id == base64.urlsafe_b64encode(hashlib.sha256(PNG).digest()).decode()[:22]
    assert (api.get(f"{PATH}/{media_id}").status_code, api.get(f"{PATH}/{media_id}").json()["message"]) == (404, "Media not yet uploaded")

    assert api.client.put(url, content=PNG, headers=headers(PNG)).status_code == 200
    reported = api.send("PATCH", f"{PATH}/{media_id}", REPORT)
    assert (reported.status_code, reported.json()) == (200, {"message": "OK"})

    media = api.get(f"{PATH}/{media_id}").json()
    assert media.keys() == {"mediaId", "contentType", "contentLength", "uploadedAt", "url", "urlExpiry"}
    MediaOut.model_validate(media)
    assert (media["contentType"], media["contentLength"], media["uploadedAt"]) == ("image/png", len(PNG), REPORT["uploadedAt"])
    assert api.client.get(media["url"]).content == PNG
    assert links(api.scope, "trace_media") == [("t1", "input")]


def test_the_same_content_is_uploaded_once(api: Api) -> None:
    media_id = upload(api)
    again = api.post(PATH, wanted(traceId="t1", observationId="o1", field="output"))
    assert (again.status_code, again.json()) == (201, {"mediaId": media_id, "uploadUrl": None})
    item = api.post(PATH, wanted(datasetId="d1", datasetItemId="i1", field="expectedOutput"))
    assert item.json()["uploadUrl"] is None
    assert api.post(PATH, wanted()).json()["uploadUrl"] is None
    assert links(api.scope, "trace_media") == [("t1", "input")]
    assert links(api.scope, "observation_media") == [("o1", "output")]
    assert links(api.scope, "dataset_item_media") == [("i1", "expectedOutput")]


def test_another_type_is_uploaded_again(api: Api) -> None:
    media_id = upload(api, content_type="image/jpg")
    assert upload(api, content_type="image/jpeg") == media_id
    assert api.get(f"{PATH}/{media_id}").json()["contentType"] == "image/jpeg"


def test_two_uploads_of_one_file_do_not_disturb_each_other(api: Api) -> None:
    first, second = (api.post(PATH, wanted()).json() for _ in range(2))
    for granted in (first, second):
        assert api.client.put(granted["uploadUrl"], content=PNG, headers=headers(PNG)).status_code == 200
        api.send("PATCH", f"{PATH}/{granted['mediaId']}", REPORT)
    failed = REPORT | {"uploadHttpStatus": 500, "uploadHttpError": "late"}
    assert api.send("PATCH", f"{PATH}/{first['mediaId']}", failed).status_code == 200
    assert api.client.get(api.get(f"{PATH}/{first['mediaId']}").json()["url"]).content == PNG


def test_a_failed_upload_says_so(api: Api) -> None:
    media_id = api.post(PATH, wanted()).json()["mediaId"]
    api.send("PATCH", f"{PATH}/{media_id}", REPORT | {"uploadHttpStatus": 403, "uploadHttpError": "no"})
    answer = api.get(f"{PATH}/{media_id}")
    assert (answer.status_code, answer.json()["error"]) == (404, "LangfuseNotFoundError")
    assert answer.json()["message"].startswith("Media upload failed with status 403")
    assert api.post(PATH, wanted()).json()["uploadUrl"] is not None


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"contentType": "application/x-evil"}, ["contentType"]),
        ({"contentLength": 0}, ["contentLength"]),
        ({"contentLength": 1_000_000_001}, ["contentLength"]),
        ({"sha256Hash": "abc"}, ["sha256Hash"]),
        ({"sha256Hash": "!" * 44}, ["sha256Hash"]),
        ({"field": "expectedOutput"}, []),
        ({"traceId": "x" * 251}, ["traceId"]),
        ({"field": None}, ["field"]),
        ({"traceId": None}, []),
        ({"datasetId": "d", "datasetItemId": "i"}, []),
        ({"traceId": None, "datasetId": "d"}, []),
        ({"traceId": None, "datasetId": "d", "datasetItemId": "i", "field": "output"}, []),
    ],
)
def test_wrong_wishes_say_where(api: Api, wrong: dict[str, Any], path: list[str]) -> None:
    answer = api.post(PATH, wanted() | wrong)
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid request data")
    assert path in [issue["path"] for issue in answer.json()["error"]]


@pytest.mark.parametrize("wrong", [{"uploadedAt": None}, {"uploadedAt": "2026-05-01T10:00:00"}, {"uploadHttpStatus": None}])
def test_wrong_reports_are_refused(api: Api, wrong: dict[str, Any]) -> None:
    media_id = api.post(PATH, wanted()).json()["mediaId"]
    assert api.send("PATCH", f"{PATH}/{media_id}", REPORT | wrong).status_code == 400


def test_other_tenants_find_nothing(api: Api, stranger: Api) -> None:
    media_id = upload(api)
    for answer in (stranger.get(f"{PATH}/{media_id}"), stranger.send("PATCH", f"{PATH}/{media_id}", REPORT), api.get(f"{PATH}/x")):
        assert (answer.status_code, answer.json()) == (404, {"message": "Media asset not found", "error": "LangfuseNotFoundError"})
    assert stranger.post(PATH, wanted()).json()["uploadUrl"] is not None


@pytest.mark.parametrize(("method", "path"), [("POST", PATH), ("GET", PATH + "/x"), ("PATCH", PATH + "/x")])
def test_every_route_needs_a_key(anonymous: TestClient, scope: ProjectScope, method: str, path: str) -> None:
    needs_a_project_key(anonymous, scope, method, path, wanted())


def test_the_longest_ids_find_room(api: Api) -> None:
    ids = ["".join(chr(0x10000 + number * factor % 0x10000) for number in range(250)) for factor in (37, 41)]
    assert api.post(PATH, wanted(traceId=ids[0], observationId=ids[1], field="input")).status_code == 201
    assert api.post(PATH, wanted(datasetId=ids[0], datasetItemId=ids[1], field="input")).status_code == 201


# --- our own links -------------------------------------------------------------------------------


def unfinished() -> list[str]:
    return [path.name for path in (get_settings().data_dir / "blobs" / ".unfinished").iterdir()]


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (PNG + b"x", {}),
        (PNG[:-1], {}),
        (b"x" * len(PNG), {"x-amz-checksum-sha256": sha256(PNG)}),
        (PNG, {"Content-Type": "text/html"}),
        (PNG, {"x-amz-checksum-sha256": sha256(b"")}),
    ],
)
def test_only_the_signed_bytes_are_taken(api: Api, body: bytes, sent: dict[str, str]) -> None:
    granted = api.post(PATH, wanted()).json()
    answer = api.client.put(granted["uploadUrl"], content=body, headers=headers(body) | sent)
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequestError")
    assert unfinished() == []
    api.send("PATCH", f"{PATH}/{granted['mediaId']}", REPORT)
    assert api.client.get(api.get(f"{PATH}/{granted['mediaId']}").json()["url"]).status_code == 404


def test_a_body_of_unknown_length_stops_at_the_signed_one(api: Api) -> None:
    granted = api.post(PATH, wanted()).json()
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 64 << 20:
            sent += 1 << 20
            yield bytes(1 << 20)

    answer = api.client.put(granted["uploadUrl"], content=endless(), headers={"Content-Type": "image/png"})
    assert answer.status_code == 400
    assert unfinished() == []


def test_links_are_good_for_one_thing_and_a_while(api: Api) -> None:
    upload_url = api.post(PATH, wanted()).json()["uploadUrl"]
    media = api.get(f"{PATH}/{upload(api)}").json()
    expired = service.FILES + sign("media download", {"blob": "x", "content_type": "image/png", "length": 0, "sha256": ""}, 1)
    body, mac = upload_url.rsplit(".", 1)
    for url in (upload_url, expired, upload_url + "x", f"{body}x.{mac}", service.FILES + "x"):
        answer = api.client.get(url)
        assert (answer.status_code, answer.json()["error"]) == (403, "ForbiddenError"), url
    assert api.client.put(media["url"], content=PNG, headers=headers(PNG)).status_code == 403


def test_ranges_and_heads(api: Api) -> None:
    url = api.get(f"{PATH}/{upload(api)}").json()["url"]
    part = api.client.get(url, headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, PNG[2:6], f"bytes 2-5/{len(PNG)}")
    head = api.client.head(url)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(PNG)))
    assert api.client.get(url, headers={"Range": f"bytes={len(PNG)}-"}).status_code == 416


@pytest.mark.parametrize(
    ("content_type", "way"),
    [
        ("image/png", "inline"),
        ("audio/wav", "inline"),
        ("application/pdf", "inline"),
        ("text/plain", "inline"),
        *((kind, "attachment") for kind in ("image/svg+xml", "text/html", "application/xml", "application/javascript", "text/css")),
    ],
)
def test_no_script_runs_on_our_origin(api: Api, content_type: str, way: str) -> None:
    data = f"<script>alert('{content_type}')</script>".encode()
    answer = api.client.get(api.get(f"{PATH}/{upload(api, data, content_type)}").json()["url"])
    assert answer.content == data
    assert answer.headers["content-type"].split(";")[0] == content_type
    assert answer.headers["content-disposition"].startswith(f"{way}; filename=")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert ("sandbox" in answer.headers["content-security-policy"]) == (content_type != "application/pdf")


def test_every_content_type_of_the_contract(api: Api) -> None:
    assert len(ENDINGS) == 52
    for content_type in ENDINGS:
        assert MediaUpload.model_validate(wanted(content_type=content_type)).content_type == content_type


def test_large_files_pass_in_pieces(api: Api) -> None:
    """Eight megabytes are over the limit of JSON bodies, and never held whole."""
    data = os.urandom(8 << 20)
    media_id = upload(api, data, "video/mp4")
    assert api.client.get(api.get(f"{PATH}/{media_id}").json()["url"]).content == data


# --- when traces go ------------------------------------------------------------------------------


def test_files_go_with_the_last_trace(api: Api) -> None:
    shared, own = upload(api), upload(api, b"own", "text/plain", traceId="t1", observationId="o1", field="output")
    upload_path = api.get(f"{PATH}/{own}").json()["url"]
    api.post(PATH, wanted(traceId="t2", field="input"))
    assert service.forget_traces(api.scope, ["t1"]) == 1
    assert api.get(f"{PATH}/{own}").status_code == 404
    assert api.client.get(upload_path).status_code == 404
    assert api.get(f"{PATH}/{shared}").status_code == 200
    assert service.forget_traces(api.scope, ["t1", "t2", "t3"]) == 1
    assert links(api.scope, "trace_media") == links(api.scope, "observation_media") == []
    assert service.forget_traces(api.scope, []) == 0


def test_all_files_go_with_their_project(api: Api, stranger: Api) -> None:
    own, foreign = upload(api), upload(stranger)
    api.post(PATH, wanted(b"other", "text/plain", datasetId="d", datasetItemId="i", field="input"))
    assert service.forget_project(api.scope) == 2
    assert api.get(f"{PATH}/{own}").status_code == 404
    assert links(api.scope, "trace_media") == links(api.scope, "dataset_item_media") == []
    assert stranger.client.get(stranger.get(f"{PATH}/{foreign}").json()["url"]).content == PNG
    assert service.forget_project(api.scope) == 0


def test_old_files_go_unless_something_young_or_a_dataset_refers_to_them(api: Api) -> None:
    upload(api, b"old", "text/plain")
    between = utcnow()
    item = upload(api, b"of an item", "text/plain", datasetId="d", datasetItemId="i", field="input")
    young = upload(api)
    assert service.forget_before(api.scope, between) == 1
    assert service.forget_before(api.scope, utcnow() + timedelta(seconds=1)) == 1
    assert [api.get(f"{PATH}/{media_id}").status_code for media_id in (item, young)] == [200, 404]


def test_dataset_items_show_and_keep_what_they_refer_to(api: Api, stranger: Api) -> None:
    media_id, absent = upload(api), "x" * 22
    reference = f"@@@langfuseMedia:type=image/png|id={media_id}|source=bytes@@@"
    lost = f"@@@langfuseMedia:type=image/png|id={absent}|source=bytes@@@"
    fields = {"input": {"a": [1, reference], "it']s": reference}, "expectedOutput": reference, "metadata": [lost, f"in {reference}"]}
    found, nothing = service.references(api.scope, [fields, {"input": None}], "http://here")
    assert [(one.field, one.json_path, one.reference_string) for one in found] == [
        ("input", "$['a'][1]", reference),
        ("expectedOutput", "$", reference),
    ]
    shown = found[0].media.model_dump(by_alias=True)
    assert shown.keys() == {"mediaId", "contentType", "contentLength", "url", "urlExpiry"}
    assert nothing == []
    assert service.references(stranger.scope, [fields], "http://here") == [[]]

    version = ItemVersion("d", "i", utcnow())
    for _ in range(2):
        service.link_item(api.scope, version, fields)
    assert links(api.scope, "dataset_item_media") == [("i", "expectedOutput"), ("i", "input")]
    assert service.forget_traces(api.scope, ["t1"]) == 0
    assert api.get(f"{PATH}/{media_id}").status_code == 200


def test_the_routes_of_dataset_items_show_media(api: Api) -> None:
    media_id = upload(api)
    reference = f"@@@langfuseMedia:type=image/png|id={media_id}|source=bytes@@@"
    api.post("/v2/datasets", {"name": "photos"})
    created = api.post("/dataset-items", {"datasetName": "photos", "id": new_id(), "input": {"photo": reference}}).json()
    api.post("/dataset-items", {"datasetName": "photos", "input": "no photo"})
    plain, first_generation = api.get("/datasets/photos").json()["items"]
    assert (plain["input"], plain["mediaReferences"]) == ("no photo", [])
    for item in (
        created,
        api.get(f"/dataset-items/{created['id']}").json(),
        api.get("/dataset-items", datasetName="photos").json()["data"][1],
        first_generation,
        api.post("/datasets", {"name": "photos"}).json()["items"][1],
    ):
        [shown] = item["mediaReferences"]
        assert (shown["field"], shown["jsonPath"], shown["referenceString"]) == ("input", "$['photo']", reference)
        assert api.client.get(shown["media"]["url"]).content == PNG
    assert service.forget_traces(api.scope, ["t1"]) == 0


def test_a_dataset_may_refer_to_more_files_than_a_statement_has_parameters(api: Api) -> None:
    media_id = upload(api)
    found = service.describe(api.scope, [media_id, *(f"{number:022}" for number in range(70_000))], "http://here")
    assert found.keys() == {media_id}


def test_a_file_that_is_linked_meanwhile_stays(api: Api) -> None:
    media_id = upload(api)
    threads = [threading.Thread(target=service.forget_traces, args=(api.scope, ["t1"]))]
    threads += [threading.Thread(target=api.post, args=(PATH, wanted(traceId=new_id(), field="input"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(links(api.scope, "trace_media")) == 4
    assert api.post(PATH, wanted()).json()["mediaId"] == media_id


# --- S3 ------------------------------------------------------------------------------------------


@pytest.fixture
def s3(engines: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """Media in a bucket of their own."""
    with running_s3("media") as server:
        values = {"BUCKET": "media", "ENDPOINT": server.endpoint, "REGION": "us-east-1", "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b"}
        for name, value in (values | {"PREFIX": "pre/", "FORCE_PATH_STYLE": "true"}).items():
            monkeypatch.setenv(f"LANGFUSE_S3_MEDIA_UPLOAD_{name}", value)
        get_settings.cache_clear()
        media_blobs.cache_clear()
        yield server
    monkeypatch.undo()
    get_settings.cache_clear()
    media_blobs.cache_clear()


def test_s3_signs_its_own_links(s3: S3, api: Api) -> None:
    granted = api.post(PATH, wanted()).json()
    signed = parse_qs(urlsplit(granted["uploadUrl"]).query)["X-Amz-SignedHeaders"][0].split(";")
    assert {"content-length", "content-type", "x-amz-checksum-sha256"} <= set(signed)
    assert httpx.put(granted["uploadUrl"], content=PNG, headers=headers(PNG)).status_code == 200
    api.send("PATCH", f"{PATH}/{granted['mediaId']}", REPORT)
    fetched = httpx.get(api.get(f"{PATH}/{granted['mediaId']}").json()["url"])
    assert (fetched.content, fetched.headers["content-type"]) == (PNG, "image/png")
    key = f"pre/media/{api.scope.project_id}/{granted['mediaId']}"
    assert [entry["Key"] for entry in s3.client.list_objects_v2(Bucket="media")["Contents"]] == [key]
    assert service.forget_traces(api.scope, ["t1"]) == 1
    assert "Contents" not in s3.client.list_objects_v2(Bucket="media")


def test_s3_that_cannot_sign_is_a_500(s3: S3, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"LANGFUSE_S3_MEDIA_UPLOAD_{name}", "")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    get_settings.cache_clear()
    media_blobs.cache_clear()
    answer = api.post(PATH, wanted())
    assert (answer.status_code, answer.json()) == (500, {"message": "Failed to get media upload URL", "error": "InternalServerError"})


def test_only_uploaded_files_are_described(scope: ProjectScope) -> None:
    grant = service.request_upload(scope, MediaUpload.model_validate(wanted()), "http://here")
    assert grant.upload_url is not None
    assert grant.upload_url.startswith("http://here/api/public/media/files/")
    assert service.describe(scope, [grant.media_id], "http://here") == {}
