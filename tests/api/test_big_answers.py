"""Answers larger than memory should hold: the same text in pieces, read while they are sent, and never a part that looks whole."""

import asyncio
import socket
import threading
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from fastapi.testclient import TestClient
from starlette.responses import StreamingResponse

from langfuse_app.api import streaming
from langfuse_app.api.errors import json_response
from langfuse_app.api.streaming import json_answer
from langfuse_app.core.errors import NotFoundError, ServiceUnavailableError
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import get_settings
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.ingest import repository as ingest
from langfuse_app.features.ingest.repository_clickhouse import insert_rows
from langfuse_app.ingestion.rows import ObservationRow
from langfuse_app.stores import clickhouse, row_stream
from tests import factories
from tests.api.conftest import Api
from tests.web import web_process

_SPANS = 60


@pytest.fixture
def filled(scope: ProjectScope) -> str:
    """A trace of many observations with everything that the answer turns into something; its id."""
    trace_id = factories.trace(scope, "big/ü", input='{"q":1}', output="text", metadata={"a": "[1]", "b": "c"}, tags=["x"])
    for number in range(_SPANS):
        factories.observation(
            scope,
            trace_id,
            f"span-{number * 37 % _SPANS:02}",
            number // 2,
            end_time=factories.at(number) if number % 3 else None,
            input='{"text":"' + "ö" * 300 + '"}',
            output="not json " * 50,
            metadata={"depth": "[[[" if number % 2 else "[[[]]]", "empty": ""},
            usage_details={"input": 2**60 + number, "total": 3},
            cost_details={"input": Decimal("0.1"), "total": Decimal("0.3")},
            unit_prices={"input": Decimal("0.000000000001")},
            total_cost=Decimal("0.1") if number % 4 else None,
            prompt_version=number if number % 5 else None,
            tool_definitions={"f": "{}"},
            tags=["a", "b"],
        )
    factories.score(scope, "s1", trace_id=trace_id)
    return trace_id


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is large begins at 10 KB, and a piece has 4 KB."""
    monkeypatch.setattr(clickhouse, "AT_ONCE", clickhouse.AT_ONCE | {"max_result_bytes": 10_000})
    monkeypatch.setattr(streaming, "PIECE", 4_000)


ROUTES = [
    "/traces/big%2F%C3%BC",
    "/observations",
    "/observations?limit=7&page=3",
    "/v2/observations?limit=50&fields=core,basic,time,io,metadata,model,usage,prompt,metrics,trace_context",
    "/traces",
    "/traces?orderBy=name.asc",
    "/sessions/s",
]


@pytest.mark.parametrize("route", ROUTES)
def test_the_same_text_in_pieces(api: Api, filled: str, monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    for number in range(20):
        factories.trace(api.scope, f"t{number}", number, input="x" * 1000, name=f"name {number % 3}", session_id="s")
    whole = api.get(route)
    monkeypatch.setattr(clickhouse, "AT_ONCE", clickhouse.AT_ONCE | {"max_result_bytes": 5_000})
    monkeypatch.setattr(streaming, "PIECE", 4_000)
    streamed = api.get(route)
    assert (whole.status_code, streamed.status_code) == (200, 200)
    assert whole.headers["content-length"] == str(len(whole.content))
    assert "content-length" not in streamed.headers
    assert streamed.headers["content-type"] == whole.headers["content-type"] == "application/json"
    assert streamed.content == whole.content


def test_the_next_page_of_a_large_one(api: Api, filled: str, small_memory: None) -> None:
    found: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        answer = api.get("/v2/observations", limit=25, fields="io", **cursor)
        assert "content-length" not in answer.headers
        found += [row["id"] for row in answer.json()["data"]]
        if not (cursor := answer.json()["meta"]):
            break
    assert sorted(found) == sorted(set(found))
    assert len(found) == _SPANS


def test_the_download_of_a_large_trace(api: Api, filled: str, small_memory: None) -> None:
    cookie = f"{accounts.COOKIE}={accounts.sign_in(factories.user(api.scope).email, 'correct horse battery')}"
    answer = api.client.get("/api/traces/big%2F%C3%BC/download", params={"project_id": api.scope.project_id}, headers={"Cookie": cookie})
    assert "content-length" not in answer.headers
    assert answer.headers["content-disposition"] == 'attachment; filename="trace-big.json"'
    assert answer.content == api.get("/traces/big%2F%C3%BC").content


def test_another_tenant_gets_404_of_a_large_trace(stranger: Api, filled: str, small_memory: None) -> None:
    assert stranger.get("/traces/big%2F%C3%BC").status_code == 404
    assert stranger.get("/observations").json()["data"] == []


def test_what_fails_before_the_first_byte_is_an_answer(api: Api, filled: str, small_memory: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_stream, "_SETTINGS", {"max_memory_usage": 1})
    refused = api.get("/traces/big%2F%C3%BC")
    assert refused.status_code == 422
    assert "narrow the time range" in refused.json()["message"]


# --- how much is held ------------------------------------------------------------------------------------------------


def test_no_more_rows_are_read_than_a_piece_needs() -> None:
    taken = 0

    def rows() -> Iterator[dict[str, str]]:
        nonlocal taken
        for _ in range(1_000):
            taken += 1
            yield {"input": "x" * 10_000}

    answer = json_answer({"data": rows(), "meta": {}})
    assert isinstance(answer, StreamingResponse)
    sent = 0
    for piece in _pieces(answer):
        assert taken * 10_000 - sent <= 2 * streaming.PIECE
        assert len(piece) <= streaming.PIECE + 10_100
        sent += len(piece)
    assert taken == 1_000


def test_a_large_answer_of_the_store_is_never_held(engines: object) -> None:
    sql = "SELECT number, repeat('x', 10000) AS text FROM numbers(4000)"
    tracemalloc.start()
    try:
        size = sum(len(row["text"]) for row in row_stream.stream(sql, {}))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == 40_000_000
    assert peak < 8_000_000


def test_rows_one_by_one_are_those_of_a_query(engines: object) -> None:
    sql = (
        "SELECT toDateTime64('2026-05-01 10:00:00.000001', 6, 'UTC') AS a, CAST(NULL, 'Nullable(DateTime64(6, \\'UTC\\'))') AS b,"
        " toDecimal64(0.1, 12) AS c, CAST(NULL, 'Nullable(Decimal(18, 12))') AS d, map('x', toDecimal64(2, 12)) AS e, map('y', 'z') AS f,"
        " toUInt64(18446744073709551615) AS g, ['a\"\\n', 'ü'] AS h, true AS i, toLowCardinality('l') AS j, '' AS k,"
        " toDateTime('2026-05-01 10:00:00', 'UTC') AS l, 0.1 AS m FROM numbers(2)"
    )
    assert list(row_stream.stream(sql, {})) == clickhouse.query(sql)
    assert list(row_stream.stream(f"{sql} WHERE number > 5", {})) == []


def _pieces(answer: StreamingResponse) -> Iterator[Any]:
    """What the server is given, one by one."""
    with asyncio.Runner() as runner:
        pieces = aiter(answer.body_iterator)
        while (piece := runner.run(_next(pieces))) is not None:
            yield piece


async def _next(pieces: AsyncIterator[Any]) -> Any:
    return await anext(pieces, None)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_any_shape_is_the_text_of_the_whole(count: int) -> None:
    rows = [{"n": number, "ü": float("nan")} for number in range(count)]
    body = {"a": 1, "data": rows, "b": [], "meta": {"x": None}}
    answer = json_answer(body | {"data": iter(rows)})
    assert isinstance(answer, StreamingResponse)
    assert b"".join(_pieces(answer)) == json_response(body).body
    assert json_answer(body).body == json_response(body).body


# --- what breaks in the middle -----------------------------------------------------------------------------------------


def test_what_fails_in_the_first_piece_is_raised() -> None:
    def rows() -> Iterator[int]:
        yield 1
        raise NotFoundError("gone")

    with pytest.raises(NotFoundError):
        json_answer({"data": rows()})


def test_an_answer_of_the_store_that_breaks_off() -> None:
    lines = row_stream._lines(iter([b'["a"]\n["Str', b"", b'ing"]\n["x"]\n["y']))  # pyright: ignore[reportPrivateUsage]
    assert [next(lines) for _ in range(3)] == [b'["a"]', b'["String"]', b'["x"]']
    with pytest.raises(ServiceUnavailableError):
        next(lines)


class _Cutter:
    """Stands before ClickHouse, and cuts a connection after so many bytes of answers; 0 never."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target, self.limit = target, 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, socket.create_connection(self.target) as far:
            asking = threading.Thread(target=self._copy, args=(near, far), daemon=True)
            asking.start()
            self._copy(far, near, answers=True)
            asking.join()

    def _copy(self, source: socket.socket, sink: socket.socket, *, answers: bool = False) -> None:
        seen = 0
        with suppress(OSError):
            while data := source.recv(65_536):
                seen += len(data)
                if answers and 0 < self.limit < seen:
                    break
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def _cutter() -> Iterator[_Cutter]:
    url = urlsplit(get_settings().CLICKHOUSE_URL)
    cutter = _Cutter((url.hostname or "", url.port or 0))
    try:
        yield cutter
    finally:
        cutter.server.close()


def test_a_break_in_the_middle_is_seen(anonymous: TestClient, scope: ProjectScope) -> None:
    trace_id = factories.trace(scope, "broken")
    start, text = factories.at(0), "x" * 20_000
    columns = {
        "project_id": scope.project_id,
        "trace_id": trace_id,
        "start_time": start,
        "created_at": start,
        "updated_at": start,
        "event_ts": start,
    }
    insert_rows([ObservationRow(**columns, id=f"o{number}", input=text) for number in range(1_000)])
    ingest.save_locators({(scope.project_id, trace_id): (start, start, start)})
    headers = factories.basic_auth(scope)
    with (
        _cutter() as cutter,
        web_process(role="api", CLICKHOUSE_URL=f"http://127.0.0.1:{cutter.port}") as url,
        httpx.Client(base_url=url, headers=headers, timeout=60) as client,
    ):
        whole = client.get(f"/api/public/traces/{trace_id}")
        assert len(orjson.loads(whole.content)["observations"]) == 1_000
        cutter.limit = 8_000_000
        with client.stream("GET", f"/api/public/traces/{trace_id}") as answer:
            assert answer.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
                answer.read()
            assert 1_000_000 < answer.num_bytes_downloaded < len(whole.content)
        cutter.limit = 0
        assert client.get(f"/api/public/traces/{trace_id}").content == whole.content
