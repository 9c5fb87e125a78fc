"""This server's own spans, for operators who set OTEL_EXPORTER_OTLP_ENDPOINT; nothing of it is imported otherwise."""

from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from langfuse_app import __version__
from langfuse_app.core import trace_context
from langfuse_app.core.errors import SettingsError

# Accepting spans makes no spans: a server that exports to itself would never come to rest.
_QUIET = ("/api/public/ingestion", "/api/public/otel/", "/v1/traces", "/api/public/health", "/api/public/ready")


class Telemetry:
    """One server span for each request, under the ids that RequestId gave it."""

    def __init__(self, app: ASGIApp, tracer: Any) -> None:
        self.app, self._tracer = app, tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request inside of its span."""
        if scope["type"] != "http" or scope["path"].startswith(_QUIET):
            await self.app(scope, receive, send)
            return
        from opentelemetry.trace import SpanKind, StatusCode

        with self._tracer.start_as_current_span(scope["method"], context=_parent(), kind=SpanKind.SERVER) as span:

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            await self.app(scope, receive, answer)
            route = getattr(scope.get("route"), "path", scope["path"])
            span.update_name(f"{scope['method']} {route}")
            span.set_attributes({"http.request.method": scope["method"], "http.route": route, "url.path": scope["path"]})


def tracer() -> Any:
    """What makes spans and sends them; SettingsError when its libraries are not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    except ImportError as error:
        raise SettingsError("OTEL_EXPORTER_OTLP_ENDPOINT needs the extra: pip install 'langfuse-app[telemetry]'") from error

    class Ids(RandomIdGenerator):
        """The ids of the request, so that logs, answer and span name the same ones."""

        def generate_trace_id(self) -> int:
            known = trace_context.current.get()
            return int(known.trace_id, 16) if known else super().generate_trace_id()

        def generate_span_id(self) -> int:
            known = trace_context.current.get()
            return int(known.span_id, 16) if known else super().generate_span_id()

    resource = Resource.create({"service.name": "langfuse-app", "service.version": __version__})
    provider = TracerProvider(resource=resource, id_generator=Ids())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))  # it reads the OTEL_EXPORTER_OTLP_* variables itself
    return provider.get_tracer("langfuse_app.api", __version__)


def _parent() -> Any:
    """The caller's span, or nothing."""
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    known = trace_context.current.get()
    if known is None or not known.parent_id:
        return Context()
    remote = SpanContext(int(known.trace_id, 16), int(known.parent_id, 16), True, TraceFlags(int(known.flags, 16)))
    return set_span_in_context(NonRecordingSpan(remote), Context())
