"""The server's own spans reach a collector, in the trace of the caller."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from langfuse_app.api.app import create_app
from langfuse_app.core.settings import get_settings

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collector:
    """An OTLP endpoint that keeps what it gets."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.arrived = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["content-length"])))
                collector.spans += [span for group in request.resource_spans for scope in group.scope_spans for span in scope.spans]
                self.send_response(200)
                self.end_headers()
                collector.arrived.set()

            def log_message(self, format: str, *args: object) -> None:
                del format, args

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def collector(engines: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    made = Collector()
    monkeypatch.setattr(get_settings(), "OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_span_for_each_request(collector: Collector) -> None:
    with TestClient(create_app()) as client:
        client.get("/api/public/health")  # says nothing about itself
        answer = client.get("/api/public/models/some-id", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    assert collector.arrived.wait(10)
    (span,) = collector.spans
    attributes = {one.key: one.value.int_value or one.value.string_value for one in span.attributes}
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert answer.headers["traceparent"] == f"00-{TRACE}-{span.span_id.hex()}-01"
    assert span.name == "GET /api/public/models/{id}"
    assert attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 401,
        "http.route": "/api/public/models/{id}",
        "url.path": "/api/public/models/some-id",
    }
