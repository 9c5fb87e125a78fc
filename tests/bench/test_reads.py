"""Questions of the bench: what is known of the answers, how each server is asked, and that this product answers rightly."""

import asyncio
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bench import queries
from bench.client import Connection
from bench.peer_targets import PEERS, NotInstalledError, Phoenix
from bench.reads import beside, prompts
from bench.reads.asking import Call, WrongAnswerError, shares, timed
from bench.reads.known import Known, Read
from bench.reads.readers import READERS, OurReader
from bench.targets import Product
from bench.wire import text
from bench.workload import Corpus, groups

SPANS = 300


@pytest.fixture(scope="module")
def known() -> Known:
    return Known(SPANS)


def test_known_is_what_a_corpus_holds(known: Known, tmp_path: Path) -> None:
    assert known.spans == Corpus("otlp", SPANS, folder=tmp_path).spans


def test_known_counts_are_right(known: Known) -> None:
    traces = [trace for group in groups(7, SPANS) for trace in group]
    inputs = [text(span.input) for trace in traces for span in trace.spans]
    for value in known.values[Read.RARE]:
        assert sum(value.asked in given for given in inputs) == value.spans == 1
    for read in (Read.COMMON, Read.CHINESE):
        assert all(min(50, sum(value.asked in given for given in inputs)) == value.spans > 0 for value in known.values[read])
    for value in known.values[Read.USER]:
        assert sum(trace.user == value.asked for trace in traces) == value.traces
    assert known.values[Read.TRACE][0].spans == max(len(trace.spans) for trace in traces)


def test_windows_hold_all_and_move(known: Known) -> None:
    begin, end = known.window(7, 3)
    assert (end - begin).total_seconds() == 7 * 86_400 + 180
    assert known.window(7, 4) != known.window(7, 3)


@pytest.mark.parametrize("name", READERS)
def test_every_question_is_a_request(name: str, known: Known) -> None:
    questions = READERS[name](known).questions()
    missing = set(Read) - set(questions)
    assert missing == (set() if name == Product.name else {Read.COMPOSED})
    for read, asked in questions.items():
        calls = [asked.call(value.asked, turn) for turn, value in enumerate(known.values[read])]
        assert all(call.path.startswith("/") for call in calls)
        if read not in (Read.NEWEST, Read.TRACE) and len(calls) > 1:
            assert len({f"{call.path}{call.body}" for call in calls}) == len(calls)  # never the same twice


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"data": [1, 2]}' if self.path == "/two" else b'{"error": "no"}'
        self.send_response(200 if self.path != "/500" else 500)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Server)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def _timed(url: str, path: str) -> tuple[float, int]:
    connection = Connection(url)
    try:
        return await timed(connection, Call(path))
    finally:
        connection.close()


def test_an_answer_is_timed_and_counted(url: str) -> None:
    took, rows = asyncio.run(_timed(url, "/two"))
    assert (took > 0, rows) == (True, 2)


@pytest.mark.parametrize("path", ["/500", "/other"])
def test_what_is_no_answer_is_told(url: str, path: str) -> None:
    with pytest.raises(WrongAnswerError, match=path):
        asyncio.run(_timed(url, path))


def test_percentiles() -> None:
    assert shares([float(number) for number in range(1, 101)], 0.5, 0.99) == {"p50_ms": 50.5, "p99_ms": 99.0}


def test_the_table_says_what_is_missing() -> None:
    def row(p50: float) -> dict[str, object]:
        return {"first_ms": 1.0, "p50_ms": p50, "p95_ms": 2 * p50, "times": 3}

    ours, theirs = {read: row(10.0) for read in Read}, {read: row(45.0) for read in Read}
    theirs |= {Read.COMPOSED: {"failed": beside.NONE}, Read.RARE: {"failed": "> 60 s"}, Read.TAG: {**row(5.0), "wrong": "0 rows for us"}}
    servers, absent = {"langfuse_app": ours, "phoenix": theirs}, {"mlflow": "not installed: no index"}
    shown = beside.render({"spans": 3_000, "servers": servers, "absent": absent}, {Read.NEWEST: row(22.0)}, 1_000_000)
    [newest] = [line for line in shown.splitlines() if line.startswith(Read.NEWEST)]
    assert " ".join(newest.split()) == f"{Read.NEWEST} 22.0 / 44.0 10.0 / 20.0 45.0 / 90.0 ×4.5"
    assert "no such query" in shown
    assert "> 60 s" in shown
    assert "mlflow: not installed: no index" in shown
    assert "phoenix, traces with a tag: 0 rows for us" in shown


def test_a_peer_that_cannot_be_installed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGFUSE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(NotInstalledError):
        Phoenix.install()
    assert not (Phoenix.environment_folder() / "complete").exists()


def test_options_of_queries() -> None:
    asked = queries.parse(["--spans", "20000", "--turns", "5", "--peers", "phoenix,mlflow"])
    assert (asked.spans, asked.turns, asked.peers) == (20_000, 5, list(PEERS.values()))
    assert queries.parse([]).peers == []
    with pytest.raises(SystemExit):
        queries.parse(["--peers", "nobody"])


@pytest.mark.slow
def test_this_product_answers_every_question(known: Known, tmp_path: Path) -> None:
    product, reader = Product(tmp_path), OurReader(known)
    try:
        product.start()
        asyncio.run(beside.load(product, reader))
        found = asyncio.run(beside.ask(product, reader, turns=3))
        read = prompts.measure(product, reads=40)
    finally:
        product.stop()
    assert {name: row for name, row in found.items() if "wrong" in row or "failed" in row} == {}
    assert [(row["clients"], row["state"]) for row in read["rows"]] == [
        (1, "warm"), (1, "just changed"), (8, "warm"), (8, "just changed"),
    ]  # fmt: skip
