"""The set-up screen: what a project without traces shows, until the first one arrives."""

from typing import Any

import reflex as rx

from langfuse_app.features.accounts.state import AppState, handler
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.ui.code import highlight
from langfuse_app.ui.elements import copy_button
from langfuse_app.ui.text import t

_ENVIRONMENT = """LANGFUSE_BASE_URL="{url}"
LANGFUSE_PUBLIC_KEY="{key}"
LANGFUSE_SECRET_KEY="sk-lf-…"
"""
_SNIPPETS = {
    "Python": """from langfuse import get_client, observe

@observe(as_type="agent")
def answer(question: str) -> str:
    # nested calls become nested observations
    return "Create a second key, deploy it, then revoke the first."

answer("How do I rotate an API key?")
get_client().flush()
""",
    "TypeScript": """import { NodeSDK } from "@opentelemetry/sdk-node";
import { LangfuseSpanProcessor } from "@langfuse/otel";
import { startActiveObservation } from "@langfuse/tracing";

const sdk = new NodeSDK({ spanProcessors: [new LangfuseSpanProcessor()] });
sdk.start();
await startActiveObservation("answer", async (span) =>
  span.update({ input: "Hello", output: "World" }));
await sdk.shutdown();
""",
    "OpenTelemetry": """OTEL_EXPORTER_OTLP_ENDPOINT="{url}/api/public/otel"
OTEL_EXPORTER_OTLP_HEADERS="Authorization=Basic <base64 of public:secret>"
""",
    "curl": """curl -u "$LANGFUSE_PUBLIC_KEY:$LANGFUSE_SECRET_KEY" {url}/api/public/ingestion \\
  -H "Content-Type: application/json" \\
  -d '{"batch": [{"id": "event-1", "type": "trace-create", "timestamp": "2026-01-01T00:00:00Z",
       "body": {"id": "trace-1", "name": "hello"}}]}'
""",
}


class SetupState(AppState):
    """What the set-up screen says: where to send, with which key, in which language."""

    language: str = "Python"
    key: str = ""
    environment: str = ""
    snippet: str = ""
    environment_html: str = ""
    snippet_html: str = ""

    @handler
    async def load(self) -> None:
        """The page was opened."""
        keys = await self._ask(api_keys.list_keys)
        self.key = keys[0].public_key if keys else ""
        self._write()

    @handler
    async def pick(self, language: str) -> None:
        """Show another snippet."""
        self.language = language if language in _SNIPPETS else "Python"
        self._write()

    def _write(self) -> None:
        """The address is the one that the reader's browser reached us by: so will an SDK on the same machine."""
        origin = str(self.router.url.origin)
        self.environment = _ENVIRONMENT.replace("{url}", origin).replace("{key}", self.key or "pk-lf-…")
        self.snippet = _SNIPPETS[self.language].replace("{url}", origin)
        self.environment_html, self.snippet_html = highlight(self.environment), highlight(self.snippet)


S: Any = SetupState


def _step(number: str, title: str, *content: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(number, class_name="lf-avatar", style={"width": "22px", "height": "22px", "font_size": "11px"}),
        rx.el.div(rx.el.h2(title, class_name="lf-h2 mb-2", style={"line_height": "22px"}), *content, class_name="min-w-0"),
        class_name="grid", style={"grid_template_columns": "22px minmax(0,1fr)", "gap": "12px", "padding_bottom": "20px"},
    )  # fmt: skip


def _code(text: Any, html: Any) -> rx.Component:
    copy = rx.el.span(copy_button(text), class_name="absolute lf-codecopy")
    return rx.el.div(rx.el.pre(rx.html(html), class_name="lf-code"), copy, class_name="relative")


def _language(name: str) -> rx.Component:
    return rx.el.button(
        name, type="button", on_click=S.pick(name), custom_attrs={"aria-pressed": rx.cond(S.language == name, "true", "false")}
    )


def _key() -> rx.Component:
    make = rx.el.a(t("setup.key.make"), href=AppState.base + "/settings", class_name="lf-link")
    known = rx.el.span(S.key, class_name="lf-badge lf-mono", style={"height": "24px"}, custom_attrs={"data-line": ""})
    return rx.el.div(rx.cond(S.key, known), make, class_name="flex flex-wrap items-center gap-2", style={"font_size": "12px"})


def setup() -> rx.Component:
    """Three steps and a live listener."""
    listener = rx.el.div(
        rx.el.span(class_name="lf-live lf-pulse", style={"margin": "0 4px"}),
        rx.el.div(rx.el.b(t("setup.waiting"), class_name="lf-strong"), rx.el.div(t("setup.listening"), class_name="lf-3", style={"font_size": "12px"})),
        class_name="lf-card", style={"flex_direction": "row", "align_items": "center", "gap": "12px", "padding": "12px 14px", "margin_bottom": "24px"},
    )  # fmt: skip
    return rx.el.div(
        rx.el.div(
            rx.el.h1(t("setup.title"), class_name="lf-h1"),
            rx.el.p(t("setup.lead"), class_name="lf-3", style={"margin": "4px 0 24px"}),
            rx.el.ol(
                _step("1", t("setup.key"), _key()),
                _step("2", t("setup.environment"), _code(S.environment, S.environment_html), rx.el.p(t("setup.secret"), class_name="lf-help mt-2")),
                _step("3", t("setup.instrument"), rx.el.div(rx.el.div(*[_language(name) for name in _SNIPPETS], class_name="lf-seg"), class_name="flex mb-2"), _code(S.snippet, S.snippet_html)),
            ),
            listener,
            class_name="mx-auto p-4", style={"max_width": "720px", "padding_top": "36px"},
        ),
        class_name="lf-scroll flex-1 min-h-0", id="setup",
    )  # fmt: skip
